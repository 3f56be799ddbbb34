/** Owns what each person has read, kept in the browser: unread marks need it. Called by the views. */

const KEY = "muster-simulator-read";

export class Reading {
  constructor(store) {
    this.store = store;
    this.marks = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  }

  /** Ts up to which *me* has read a place; what was there before this browser first looked counts as read. */
  mark(channel, root = null) {
    return this.marks[this.key(channel, root)] ?? this.marks[this.key(channel, null)] ?? this.start(channel);
  }

  /** Remember that *me* has seen all of a place that is there now. */
  seen(channel, root, messages) {
    const last = messages.at(-1)?.ts;
    const key = this.key(channel, root);
    if (!last || Number(last) <= Number(this.marks[key] ?? 0)) return;
    this.marks[key] = last;
    localStorage.setItem(KEY, JSON.stringify(this.marks));
  }

  /** What others wrote in a channel itself that *me* has not seen: how many, and how many of them call *me*. */
  unread(channel) {
    const mark = Number(this.mark(channel));
    const fresh = this.store.inChannel(channel).filter((message) => Number(message.ts) > mark && this.counts(message));
    const calls = fresh.filter(
      (m) => channel.kind === "im" || m.isEphemeral || m.text?.includes(`<@${this.store.me}>`),
    );
    return { count: fresh.length, calls: calls.length };
  }

  /** How many replies of others in a thread *me* has not seen. */
  unreadReplies(channel, root) {
    const mark = Math.max(Number(this.mark(channel, root)), Number(root));
    return this.store.replies(channel, root).filter((message) => Number(message.ts) > mark && this.counts(message))
      .length;
  }

  counts(message) {
    return message.user !== this.store.me && !["channel_join", "channel_leave"].includes(message.subtype);
  }

  start(channel) {
    const last = this.store.inChannel(channel).at(-1)?.ts ?? "0";
    const lastReply = [...channel.messages.keys()].at(-1) ?? "0";
    const key = this.key(channel, null);
    this.marks[key] = Number(last) > Number(lastReply) ? last : lastReply;
    return this.marks[key];
  }

  key(channel, root) {
    return [this.store.team.id, this.store.me, channel.id, ...(root ? [root] : [])].join(" ");
  }
}
