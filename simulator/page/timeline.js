/**
 * Owns a scrolling list of messages: days, grouping, the mark of what is new, staying at the end while it grows.
 * Called by both panes.
 */

import { arrange, h, icon } from "./dom.js";
import { messageRow, rowSignature } from "./message.js";
import { dayKey, dayName } from "./moment.js";

const GROUP_MS = 300_000;
const SHOWN = 150;
const NEAR_END_PX = 60;

export class Timeline {
  /** @param {import("./chat.js").Chat} chat @param {boolean} inThread */
  constructor(chat, inThread) {
    this.chat = chat;
    this.inThread = inThread;
    this.rows = new Map();
    this.list = h("div", { class: "rows", role: "log", "aria-label": inThread ? "Thread" : "Messages" });
    this.jump = h(
      "button",
      { type: "button", class: "jump", hidden: true, on: { click: () => this.toEnd() } },
      icon("down"),
      "New messages",
    );
    this.scroller = h("div", { class: "scroller", tabIndex: -1 }, this.list);
    this.node = h("div", { class: "timeline" }, this.scroller, this.jump);
    this.atEnd = true;
    this.scroller.addEventListener("scroll", () => this.scrolled());
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.list);
    new ResizeObserver(() => this.atEnd && this.toEnd()).observe(this.scroller);
  }

  /** Begin anew for another place. */
  reset(newAfter) {
    this.rows.clear();
    this.list.replaceChildren();
    this.shown = SHOWN;
    this.newAfter = newAfter;
    this.atEnd = true;
    this.lastTs = null;
  }

  /** Show *messages*; *before* stands above them, *under* (by ts) below one of them. */
  draw(channel, messages, { before = [], under = new Map() } = {}) {
    const hidden = Math.max(0, messages.length - this.shown);
    const children = hidden ? [this.earlier(hidden)] : [...before];
    let above = null;
    let newShown = false;
    for (const message of messages.slice(hidden)) {
      const day = dayKey(message.at);
      if (!this.inThread && (!above || dayKey(above.at) !== day))
        children.push(this.line(`day ${day}`, "day", dayName(message.at)));
      const isNew = !newShown && this.newAfter && message.at > this.newAfter && message.user !== this.chat.store.me;
      if (isNew && above) children.push(this.line("new", "new-line", "New"));
      newShown ||= isNew;
      children.push(this.row(channel, message, above && !(isNew && above) ? above : null));
      above = message;
      if (under.has(message.ts)) {
        children.push(under.get(message.ts));
        above = null;
      }
    }
    const last = messages.at(-1);
    const grown = last && last.ts !== this.lastTs;
    if (grown && last.user === this.chat.store.me && this.lastTs) this.atEnd = true;
    this.lastTs = last?.ts;
    arrange(this.list, children);
    this.forget(messages);
    if (this.atEnd) this.toEnd();
    else if (grown) this.jump.hidden = false;
  }

  row(channel, message, above) {
    const compact = Boolean(above) && this.follows(above, message);
    const look = { compact, inThread: this.inThread };
    const signature = rowSignature(this.chat, channel, message, look);
    const known = this.rows.get(message.ts);
    if (known?.message === message && known.signature === signature) return known.node;
    const node = messageRow(this.chat, channel, message, look);
    if (known?.node.contains(document.activeElement)) refocus(known.node, node);
    this.rows.set(message.ts, { message, signature, node });
    return node;
  }

  /** Whether *message* goes on what the author of *above* said just before. */
  follows(above, message) {
    const { chat } = this;
    const near = message.at - above.at < GROUP_MS && dayKey(above.at) === dayKey(message.at);
    const parted = !this.inThread && chat.store.replies(chat.channel(), above.ts).length > 0;
    return (
      near &&
      !parted &&
      !message.isEphemeral &&
      !above.isEphemeral &&
      chat.goesOn(above, message) &&
      chat.authorOf(above).key === chat.authorOf(message).key
    );
  }

  line(key, kind, label) {
    const known = this.rows.get(key);
    if (known?.signature === label) return known.node;
    const node = h("div", { class: `line ${kind}`, role: "separator", "aria-label": label }, h("span", {}, label));
    this.rows.set(key, { signature: label, node });
    return node;
  }

  earlier(count) {
    const more = () => {
      this.shown += SHOWN;
      this.atEnd = false;
      this.chat.draw();
    };
    return h(
      "button",
      { type: "button", class: "earlier button", on: { click: more } },
      `Show earlier messages (${count})`,
    );
  }

  forget(messages) {
    const present = new Set(messages.map((message) => message.ts));
    for (const [key, row] of this.rows) if (row.message && !present.has(key)) this.rows.delete(key);
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.atEnd = scrollHeight - scrollTop - clientHeight < NEAR_END_PX;
    if (this.atEnd) this.jump.hidden = true;
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.jump.hidden = true;
    this.atEnd = true;
  }

  /** Bring one message into view and mark it for a moment; false when it is not there. */
  reveal(ts) {
    const row = this.rows.get(ts)?.node;
    if (!row) return false;
    this.atEnd = false;
    row.scrollIntoView({ block: "center" });
    row.classList.add("found");
    return true;
  }
}

/** Keep the focus where it was when a row was drawn again. */
function refocus(before, after) {
  const label = document.activeElement.dataset.action;
  queueMicrotask(() =>
    [...after.querySelectorAll("[data-action]")].find((each) => each.dataset.action === label)?.focus(),
  );
}
