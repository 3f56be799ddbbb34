/** Owns what each person has read, kept in the browser: unread marks need it. Called by the views. */

const KEY = "muster-simulator-read-at";

export class Reading {
  constructor(store) {
    this.store = store;
    this.marks = JSON.parse(localStorage.getItem(KEY) ?? "{}");
  }

  /** Moment up to which *me* has read a place; what was there before this browser first looked counts as read. */
  mark(channel, root = null) {
    return this.marks[this.key(channel, root)] ?? this.marks[this.key(channel, null)] ?? this.start(channel);
  }

  /** Remember that *me* has seen all of a place that is there now. */
  seen(channel, root, messages) {
    const last = messages.at(-1)?.at;
    const key = this.key(channel, root);
    if (!last || last <= (this.marks[key] ?? 0)) return;
    this.marks[key] = last;
    const kept = JSON.parse(localStorage.getItem(KEY) ?? "{}");
    localStorage.setItem(KEY, JSON.stringify({ ...kept, [key]: last }));
  }

  /** What others wrote in a channel itself that *me* has not seen: how many, and how many of them call *me*. */
  unread(channel) {
    const { store } = this;
    const mark = this.mark(channel);
    const fresh = store.inChannel(channel).filter((message) => message.at > mark && store.isNews(message));
    return { count: fresh.length, calls: fresh.filter((message) => store.callsMe(channel, message)).length };
  }

  /** How many replies of others in a thread *me* has not seen. */
  unreadReplies(channel, root) {
    const mark = this.mark(channel, root);
    return this.store.replies(channel, root).filter((message) => message.at > mark && this.store.isNews(message))
      .length;
  }

  start(channel) {
    const key = this.key(channel, null);
    this.marks[key] = this.store.latest(channel);
    return this.marks[key];
  }

  key(channel, root) {
    return [this.store.team.id, this.store.me, channel.id, ...(root ? [root] : [])].join(" ");
  }
}
