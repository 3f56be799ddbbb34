/**
 * Owns what the page knows of one platform: a snapshot, and everything that happened since, from the feed.
 * The views read it and are told when it changed. Only the feed changes it, so all tabs see the same. Each platform's
 * store says what its entries mean; messages have a `ts` (their key) and an `at` (ms since the epoch, in their order).
 */

import { Refused } from "./control.js";

const DRAW_MS = 16;
const RETRY_MS = 1000;

/** What a `take` answers when it needs a new snapshot. */
export const UNKNOWN = Symbol("something the snapshot did not have");

export class Store extends EventTarget {
  /** What each kind of entry changes: functions of the store and the entry's data. */
  static TAKES = {};

  /** @param {import("./control.js").Control} control @param {string | null} person handle of who "you" are */
  constructor(control, person) {
    super();
    this.control = control;
    this.person = person;
    this.me = null;
    this.position = 0;
    this.channels = new Map();
    this.users = new Map();
    this.sockets = new Set();
    this.waiting = null;
    this.loads = 0;
  }

  /** Take a new snapshot; what happens until it is there is not lost. */
  async reload() {
    const load = ++this.loads;
    this.waiting ??= [];
    const state = await this.snapshot();
    if (load !== this.loads) return;
    const missed = this.waiting;
    this.waiting = null;
    this.load(state);
    missed.forEach((entry) => this.hear(entry));
  }

  async snapshot() {
    try {
      return await this.control.get("state");
    } catch (error) {
      if (!(error instanceof Refused) || this.team || !this.control.team) throw error;
      this.control.team = null; // kept from a workspace that is not there any more
      return this.control.get("state");
    }
  }

  load(state) {
    Object.assign(this, { team: state.team, teams: state.teams, app: state.app, options: state.options });
    this.position = state.truth_id;
    this.sockets = new Set(state.app.connections.filter((one) => !one.black_holed).map((one) => one.id));
    this.users = new Map(state.users.map((user) => [user.id, user]));
    this.actAs(this.person);
    this.changed();
  }

  /** Take over one entry of the feed, if it is news. */
  hear(entry) {
    if (entry.platform && entry.platform !== this.control.platform) return;
    if (this.waiting) {
      this.waiting.push(entry);
      return;
    }
    if (entry.id <= this.position) return;
    this.position = entry.id;
    if (entry.team && entry.team !== this.team.id) return;
    const does = this.constructor.TAKES[entry.kind];
    if (!does) return;
    if (does(this, entry.data) === UNKNOWN) this.catchUp();
    else this.changed();
  }

  async catchUp() {
    try {
      await this.reload();
    } catch {
      setTimeout(() => this.catchUp(), RETRY_MS);
    }
  }

  /** Show another workspace. */
  async changeTeam(team) {
    this.control.team = team;
    await this.catchUp();
  }

  /** Be the person with that handle; the first one where there is none. */
  actAs(person) {
    this.person = person;
    const people = this.people();
    this.me = (people.find((user) => this.handle(user) === person) ?? people[0])?.id ?? null;
    this.changed();
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

  /** The direct messages between *me* and the app, if there are any yet. */
  im() {
    return [...this.channels.values()].find((channel) => this.isIm(channel) && this.sees(channel)) ?? null;
  }

  fileUrl(id) {
    return this.control.fileUrl(id);
  }

  /** The modal that *me* has in front, or null. */
  modal() {
    return this.modals?.get(this.me)?.at(-1) ?? null;
  }

  /** *messages* with those that *me* alone sees, in order. */
  withEphemerals(messages, belongs) {
    const mine = [...this.ephemerals.values()].filter((shown) => shown.to === this.me && belongs(shown));
    return mine.length ? [...messages, ...mine].sort((a, b) => a.at - b.at) : messages;
  }
}

/** What all platforms' entries about connections and people change. */
export const COMMON_TAKES = {
  "socket.opened": (store, { connection }) => void store.sockets.add(connection),
  "socket.closed": (store, { connection }) => void store.sockets.delete(connection),
  "socket.black_holed": (store, { connection }) => void store.sockets.delete(connection),
};

/** *reactions* (`[{name, users}]`) when *change* was made to who reacted with *name*. */
export function reacted(reactions, name, change) {
  const known = reactions.find((reaction) => reaction.name === name) ?? { name, users: [] };
  const changed = { name, users: change(known.users) };
  const all = reactions.includes(known)
    ? reactions.map((each) => (each === known ? changed : each))
    : [...reactions, changed];
  return all.filter((each) => each.users.length);
}

/** The changes that adding a reaction and taking it back make to the users who reacted. */
export const joining = (user) => (users) => [...new Set([...users, user])];
export const leaving = (user) => (users) => users.filter((each) => each !== user);
