/**
 * Owns one message as a row: author, content, reactions, the line that leads to its thread.
 * Called by `timeline`; what is in it and around it the platform's chat knows.
 */

import { h } from "./dom.js";
import { inEdit, reactionBar, tools } from "./message-tools.js";
import { fullTimeOf, timeOf } from "./moment.js";

/**
 * A row.
 * @param {import("./chat.js").Chat} chat
 * @param {{compact: boolean, inThread: boolean}} look compact: without author, as the row above has the same
 */
export function messageRow(chat, channel, message, { compact, inThread }) {
  const author = chat.authorOf(message);
  const isEditing = chat.editing === message.ts;
  const calls = message.user !== chat.store.me && chat.store.mentionsMe(message);
  const kinds = [message.isEphemeral && "ephemeral", compact && "compact", isEditing && "editing", calls && "calls-me"];
  const row = h("article", {
    class: ["message", ...kinds.filter(Boolean)].join(" "),
    "aria-label": `${author.name}, ${timeOf(message.at)}`,
    tabIndex: -1,
    data: { ts: message.ts },
  });
  const by = h(
    "div",
    { class: "by" },
    h("span", { class: "author" }, author.name),
    author.isApp ? h("span", { class: "app-tag" }, chat.appTag) : null,
    stamp(message),
  );
  const body = h(
    "div",
    { class: "message-body" },
    chat.above(channel, message),
    compact ? null : by,
    isEditing ? inEdit(chat, channel, message) : chat.content(channel, message),
    message.reactions?.length ? reactionBar(chat, channel, message) : null,
    inThread ? null : chat.threadLine(channel, message),
    chat.below(channel, message),
  );
  row.append(h("div", { class: "gutter" }, compact ? stamp(message) : author.avatar()), body);
  if (chat.hasTools(message) && !isEditing) row.append(tools(chat, channel, message, { inThread }));
  return row;
}

/** All that a row's look depends on besides the message itself, to see whether it must be drawn again. */
export function rowSignature(chat, channel, message, look) {
  const replies = look.inThread ? [] : chat.store.replies(channel, message.ts);
  const unread = look.inThread ? 0 : chat.unreadUnder(channel, message);
  const editing = chat.editing === message.ts;
  const known = [look.compact, look.inThread, chat.store.me, replies.length, replies.at(-1)?.ts, unread, editing];
  return [...known, chat.surroundings(channel, message)].join();
}

/** The time of a message. */
export function stamp(message) {
  return h(
    "time",
    { class: "stamp", title: fullTimeOf(message.at), datetime: new Date(message.at).toISOString() },
    timeOf(message.at),
  );
}
