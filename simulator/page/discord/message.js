/** Owns what a Discord message holds, who wrote it, and the use of its components. Called by Discord's chat. */

import { h, icon } from "../dom.js";
import { appAvatar, initials } from "../people.js";
import { press } from "../press.js";
import { componentNodes } from "./components.js";
import { attachmentNodes, embedNode } from "./embeds.js";
import { contentNode } from "./markdown.js";

const LOADING = 1 << 7;
const IS_V2 = 1 << 15;
const THREAD_CREATED = 18;
const REPLY = 19;
const COMMAND = 20;
const MENU_COMMAND = 23;
const EXCERPT_CHARS = 120;

/** Who wrote a message: `{key, name, isApp, avatar()}`; the key tells authors apart. */
export function authorOf(message, store) {
  const isApp = Boolean(message.author.bot);
  const name = store.userName(message.user);
  return { key: message.user, name, isApp, avatar: () => (isApp ? appAvatar() : initials(name)) };
}

/** What a message says. */
export function content(chat, channel, message) {
  const { store } = chat;
  if (message.type === THREAD_CREATED) return threadStarted(chat, channel, message);
  if (message.flags & LOADING) return thinking(store);
  const scene = { world: store, message, use: (...given) => use(chat, channel, message, ...given) };
  const parts = [contentNode(message.content, store)];
  if (message.edited_timestamp && !message.author.bot) parts.push(h("span", { class: "edited" }, "(edited)"));
  const isV2 = Boolean(message.flags & IS_V2);
  if (message.attachments.length && !isV2) parts.push(attachmentNodes(message.attachments, store));
  parts.push(...message.embeds.map((embed) => embedNode(embed, store)));
  if (message.components.length)
    parts.push(h("div", { class: "components" }, componentNodes(message.components, scene)));
  return h("div", { class: "content" }, parts);
}

/** What stands while the app has only said that it will answer. */
function thinking(store) {
  const dots = h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"));
  return h("div", { class: "content thinking", role: "status" }, dots, `${store.app.name} is thinking…`);
}

function threadStarted(chat, channel, message) {
  const id = message.message_reference?.channel_id;
  const open = h(
    "button",
    { type: "button", class: "text-button", on: { click: () => chat.openThread(channel.id, id) } },
    message.content,
  );
  return h("div", { class: "content system" }, "started a thread: ", open);
}

/** What a message answers: another message, a command. */
export function reference(chat, channel, message) {
  const { store } = chat;
  if (message.type === REPLY) return repliedTo(chat, channel, message);
  if (![COMMAND, MENU_COMMAND].includes(message.type) || !message.interaction_metadata) return null;
  const who = store.userName(message.interaction_metadata.user.id);
  return h(
    "div",
    { class: "reference" },
    icon("reply"),
    initials(who),
    h("strong", {}, who),
    message.type === COMMAND ? "used a command" : "used an app on a message",
  );
}

function repliedTo(chat, channel, message) {
  const { store } = chat;
  const before = message.referenced_message;
  if (!before) return h("div", { class: "reference" }, icon("reply"), h("em", {}, "Original message was deleted"));
  const author = authorOf({ ...before, user: before.author.id }, store);
  const [embed] = before.embeds;
  const said = typedText(before, store) || embed?.description || embed?.title || "Click to see attachment";
  const reveal = () => chat.reveal(before.channel_id, before.id);
  return h(
    "button",
    { type: "button", class: "reference", "aria-label": `In reply to ${author.name}`, on: { click: reveal } },
    icon("reply"),
    author.avatar(),
    h("strong", {}, author.name),
    h("span", { class: "excerpt" }, said.slice(0, EXCERPT_CHARS)),
  );
}

/** What is said under a message that one person alone sees. */
export function privateNote(chat, channel, message) {
  if (!message.isEphemeral) return null;
  const dismiss = () =>
    chat.attempt(() =>
      chat.store.control.post("messages/delete", { user: chat.store.me, ...chat.where(channel, message) }),
    );
  return h(
    "div",
    { class: "private-note" },
    icon("eye"),
    "Only you can see this • ",
    h("button", { type: "button", class: "text-button", on: { click: dismiss } }, "Dismiss message"),
  );
}

/** Press a button, or choose *values* in a menu; that the app did not answer Discord itself says, in a message. */
function use(chat, channel, message, component, values, node) {
  const { store } = chat;
  const given = values === null ? {} : { value: values };
  const asked = { ...chat.where(channel, message), action_id: component.custom_id, ...given };
  return press(node, () => store.control.post("actions", { user: store.me, ...asked }));
}

/** What the person typed, out of what Discord keeps. */
export function typedText(message, store) {
  return message.content
    .replace(/<@!?(\d+)>/g, (_, id) => `@${store.users.get(id)?.username ?? id}`)
    .replace(/<#(\d+)>/g, (_, id) => `#${store.channelName(id) ?? id}`);
}
