/** Owns one message as a row: author, content, files, reactions, the line that leads to its thread. Called by `timeline`. */

import { attachmentNodes, blockNodes } from "./blocks.js";
import { h, icon } from "./dom.js";
import { fileCards } from "./files.js";
import { inEdit, reactionBar, tools } from "./message-tools.js";
import { dayKey, dayName, fullTimeOf, momentOf, timeOf } from "./moment.js";
import { mrkdwn } from "./mrkdwn.js";
import { authorOf } from "./people.js";

const WAITING_S = {
  operation_timeout: "The app did not answer in time.",
  dispatch_failed: "The app is not connected.",
};

/**
 * A row.
 * @param {object} page the page: `store`, `reading`, `openThread`, `say`, `editing`
 * @param {{compact: boolean, inThread: boolean}} look compact: without author, as the row above has the same
 */
export function messageRow(page, channel, message, { compact, inThread }) {
  const { store } = page;
  const author = authorOf(message, store);
  const isEditing = page.editing === message.ts;
  const kinds = [
    message.isEphemeral && "ephemeral",
    compact && "compact",
    isEditing && "editing",
    callsMe(message, store) && "calls-me",
  ];
  const row = h("article", {
    class: ["message", ...kinds.filter(Boolean)].join(" "),
    "aria-label": `${author.name}, ${timeOf(message.ts)}`,
    tabIndex: -1,
    data: { ts: message.ts },
  });
  row.append(h("div", { class: "gutter" }, compact ? stamp(message) : author.avatar()));
  const body = h("div", { class: "message-body" });
  if (message.isEphemeral) body.append(h("div", { class: "private-note" }, icon("eye"), "Only visible to you"));
  if (!compact)
    body.append(
      h(
        "div",
        { class: "by" },
        h("span", { class: "author" }, author.name),
        author.isApp ? h("span", { class: "app-tag" }, "App") : null,
        stamp(message),
      ),
    );
  body.append(isEditing ? inEdit(page, channel, message) : content(page, channel, message));
  if (message.reactions?.length) body.append(reactionBar(page, channel, message));
  if (!inThread) body.append(...threadLine(page, channel, message));
  row.append(body);
  if (!message.isEphemeral && message.subtype !== "tombstone" && !isEditing)
    row.append(tools(page, channel, message, { inThread }));
  return row;
}

/** All that a row's look depends on besides the message itself, to see whether it must be drawn again. */
export function rowSignature(page, channel, message, look) {
  const replies = look.inThread ? [] : page.store.replies(channel, message.ts);
  const unread = look.inThread ? 0 : unreadUnder(page, channel, message);
  const editing = page.editing === message.ts;
  return [look.compact, look.inThread, page.store.me, replies.length, replies.at(-1)?.ts, unread, editing].join();
}

function stamp(message) {
  return h(
    "time",
    { class: "stamp", title: fullTimeOf(message.ts), datetime: momentOf(message.ts).toISOString() },
    timeOf(message.ts),
  );
}

function callsMe(message, store) {
  return message.user !== store.me && message.text?.includes(`<@${store.me}>`);
}

function content(page, channel, message) {
  const { store } = page;
  if (message.subtype === "tombstone")
    return h("div", { class: "content gone" }, icon("trash"), "This message was deleted.");
  if (["channel_join", "channel_leave"].includes(message.subtype)) {
    return h("div", { class: "content system" }, message.text.replace(/^<@\w+>\s*/, ""));
  }
  const scene = { world: store, id: `m${message.ts}`, use: (...given) => press(page, channel, message, ...given) };
  const typed = Boolean(message.client_msg_id);
  const blocks = typed ? [] : (message.blocks ?? []);
  const parts = blocks.length ? blockNodes(blocks, scene) : [textNode(message.text ?? "", store)];
  if (message.edited && !message.bot_id) parts.push(h("span", { class: "edited" }, "(edited)"));
  if (message.attachments?.length) parts.push(...attachmentNodes(message.attachments, scene));
  if (message.files?.length) parts.push(fileCards(message.files, store));
  return h("div", { class: "content" }, parts);
}

function textNode(text, store) {
  if (!text) return null;
  const jumbo = /^(?:(?:\p{Extended_Pictographic}|:[a-z0-9_+-]+:)[\ufe0f\u200d]?\s*){1,8}$/u.test(text);
  return h("div", { class: jumbo ? "text jumbo" : "text" }, mrkdwn(text, store));
}

/** Use an element of a message; it shows that it is at work until the app has answered. */
async function press(page, channel, message, spec, block, value, node) {
  const { store } = page;
  node.setAttribute("aria-busy", "true");
  node.parentElement.querySelector(".press-error")?.remove();
  try {
    const where = { channel: channel.id, ts: message.ts, action_id: spec.action_id, block_id: block.block_id };
    const given = spec.type === "button" ? {} : { value };
    const outcome = await store.control.post("actions", { user: store.me, ...where, ...given });
    if (outcome.error) throw new Error(WAITING_S[outcome.error] ?? outcome.error);
  } catch (error) {
    node.insertAdjacentElement("afterend", h("span", { class: "press-error", role: "alert" }, error.message));
  } finally {
    node.removeAttribute("aria-busy");
  }
}

/** "5 replies", with who wrote them. */
function threadLine(page, channel, message) {
  const replies = page.store.replies(channel, message.ts);
  if (message.subtype === "thread_broadcast") {
    const open = () => page.openThread(channel.id, message.thread_ts);
    return [h("button", { type: "button", class: "text-button", on: { click: open } }, "Replied to a thread: view it")];
  }
  if (!replies.length) return [];
  const authors = new Map(replies.map((reply) => [authorOf(reply, page.store).key, authorOf(reply, page.store)]));
  const unread = unreadUnder(page, channel, message);
  const line = h(
    "button",
    {
      type: "button",
      class: unread ? "thread-line unread" : "thread-line",
      on: { click: () => page.openThread(channel.id, message.ts) },
    },
    h(
      "span",
      { class: "thread-authors" },
      [...authors.values()].slice(0, 5).map((author) => author.avatar()),
    ),
    h("span", { class: "thread-count" }, replies.length === 1 ? "1 reply" : `${replies.length} replies`),
    unread ? h("span", { class: "thread-new" }, `${unread} new`) : null,
    h("span", { class: "thread-last" }, `Last reply ${lastReply(replies.at(-1).ts)}`),
    h("span", { class: "thread-view" }, "View thread"),
  );
  return [line];
}

/** Unread replies under a message; those of the open thread are being read. */
function unreadUnder(page, channel, message) {
  return page.place.root === message.ts ? 0 : page.reading.unreadReplies(channel, message.ts);
}

function lastReply(ts) {
  const today = dayKey(ts) === new Date().toDateString();
  return today ? `today at ${timeOf(ts)}` : `${dayName(momentOf(ts))} at ${timeOf(ts)}`;
}
