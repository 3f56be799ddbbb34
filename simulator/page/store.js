/**
 * Owns what the page knows of the workspace: a snapshot, and everything that happened since, from the feed.
 * The views read it and are told when it changed. Only the feed changes it, so all tabs see the same.
 */

import { Refused } from "./control.js";

const DRAW_MS = 16;
const RETRY_MS = [300, 700, 1500, 3000];

export class Store extends EventTarget {
  /** @param {import("./control.js").Control} control */
  constructor(control) {
    super();
    this.control = control;
    this.connection = "connecting";
    this.me = null;
    this.channels = new Map();
    this.users = new Map();
  }

  /** Follow the workspace for as long as the page is open; after each break a new snapshot fills the gap. */
  async run() {
    for (let failures = 0; ;) {
      this.restarting = new AbortController();
      try {
        this.load(await this.control.get("state"));
        failures = 0;
        await this.control.follow(this.position, (entry) => this.take(entry), this.restarting.signal);
      } catch (error) {
        if (error instanceof Refused && !this.team) throw error;
      }
      if (this.restarting.signal.aborted) continue;
      this.connection = "lost";
      this.changed();
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]));
    }
  }

  load(state) {
    Object.assign(this, { team: state.team, teams: state.teams, app: state.app, options: state.options });
    this.position = state.truth_id;
    this.sockets = new Set(state.app.connections.filter((one) => !one.black_holed).map((one) => one.id));
    this.users = new Map(state.users.map((user) => [user.id, user]));
    this.channels = new Map(state.channels.map((channel) => [channel.id, keptChannel(channel)]));
    this.ephemerals = new Map(state.ephemerals.map((shown) => [shown.ts, ephemeral(shown)]));
    this.modals = new Map(Object.entries(state.modals));
    this.me = this.users.has(this.me) ? this.me : (this.people()[0]?.id ?? null);
    this.connection = "live";
    this.changed();
  }

  /** Take over one thing that happened. */
  take(entry) {
    this.position = entry.id;
    if (entry.team && entry.team !== this.team.id) return;
    const does = TAKES[entry.kind];
    if (!does) return;
    if (does(this, entry.data) === UNKNOWN) this.restarting.abort();
    else this.changed();
  }

  /** Have the views drawn again soon, once for all that happens until then. */
  changed() {
    if (this.announced) return;
    this.announced = true;
    setTimeout(() => {
      this.announced = false;
      this.dispatchEvent(new Event("change"));
    }, DRAW_MS);
  }

  // -- asking ---------------------------------------------------------------------------------------------------

  /** The people of the workspace, without the app. */
  people() {
    return [...this.users.values()].filter((user) => !user.is_bot && !user.deleted);
  }

  /** The channels that *me* can see, direct messages left out. */
  places() {
    return [...this.channels.values()].filter(
      (c) => c.kind === "channel" || (c.kind === "group" && c.members.has(this.me)),
    );
  }

  /** The direct messages between *me* and the app, if there are any yet. */
  im() {
    return [...this.channels.values()].find((channel) => channel.kind === "im" && channel.name === this.me) ?? null;
  }

  /** Whether *me* may see a channel. */
  sees(channel) {
    return channel && (channel.kind === "channel" || channel.members.has(this.me));
  }

  userName(id) {
    if (id === this.app?.bot_user) return this.app.name;
    return this.users.get(id)?.real_name ?? id ?? "Somebody";
  }

  channelName(id) {
    const channel = this.channels.get(id);
    return channel && channel.kind !== "im" ? channel.name : null;
  }

  /** A channel's name as *me* sees it. */
  title(channel) {
    return channel.kind === "im" ? this.app.name : channel.name;
  }

  fileUrl(id) {
    return this.control.fileUrl(id);
  }

  /** What is shown in a channel itself, oldest first. */
  inChannel(channel) {
    const messages = [...channel.messages.values()].filter(
      (m) => !m.thread_ts || m.thread_ts === m.ts || m.subtype === "thread_broadcast",
    );
    return this.withEphemerals(messages, channel, (shown) => !shown.thread_ts);
  }

  /** What is shown in a thread, its root first. */
  inThread(channel, root) {
    const messages = [channel.messages.get(root), ...this.replies(channel, root)].filter(Boolean);
    return this.withEphemerals(messages, channel, (shown) => shown.thread_ts === root);
  }

  /** The replies under a root, oldest first. */
  replies(channel, root) {
    return (channel.replies.get(root) ?? []).map((ts) => channel.messages.get(ts)).filter(Boolean);
  }

  withEphemerals(messages, channel, belongs) {
    const mine = [...this.ephemerals.values()].filter(
      (shown) => shown.channel === channel.id && shown.to === this.me && belongs(shown),
    );
    return mine.length ? [...messages, ...mine].sort((a, b) => Number(a.ts) - Number(b.ts)) : messages;
  }

  /** The modal that *me* has in front, or null. */
  modal() {
    return this.modals?.get(this.me)?.at(-1) ?? null;
  }
}

const UNKNOWN = Symbol("something the snapshot did not have: a new one is needed");

/** What each kind of entry changes. */
const TAKES = {
  "message.posted": (store, data) => putMessage(store, data),
  "message.changed": (store, data) => putMessage(store, data),
  "message.deleted": (store, { channel, ts, thread_ts }) => {
    const kept = store.channels.get(channel);
    if (!kept) return UNKNOWN;
    kept.messages.delete(ts);
    if (thread_ts)
      kept.replies.set(
        thread_ts,
        (kept.replies.get(thread_ts) ?? []).filter((each) => each !== ts),
      );
    return null;
  },
  "ephemeral.posted": (store, { message }) => void store.ephemerals.set(message.ts, ephemeral(message)),
  "ephemeral.changed": (store, { message }) => void store.ephemerals.set(message.ts, ephemeral(message)),
  "ephemeral.deleted": (store, { ts }) => void store.ephemerals.delete(ts),
  "reaction.added": (store, data) => react(store, data, (users) => [...new Set([...users, data.user])]),
  "reaction.removed": (store, data) => react(store, data, (users) => users.filter((user) => user !== data.user)),
  "channel.created": () => UNKNOWN,
  "channel.archived": (store, { channel }) => void (store.channels.get(channel).is_archived = true),
  "channel.joined": (store, { channel, user }) => {
    if (!store.users.has(user) || !store.channels.has(channel)) return UNKNOWN;
    store.channels.get(channel).members.add(user);
    return null;
  },
  "channel.left": (store, { channel, user }) => void store.channels.get(channel)?.members.delete(user),
  "user.added": () => UNKNOWN,
  "view.opened": (store, { user, view }) => void store.modals.set(user, [view]),
  "view.pushed": (store, { user, view }) => void store.modals.set(user, [...(store.modals.get(user) ?? []), view]),
  "view.updated": (store, { user, view }) =>
    void store.modals.set(
      user,
      (store.modals.get(user) ?? []).map((each) => (each.id === view.id ? view : each)),
    ),
  "view.closed": (store, { user, view, whole_stack }) =>
    void store.modals.set(
      user,
      whole_stack ? [] : (store.modals.get(user) ?? []).filter((each) => each.id !== view.id),
    ),
  "socket.opened": (store, { connection }) => void store.sockets.add(connection),
  "socket.closed": (store, { connection }) => void store.sockets.delete(connection),
  "socket.black_holed": (store, { connection }) => void store.sockets.delete(connection),
};

function keptChannel(channel) {
  const kept = { ...channel, members: new Set(channel.members), messages: new Map(), replies: new Map() };
  for (const message of channel.messages) put(kept, message);
  return kept;
}

function putMessage(store, { channel, message }) {
  const kept = store.channels.get(channel);
  if (!kept) return UNKNOWN;
  put(kept, message);
  return null;
}

function put(channel, message) {
  const isNew = !channel.messages.has(message.ts);
  channel.messages.set(message.ts, message);
  if (!isNew || !message.thread_ts || message.thread_ts === message.ts) return;
  if (!channel.replies.has(message.thread_ts)) channel.replies.set(message.thread_ts, []);
  channel.replies.get(message.thread_ts).push(message.ts);
}

function react(store, { channel, ts, name }, change) {
  const kept = store.channels.get(channel);
  const message = kept?.messages.get(ts);
  if (!message) return UNKNOWN;
  const reactions = message.reactions ?? [];
  const known = reactions.find((reaction) => reaction.name === name) ?? { name, users: [] };
  const users = change(known.users);
  const changed = { name, users, count: users.length };
  const all = reactions.includes(known)
    ? reactions.map((each) => (each === known ? changed : each))
    : [...reactions, changed];
  kept.messages.set(ts, { ...message, reactions: all.filter((each) => each.count) });
  return null;
}

const ephemeral = (shown) => ({ ...shown, isEphemeral: true });
