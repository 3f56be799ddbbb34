/** Owns what the page knows of a Slack workspace. Called by Slack's views. */

import { COMMON_TAKES, joining, leaving, reacted, Store, UNKNOWN } from "../store.js";

export class SlackStore extends Store {
  load(state) {
    this.channels = new Map(state.channels.map((channel) => [channel.id, keptChannel(channel)]));
    this.ephemerals = new Map(state.ephemerals.map((shown) => [shown.ts, ephemeral(shown)]));
    this.groups = new Map(state.usergroups.map((group) => [group.id, group]));
    this.modals = new Map(Object.entries(state.modals));
    super.load(state);
  }

  /** The people of the workspace, without the app. */
  people() {
    return [...this.users.values()].filter((user) => !user.is_bot && !user.deleted);
  }

  handle(user) {
    return user.name;
  }

  nameOf(user) {
    return user.real_name;
  }

  /** What is said of a person beside the name. */
  standing(user) {
    return user.is_restricted ? "guest" : user.is_admin ? "admin" : "";
  }

  isIm(channel) {
    return channel.kind === "im";
  }

  /** The channels that *me* can see, direct messages left out. */
  places() {
    return [...this.channels.values()].filter(
      (c) => c.kind === "channel" || (c.kind === "group" && c.members.has(this.me)),
    );
  }

  im() {
    return [...this.channels.values()].find((channel) => channel.kind === "im" && channel.name === this.me) ?? null;
  }

  /** The channel that is shown when none was chosen. */
  firstPlace() {
    return [...this.channels.values()].find((channel) => channel.is_general) ?? this.places()[0];
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

  /** What is shown in a channel itself, oldest first. */
  inChannel(channel) {
    const messages = [...channel.messages.values()].filter(
      (m) => !m.thread_ts || m.thread_ts === m.ts || m.subtype === "thread_broadcast",
    );
    return this.withEphemerals(messages, (shown) => shown.channel === channel.id && !shown.thread_ts);
  }

  /** What is shown in a thread, its root first. */
  inThread(channel, root) {
    const messages = [channel.messages.get(root), ...this.replies(channel, root)].filter(Boolean);
    return this.withEphemerals(messages, (shown) => shown.channel === channel.id && shown.thread_ts === root);
  }

  /** The replies under a root, oldest first. */
  replies(channel, root) {
    return (channel.replies.get(root) ?? []).map((ts) => channel.messages.get(ts)).filter(Boolean);
  }

  /** When the last message in a channel or in its threads came; 0 when there is none. */
  latest(channel) {
    return Math.max(this.inChannel(channel).at(-1)?.at ?? 0, [...channel.messages.values()].at(-1)?.at ?? 0);
  }

  /** Whether a message is one that *me* may miss. */
  isNews(message) {
    return message.user !== this.me && !["channel_join", "channel_leave"].includes(message.subtype);
  }

  /** Whether a message is meant for *me*. */
  callsMe(channel, message) {
    return channel.kind === "im" || message.isEphemeral || this.mentionsMe(message);
  }

  mentionsMe(message) {
    return Boolean(message.text?.includes(`<@${this.me}>`));
  }

  static TAKES = {
    ...COMMON_TAKES,
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
    "reaction.added": (store, data) => react(store, data, joining(data.user)),
    "reaction.removed": (store, data) => react(store, data, leaving(data.user)),
    "channel.created": () => UNKNOWN,
    "channel.archived": (store, { channel }) => void (store.channels.get(channel).is_archived = true),
    "channel.joined": (store, { channel, user }) => {
      if (!store.users.has(user) || !store.channels.has(channel)) return UNKNOWN;
      store.channels.get(channel).members.add(user);
      return null;
    },
    "channel.left": (store, { channel, user }) => void store.channels.get(channel)?.members.delete(user),
    "user.added": () => UNKNOWN,
    "usergroup.set": (store, { usergroup }) => void store.groups.set(usergroup.id, usergroup),
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
  };
}

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
  channel.messages.set(message.ts, timed(message));
  if (!isNew || !message.thread_ts || message.thread_ts === message.ts) return;
  if (!channel.replies.has(message.thread_ts)) channel.replies.set(message.thread_ts, []);
  channel.replies.get(message.thread_ts).push(message.ts);
}

function react(store, { channel, ts, name }, change) {
  const kept = store.channels.get(channel);
  const message = kept?.messages.get(ts);
  if (!message) return UNKNOWN;
  kept.messages.set(ts, { ...message, reactions: reacted(message.reactions ?? [], name, change) });
  return null;
}

const timed = (message) => ({ ...message, at: Number(message.ts) * 1000 });
const ephemeral = (shown) => ({ ...timed(shown), isEphemeral: true });
