/** Owns the menu of a message: answer it, start a thread, the apps' commands on it. Called by Discord's chat. */

import { h, icon, showDialog, showPopover } from "../dom.js";
import { messageCommands } from "./commands.js";

/** Show the menu of *message* at *anchor*. */
export function showMenu(chat, channel, message, anchor) {
  const commands = messageCommands(chat.store, channel);
  const item = (label, look, does) => {
    const click = () => {
      panel.hidePopover();
      does();
    };
    return h(
      "button",
      { type: "button", role: "menuitem", class: "menu-item", on: { click } },
      h("span", {}, label),
      look,
    );
  };
  const apps = commands.map((command) =>
    item(command.name, h("small", {}, chat.store.app.name), () => run(chat, channel, message, command.name)),
  );
  const mayBranch = channel.kind === "text" && !chat.store.thread(message.ts) && message.channel_id === channel.id;
  const panel = h(
    "div",
    { class: `popover discord message-menu`, role: "menu", "aria-label": "Message menu" },
    item("Reply", icon("reply"), () => chat.answer(message)),
    mayBranch ? item("Create Thread", icon("thread"), () => askForThread(chat, channel, message)) : null,
    apps.length
      ? h(
          "div",
          { role: "group", "aria-label": "Apps", class: "menu-group" },
          h("div", { class: "menu-title" }, icon("apps"), "Apps"),
          apps,
        )
      : null,
  );
  panel.addEventListener("keydown", (event) => step(panel, event));
  showPopover(panel, anchor);
  panel.querySelector("button").focus();
}

function step(panel, event) {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!by) return;
  const items = [...panel.querySelectorAll("button")];
  items[(items.indexOf(document.activeElement) + by + items.length) % items.length].focus();
  event.preventDefault();
}

function run(chat, channel, message, name) {
  const asked = { user: chat.store.me, ...chat.where(channel, message), callback_id: name };
  return chat.attempt(() => chat.store.control.post("shortcuts", asked));
}

function askForThread(chat, channel, message) {
  const { store } = chat;
  const field = h("input", { class: "field", id: "thread-name", maxlength: 100, required: true, autocomplete: "off" });
  const create = async (event) => {
    event.preventDefault();
    dialog.close();
    const asked = { user: store.me, ...chat.where(channel, message), name: field.value.trim() };
    const made = await chat.attempt(() => store.control.post("threads", asked));
    if (made) chat.openThread(channel.id, made.channel);
  };
  const cancel = h("button", { type: "button", class: "button", on: { click: () => dialog.close() } }, "Cancel");
  const form = h(
    "form",
    { on: { submit: create } },
    h("header", {}, h("h2", {}, "Create Thread")),
    h("div", { class: "modal-body" }, h("label", { htmlFor: "thread-name" }, "Thread name"), field),
    h("footer", {}, cancel, h("button", { type: "submit", class: "button primary" }, "Create")),
  );
  const dialog = showDialog("modal small discord", "Create Thread", form);
  field.focus();
}
