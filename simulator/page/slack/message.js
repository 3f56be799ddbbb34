/** Owns what a Slack message holds, who wrote it, and the use of its elements. Called by Slack's chat. */

import { h, icon } from "../dom.js";
import { emoji } from "../emoji.js";
import { fileCards } from "../files.js";
import { appAvatar, emojiAvatar, initials } from "../people.js";
import { press } from "../press.js";
import { isJumbo } from "../text.js";
import { attachmentNodes, blockNodes } from "./blocks.js";
import { mrkdwn, unescaped } from "./mrkdwn.js";

const FAILED = {
  operation_timeout: "The app did not answer in time.",
  dispatch_failed: "The app is not connected.",
};

/** Who wrote a message: `{key, name, isApp, avatar()}`; the key tells authors apart. */
export function authorOf(message, store) {
  const isApp = Boolean(message.bot_id) || message.user === store.app.bot_user;
  if (message.user === "USLACKBOT")
    return { key: "slackbot", name: "Slackbot", isApp: true, avatar: () => emojiAvatar("💜", "Slackbot") };
  if (message.username) {
    const shown = message.icons?.emoji && emoji(message.icons.emoji);
    const avatar = () => (shown ? emojiAvatar(shown, message.username) : initials(message.username));
    return { key: `as ${message.username} ${shown}`, name: message.username, isApp, avatar };
  }
  if (isApp) return { key: store.app.bot_user, name: store.app.name, isApp, avatar: () => appAvatar() };
  const name = store.userName(message.user);
  return { key: message.user, name, isApp: false, avatar: () => initials(name) };
}

/** What a message says. */
export function content(chat, channel, message) {
  const { store } = chat;
  if (message.subtype === "tombstone")
    return h("div", { class: "content gone" }, icon("trash"), "This message was deleted.");
  if (["channel_join", "channel_leave"].includes(message.subtype)) {
    return h("div", { class: "content system" }, message.text.replace(/^<@\w+>\s*/, ""));
  }
  const scene = { world: store, id: `m${message.ts}`, use: (...given) => use(chat, channel, message, ...given) };
  const typed = Boolean(message.client_msg_id);
  const blocks = typed ? [] : (message.blocks ?? []);
  const parts = blocks.length ? blockNodes(blocks, scene) : [textNode(message.text ?? "", store)];
  if (message.edited && !message.bot_id) parts.push(h("span", { class: "edited" }, "(edited)"));
  if (message.attachments?.length) parts.push(...attachmentNodes(message.attachments, scene));
  if (message.files?.length) parts.push(fileCards(message.files, store));
  return h("div", { class: "content" }, parts);
}

function textNode(text, store) {
  return text ? h("div", { class: isJumbo(text) ? "text jumbo" : "text" }, mrkdwn(text, store)) : null;
}

/** Use an element of a message. */
function use(chat, channel, message, spec, block, value, node) {
  const { store } = chat;
  const where = { channel: channel.id, ts: message.ts, action_id: spec.action_id, block_id: block.block_id };
  const given = spec.type === "button" ? {} : { value };
  return press(node, async () => {
    const outcome = await store.control.post("actions", { user: store.me, ...where, ...given });
    if (outcome.error) throw new Error(FAILED[outcome.error] ?? outcome.error);
  });
}

/** What the person typed, out of what Slack made of it. */
export function typedText(message, store) {
  const shown = message.text
    .replace(/<@(\w+)(?:\|[^>]*)?>/g, (_, id) => `@${store.users.get(id)?.name ?? id}`)
    .replace(/<#(\w+)(?:\|([^>]*))?>/g, (_, id, name) => `#${name ?? id}`)
    .replace(/<!subteam\^\w+\|([^>]*)>/g, "$1")
    .replace(/<!(\w+)(?:\|[^>]*)?>/g, "@$1")
    .replace(/<([^|>]+)(?:\|[^>]*)?>/g, "$1");
  return unescaped(shown);
}
