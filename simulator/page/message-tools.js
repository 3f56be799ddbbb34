/** Owns what a person can do with a message: react, reply, copy its link, edit, delete. Called by `message`. */

import { h, icon, iconButton, showDialog, showPopover } from "./dom.js";
import { COMMON, emoji, emojiLike } from "./emoji.js";

const PICKED = 40;

/** The bar that comes up over a message. */
export function tools(chat, channel, message, { inThread }) {
  const link = async () => {
    await navigator.clipboard.writeText(`${location.origin}${chat.permalink(channel, message)}`);
    chat.say("Link copied");
  };
  return h("div", { class: "tools", role: "toolbar", "aria-label": "Message actions" }, [
    iconButton("smile", "Add a reaction", (event) => pickReaction(chat, channel, message, event.currentTarget)),
    chat.ownTools(channel, message, inThread),
    iconButton("link", "Copy link", link),
    chat.mayEdit(message) ? iconButton("pencil", "Edit message", () => chat.edit(message.ts)) : null,
    chat.mayDelete(message) ? iconButton("trash", "Delete message", () => confirmDelete(chat, channel, message)) : null,
  ]);
}

/** The reactions under a message; pressing one joins it or takes it back. */
export function reactionBar(chat, channel, message) {
  const { store } = chat;
  const chips = message.reactions.map(({ name, users }) => {
    const mine = users.includes(store.me);
    const who = users.map((user) => store.userName(user)).join(", ");
    const toggle = () => react(chat, channel, message, name, mine);
    return h(
      "button",
      {
        type: "button",
        class: "reaction",
        "aria-pressed": String(mine),
        "aria-label": `${chat.emojiName(name)} by ${who}`,
        title: who,
        on: { click: toggle },
      },
      h("span", { class: "emoji" }, chat.emojiOf(name)),
      h("span", {}, users.length),
    );
  });
  const more = h(
    "button",
    {
      type: "button",
      class: "reaction add",
      "aria-label": "Add a reaction",
      on: { click: (event) => pickReaction(chat, channel, message, event.currentTarget) },
    },
    icon("smile"),
  );
  return h("div", { class: "reactions" }, chips, more);
}

async function react(chat, channel, message, name, remove) {
  await chat.attempt(() =>
    chat.store.control.post("reactions", { user: chat.store.me, ...chat.where(channel, message), name, remove }),
  );
}

function pickReaction(chat, channel, message, anchor) {
  const grid = h("div", { class: "emoji-grid" });
  const search = h("input", {
    class: "field",
    type: "search",
    placeholder: "Search emoji",
    "aria-label": "Search emoji",
  });
  const panel = h("div", { class: `popover ${chat.platform}` }, search, grid);
  const pick = (code) => {
    panel.remove();
    const name = chat.reactionName(code);
    const users = message.reactions?.find((reaction) => reaction.name === name)?.users ?? [];
    react(chat, channel, message, name, users.includes(chat.store.me));
  };
  const fill = () => {
    const found = search.value ? emojiLike(search.value, PICKED) : COMMON.map((name) => [name, emoji(name)]);
    const offer = ([name, shown]) =>
      h("button", { type: "button", title: `:${name}:`, "aria-label": name, on: { click: () => pick(name) } }, shown);
    grid.replaceChildren(...found.map(offer));
  };
  search.addEventListener("input", fill);
  search.addEventListener("keydown", (event) => event.key === "Enter" && grid.firstChild?.click());
  fill();
  showPopover(panel, anchor);
  search.focus();
}

/** The message's text in a field, to be changed. */
export function inEdit(chat, channel, message) {
  const field = h("textarea", {
    class: "field",
    value: chat.typedText(message),
    rows: 2,
    "aria-label": "Edit message",
  });
  const save = async () => {
    const posted = { user: chat.store.me, ...chat.where(channel, message), text: field.value };
    if (await chat.attempt(() => chat.store.control.post("messages/edit", posted))) chat.edit(null);
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") chat.edit(null);
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) save();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const cancel = h("button", { type: "button", class: "button", on: { click: () => chat.edit(null) } }, "Cancel");
  const keep = h("button", { type: "button", class: "button primary", on: { click: save } }, "Save");
  queueMicrotask(() => field.focus());
  return h("div", { class: "edit-form" }, field, h("div", { class: "edit-actions" }, cancel, keep));
}

function confirmDelete(chat, channel, message) {
  const remove = async () => {
    dialog.close();
    await chat.attempt(() =>
      chat.store.control.post("messages/delete", { user: chat.store.me, ...chat.where(channel, message) }),
    );
  };
  const title = "Delete this message?";
  const no = h("button", { type: "button", class: "button", on: { click: () => dialog.close() } }, "Cancel");
  const yes = h("button", { type: "button", class: "button danger", on: { click: remove } }, "Delete");
  const dialog = showDialog(
    `modal small ${chat.platform}`,
    title,
    h("header", {}, h("h2", {}, title)),
    h("div", { class: "modal-body" }, "It cannot be brought back."),
    h("footer", {}, no, yes),
  );
  no.focus();
}
