/** Owns what the page knows of a Discord guild and of the direct messages. Called by Discord's views. */

import { COMMON_TAKES, joining, leaving, reacted, Store, UNKNOWN } from "../store.js";

const EPOCH_MS = 1_420_070_400_000n;
const THREAD_STARTER = 21;
/** Types of messages that somebody wrote; the others are Discord's own. */
const WRITTEN = [0, 19, 20, 23];
const THREAD_KINDS = { 11: "public_thread", 12: "private_thread" };
const MANY = 100_000;

/** When the thing with that id was made, in ms since the epoch; of things of one ms in their order. */
export const madeAt = (id) => Number((BigInt(id) >> 22n) + EPOCH_MS) + Number(BigInt(id) & 0xfffn) / 4096;

export class DiscordStore extends Store {
  /** The guild, and who reacted to what: messages on the wire say only how many did. */
  async snapshot() {
    const state = await super.snapshot();
    const told = await this.control.get("truth", { kinds: "reaction.", limit: MANY });
    return { ...state, reactions: told.entries.filter((entry) => entry.id <= state.truth_id) };
  }

  load(state) {
    this.reactions = new Map();
    for (const { kind, data } of state.reactions) noteReaction(this, kind, data);
    this.channels = new Map(state.channels.map((channel) => [channel.id, this.keptChannel(channel)]));
    this.ephemerals = new Map(state.ephemerals.map((shown) => [shown.id, this.ephemeral(shown, shown)]));
    this.modals = new Map(Object.entries(state.modals));
    this.roles = new Map(state.roles.map((role) => [role.id, role]));
    super.load(state);
  }

  keptChannel(channel) {
    const kept = { ...channel, members: new Set(channel.members), messages: new Map() };
    for (const message of channel.messages) kept.messages.set(message.id, this.kept(message));
    return kept;
  }

  /** A message with what all platforms' messages have. */
  kept(message) {
    const reactions = this.reactions.get(message.id) ?? [];
    return { ...message, ts: message.id, at: madeAt(message.id), user: message.author.id, reactions };
  }

  ephemeral(message, { channel, to }) {
    return { ...this.kept(message), channel, to, isEphemeral: true };
  }

  // -- people ---------------------------------------------------------------------------------------------------

  people() {
    return [...this.users.values()].filter((user) => !user.bot);
  }

  handle(user) {
    return user.username;
  }

  nameOf(user) {
    return user.global_name ?? user.username;
  }

  standing() {
    return "";
  }

  userName(id) {
    const user = this.users.get(id);
    if (id === this.app?.bot_user) return this.app.name;
    return user ? this.nameOf(user) : "Somebody";
  }

  // -- places ---------------------------------------------------------------------------------------------------

  isIm(channel) {
    return channel.kind === "dm";
  }

  isThread(channel) {
    return Boolean(channel?.kind.endsWith("thread"));
  }

  sees(channel) {
    return Boolean(channel?.members.has(this.me));
  }

  /** The text channels that *me* can see. */
  places() {
    return [...this.channels.values()]
      .filter((channel) => channel.kind === "text" && this.sees(channel))
      .sort((a, b) => a.position - b.position);
  }

  firstPlace() {
    return this.places()[0];
  }

  /** The threads under a channel that are not archived, the newest last. */
  activeThreads(channel) {
    return [...this.channels.values()].filter(
      (each) => each.parent_id === channel.id && this.sees(each) && !each.thread_metadata.archived,
    );
  }

  /** The thread that was started from a message, or that has that id. */
  thread(id) {
    const found = this.channels.get(id);
    return this.isThread(found) ? found : null;
  }

  channelName(id) {
    return this.channels.get(id)?.name || null;
  }

  title(channel) {
    return channel.kind === "dm" ? this.app.name : channel.name;
  }

  // -- messages -------------------------------------------------------------------------------------------------

  inChannel(channel) {
    return this.withEphemerals([...channel.messages.values()], (shown) => shown.channel === channel.id);
  }

  /** What is shown in a thread: the message it was started from, if there is one, then the rest. */
  inThread(channel, root) {
    const starter = channel.messages.get(root);
    const messages = [...(starter ? [starter] : []), ...this.replies(channel, root)];
    return this.withEphemerals(messages, (shown) => shown.channel === root);
  }

  replies(_, root) {
    const thread = this.thread(root);
    return thread ? [...thread.messages.values()].filter((message) => message.type !== THREAD_STARTER) : [];
  }

  latest(channel) {
    const held = [...this.channels.values()].filter((each) => each === channel || each.parent_id === channel.id);
    return Math.max(0, ...held.map((each) => this.inChannel(each).at(-1)?.at ?? 0));
  }

  isNews(message) {
    return message.user !== this.me && WRITTEN.includes(message.type);
  }

  callsMe(channel, message) {
    return channel.kind === "dm" || message.isEphemeral || this.mentionsMe(message);
  }

  mentionsMe(message) {
    return message.mention_everyone || message.mentions.some((user) => user.id === this.me);
  }

  static TAKES = {
    ...COMMON_TAKES,
    "message.posted": (store, data) => putMessage(store, data),
    "message.changed": (store, data) => putMessage(store, data),
    "message.deleted": (store, { channel, message_id }) =>
      void store.channels.get(channel)?.messages.delete(message_id),
    "ephemeral.posted": (store, data) => putEphemeral(store, data),
    "ephemeral.changed": (store, data) => putEphemeral(store, data),
    "ephemeral.deleted": (store, { message_id }) => void store.ephemerals.delete(message_id),
    "reaction.added": (store, data) => react(store, "reaction.added", data),
    "reaction.removed": (store, data) => react(store, "reaction.removed", data),
    "channel.created": () => UNKNOWN,
    "thread.created": (store, { body }) => addThread(store, body),
    "channel.changed": (store, { channel, body }) => {
      const kept = store.channels.get(channel);
      if (!store.isThread(kept)) return UNKNOWN;
      store.channels.set(channel, { ...kept, ...body });
      return null;
    },
    "channel.deleted": (store, { channel }) => {
      const gone = [...store.channels.values()].filter((each) => each.id === channel || each.parent_id === channel);
      gone.forEach((each) => store.channels.delete(each.id));
    },
    "channel.joined": (store, { channel }) => memberOf(store, channel),
    "channel.left": (store, { channel }) => memberOf(store, channel),
    "modal.opened": (store, { user, shown }) => void store.modals.set(user, [shown]),
    "modal.closed": (store, { user }) => void store.modals.delete(user),
    "commands.changed": () => UNKNOWN,
    "app.installed": () => UNKNOWN,
    "member.joined": () => UNKNOWN,
    "member.changed": () => UNKNOWN,
    "member.left": () => UNKNOWN,
    "role.changed": () => UNKNOWN,
    "guild.joined": () => UNKNOWN,
    "guild.left": () => UNKNOWN,
    "guild.available": () => UNKNOWN,
    "guild.unavailable": () => UNKNOWN,
  };
}

function putMessage(store, { channel, message }) {
  const kept = store.channels.get(channel);
  if (!kept) return UNKNOWN;
  kept.messages.set(message.id, store.kept(message));
  return null;
}

function putEphemeral(store, { channel, user, message }) {
  store.ephemerals.set(message.id, store.ephemeral(message, { channel, to: user }));
  return null;
}

/** A public thread is seen by who sees its channel; who sees a private one a snapshot tells. */
function addThread(store, body) {
  const parent = store.channels.get(body.parent_id);
  const kind = THREAD_KINDS[body.type];
  if (!parent || kind !== "public_thread") return UNKNOWN;
  store.channels.set(body.id, { ...body, kind, members: new Set(parent.members), messages: new Map() });
  return null;
}

function memberOf(store, channel) {
  return store.channels.get(channel)?.kind === "private_thread" ? UNKNOWN : null;
}

function react(store, kind, data) {
  noteReaction(store, kind, data);
  const kept = store.channels.get(data.channel);
  const message = kept?.messages.get(data.message_id);
  if (!message) return UNKNOWN;
  kept.messages.set(message.id, store.kept(message));
  return null;
}

function noteReaction(store, kind, { message_id, name, user }) {
  const change = kind === "reaction.added" ? joining(user) : leaving(user);
  store.reactions.set(message_id, reacted(store.reactions.get(message_id) ?? [], name, change));
}
