/** Owns what a person can do with a message: react, reply, copy its link, edit, delete. Called by `message`. */

import { h, icon, iconButton, showDialog } from "./dom.js";
import { COMMON, emoji, emojiLike } from "./emoji.js";
import { unescaped } from "./mrkdwn.js";

const PICKED = 40;

/** The bar that comes up over a message. */
export function tools(page, channel, message, { inThread }) {
  const { store } = page;
  const root = message.thread_ts ?? message.ts;
  const mine = message.user === store.me && Boolean(message.client_msg_id);
  const mayDelete = mine || store.users.get(store.me)?.is_admin;
  const link = async () => {
    await navigator.clipboard.writeText(`${location.origin}${permalink(channel, message)}`);
    page.say("Link copied");
  };
  return h("div", { class: "tools", role: "toolbar", "aria-label": "Message actions" }, [
    iconButton("smile", "Add a reaction", (event) => pickReaction(page, channel, message, event.currentTarget)),
    inThread ? null : iconButton("thread", "Reply in thread", () => page.openThread(channel.id, root)),
    iconButton("link", "Copy link", link),
    mine ? iconButton("pencil", "Edit message", () => page.edit(message.ts)) : null,
    mayDelete ? iconButton("trash", "Delete message", () => confirmDelete(page, channel, message)) : null,
  ]);
}

/** The path of a message's own page. */
export function permalink(channel, message) {
  const path = `/archives/${channel.id}/p${message.ts.replace(".", "")}`;
  return message.thread_ts && message.thread_ts !== message.ts
    ? `${path}?thread_ts=${message.thread_ts}&cid=${channel.id}`
    : path;
}

/** The reactions under a message; pressing one joins it or takes it back. */
export function reactionBar(page, channel, message) {
  const { store } = page;
  const chips = message.reactions.map(({ name, users }) => {
    const mine = users.includes(store.me);
    const who = users.map((user) => store.userName(user)).join(", ");
    const toggle = () => react(page, channel, message, name, mine);
    return h(
      "button",
      {
        type: "button",
        class: "reaction",
        "aria-pressed": String(mine),
        "aria-label": `:${name}: by ${who}`,
        title: who,
        on: { click: toggle },
      },
      h("span", { class: "emoji" }, emoji(name) ?? `:${name}:`),
      h("span", {}, users.length),
    );
  });
  const more = h(
    "button",
    {
      type: "button",
      class: "reaction add",
      "aria-label": "Add a reaction",
      on: { click: (event) => pickReaction(page, channel, message, event.currentTarget) },
    },
    icon("smile"),
  );
  return h("div", { class: "reactions" }, chips, more);
}

async function react(page, channel, message, name, remove) {
  await page.attempt(() =>
    page.store.control.post("reactions", { user: page.store.me, channel: channel.id, ts: message.ts, name, remove }),
  );
}

function pickReaction(page, channel, message, anchor) {
  const grid = h("div", { class: "emoji-grid" });
  const search = h("input", {
    class: "field",
    type: "search",
    placeholder: "Search emoji",
    "aria-label": "Search emoji",
  });
  const panel = h("div", { class: "popover", popover: "auto" }, search, grid);
  const pick = (name) => {
    panel.remove();
    const users = message.reactions?.find((reaction) => reaction.name === name)?.users ?? [];
    react(page, channel, message, name, users.includes(page.store.me));
  };
  const fill = () => {
    const found = search.value ? emojiLike(search.value, PICKED) : COMMON.map((name) => [name, emoji(name)]);
    const offer = ([name, shown]) =>
      h("button", { type: "button", title: `:${name}:`, "aria-label": name, on: { click: () => pick(name) } }, shown);
    grid.replaceChildren(...found.map(offer));
  };
  search.addEventListener("input", fill);
  search.addEventListener("keydown", (event) => event.key === "Enter" && grid.firstChild?.click());
  panel.addEventListener("toggle", (event) => event.newState === "closed" && panel.remove());
  document.body.append(panel);
  fill();
  panel.showPopover();
  const box = anchor.getBoundingClientRect();
  panel.style.left = `${Math.max(8, Math.min(box.right - panel.offsetWidth, innerWidth - panel.offsetWidth - 8))}px`;
  panel.style.top = `${box.bottom + panel.offsetHeight > innerHeight ? Math.max(8, box.top - panel.offsetHeight - 4) : box.bottom + 4}px`;
  search.focus();
}

/** The message's text in a field, to be changed. */
export function inEdit(page, channel, message) {
  const field = h("textarea", {
    class: "field",
    value: plainText(message.text, page.store),
    rows: 2,
    "aria-label": "Edit message",
  });
  const save = async () => {
    const posted = { user: page.store.me, channel: channel.id, ts: message.ts, text: field.value };
    if (await page.attempt(() => page.store.control.post("messages/edit", posted))) page.edit(null);
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") page.edit(null);
    else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) save();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  const cancel = h("button", { type: "button", class: "button", on: { click: () => page.edit(null) } }, "Cancel");
  const keep = h("button", { type: "button", class: "button primary", on: { click: save } }, "Save");
  queueMicrotask(() => field.focus());
  return h("div", { class: "edit-form" }, field, h("div", { class: "edit-actions" }, cancel, keep));
}

/** What the person typed, out of what Slack made of it. */
function plainText(text, store) {
  const shown = text
    .replace(/<@(\w+)(?:\|[^>]*)?>/g, (_, id) => `@${store.users.get(id)?.name ?? id}`)
    .replace(/<#(\w+)(?:\|([^>]*))?>/g, (_, id, name) => `#${name ?? id}`)
    .replace(/<!(\w+)(?:\|[^>]*)?>/g, "@$1")
    .replace(/<([^|>]+)(?:\|[^>]*)?>/g, "$1");
  return unescaped(shown);
}

function confirmDelete(page, channel, message) {
  const remove = async () => {
    dialog.close();
    await page.attempt(() =>
      page.store.control.post("messages/delete", { user: page.store.me, channel: channel.id, ts: message.ts }),
    );
  };
  const title = "Delete this message?";
  const no = h("button", { type: "button", class: "button", on: { click: () => dialog.close() } }, "Cancel");
  const yes = h("button", { type: "button", class: "button danger", on: { click: remove } }, "Delete");
  const dialog = showDialog(
    "modal small",
    title,
    h("header", {}, h("h2", {}, title)),
    h("div", { class: "modal-body" }, "It cannot be brought back."),
    h("footer", {}, no, yes),
  );
  no.focus();
}
