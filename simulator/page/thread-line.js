/** Owns the line under a message that leads to its thread. Called by the platforms' chats. */

import { h } from "./dom.js";
import { dayAndTime } from "./moment.js";

/** "5 replies", with who wrote them; *begin* stands before that, *open* opens the thread. */
export function threadLine(chat, channel, message, { begin = null, end = "View thread", open }) {
  const replies = chat.store.replies(channel, message.ts);
  const authors = new Map(replies.map((reply) => [chat.authorOf(reply).key, chat.authorOf(reply)]));
  const unread = chat.unreadUnder(channel, message);
  return h(
    "button",
    { type: "button", class: unread ? "thread-line unread" : "thread-line", on: { click: open } },
    h(
      "span",
      { class: "thread-authors" },
      [...authors.values()].slice(0, 5).map((author) => author.avatar()),
    ),
    begin,
    h("span", { class: "thread-count" }, replies.length === 1 ? "1 reply" : `${replies.length} replies`),
    unread ? h("span", { class: "thread-new" }, `${unread} new`) : null,
    replies.length ? h("span", { class: "thread-last" }, `Last reply ${dayAndTime(replies.at(-1).at)}`) : null,
    h("span", { class: "thread-view" }, end),
  );
}
