/**
 * Owns the fault panel: what can be made to go wrong on each platform, what is armed, what has struck. Called by `main`.
 * It only orders; the simulator carries out.
 */

import { h, iconButton } from "./dom.js";
import { answered, send } from "./control.js";
import { timeOf } from "./moment.js";

const POLL_MS = 700;
const KEPT_STRIKES = 30;
const SEVERAL = 3;
const RETRY_AFTER_S = 2;
const POSTS = { slack: "chat.postMessage", discord: "POST /channels/{channel.id}/messages" };
const EVENTS = { slack: "*", discord: "MESSAGE_CREATE" };

/** What can be armed: it waits for the next occasion. */
const RULES = [
  ["Duplicate the next event", (platform) => ({ kind: "duplicate_event", target: EVENTS[platform] })],
  [
    `429 for the next ${SEVERAL} posts`,
    (platform) => ({
      kind: "rate_limit",
      target: POSTS[platform],
      times: SEVERAL,
      retry_after_s: RETRY_AFTER_S,
    }),
  ],
  ["Lose the reply of the next post", (platform) => ({ kind: "lose_reply", target: POSTS[platform] })],
];
/** What happens at once: label, path, body. */
const BLOWS = {
  slack: [
    ["Drop the socket", "sockets/disconnect", {}],
    ["Refresh the socket", "sockets/disconnect", { reason: "refresh_requested" }],
    ["Black-hole the socket", "sockets/black_hole", {}],
  ],
  discord: [
    ["Drop the socket, resumable", "sockets/disconnect", { resumable: true }],
    ["Drop the socket, not resumable", "sockets/disconnect", { resumable: false }],
    ["Ask to reconnect", "sockets/disconnect", { reason: "reconnect" }],
    ["Black-hole the socket", "sockets/black_hole", {}],
  ],
};
const WORDS = {
  duplicate_event: "Duplicate event",
  drop_event: "Lost event",
  delay_event: "Late event",
  rate_limit: "429",
  server_error: "Server error",
  deny: "Refusal",
  lose_request: "Lost request",
  lose_reply: "Lost reply",
  delay: "Delay",
};

export class FaultPanel {
  constructor(page) {
    this.page = page;
    this.strikes = [];
    this.sides = page.chats.map((chat) => new Side(this, chat));
    this.restart = h("button", { type: "button", class: "button", hidden: true }, "Restart the worker");
    this.restart.addEventListener("click", () => this.restartWorker());
    const clear = h("button", { type: "button", class: "button", on: { click: () => this.clear() } }, "Clear all");
    this.log = h("ol", { class: "strikes", "aria-label": "What struck", role: "log" });
    this.node = h(
      "section",
      { class: "faults", "aria-label": "Faults", hidden: true },
      this.sides.map((side) => side.node),
      h(
        "div",
        { class: "faults-side" },
        h("h2", {}, "Struck"),
        this.log,
        h("div", { class: "faults-buttons" }, this.restart, clear),
      ),
    );
  }

  get isOpen() {
    return !this.node.hidden;
  }

  toggle() {
    this.node.hidden = this.isOpen;
    this.page.topbar.faults.setAttribute("aria-expanded", String(this.isOpen));
    if (!this.isOpen) return this.page.topbar.faults.focus();
    this.draw();
    this.node.querySelector("button").focus();
    this.ask();
    this.watch();
  }

  /** Learn whether a worker can be restarted here. */
  async ask() {
    const about = await fetch("/control/about")
      .then(answered)
      .catch(() => ({}));
    this.restart.hidden = !about.can_restart_worker;
  }

  /** Look after what is armed for as long as the panel is open or something is. */
  async watch() {
    if (this.watching) return;
    this.watching = true;
    while (this.isOpen || this.armed()) {
      await Promise.all(this.sides.map((side) => side.look()));
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    this.watching = false;
  }

  armed() {
    return this.sides.reduce((sum, side) => sum + side.armed.size, 0);
  }

  draw() {
    this.page.topbar.faults.classList.toggle("armed", this.armed() > 0);
    const row = ({ at, words }) => h("li", {}, h("time", {}, timeOf(at)), " ", words);
    this.log.replaceChildren(...(this.strikes.length ? this.strikes.map(row) : [h("li", {}, "Nothing yet.")]));
  }

  /** Note that something struck. */
  struck(words) {
    this.strikes = [{ at: Date.now(), words }, ...this.strikes].slice(0, KEPT_STRIKES);
    this.draw();
  }

  async clear() {
    await this.attempt(() => Promise.all(this.sides.map((side) => side.clear())));
    this.strikes = [];
    this.draw();
  }

  async restartWorker() {
    this.restart.setAttribute("aria-busy", "true");
    if (await this.attempt(() => send("POST", "/control/restart-worker"))) this.struck("Worker restarted");
    this.restart.removeAttribute("aria-busy");
  }

  attempt(does) {
    return this.page.active.attempt(does);
  }
}

/** One platform's half. */
class Side {
  constructor(panel, chat) {
    this.panel = panel;
    this.chat = chat;
    this.armed = new Map();
    const button = (label, click) => h("button", { type: "button", class: "button", on: { click } }, label);
    const rules = RULES.map(([label, rule]) => button(label, () => this.arm(rule(chat.platform))));
    const blows = BLOWS[chat.platform].map(([label, path, body]) =>
      button(label, () => this.strike(label, path, body)),
    );
    this.list = h("ul", { class: "armed-rules", "aria-label": `Armed on ${chat.title}` });
    this.node = h(
      "div",
      { class: "faults-side" },
      h("h2", {}, chat.title),
      h("div", { class: "faults-buttons" }, rules, blows),
      this.list,
    );
  }

  async arm(rule) {
    const made = await this.panel.attempt(() => this.chat.store.control.order("faults", rule));
    if (!made) return;
    this.armed.set(made.id, made);
    this.draw();
    this.panel.watch();
  }

  async strike(label, path, body) {
    const done = await this.panel.attempt(() => this.chat.store.control.order(path, body));
    if (!done) return;
    const count = done.connections;
    const met = count === 1 ? "1 connection" : `${count || "no"} connections`;
    this.panel.struck(`${this.chat.title}: ${label.toLowerCase()} (${met})`);
  }

  async lift(id) {
    await this.panel.attempt(() => this.chat.store.control.clearFaults(id));
    this.armed.delete(id);
    this.draw();
  }

  async clear() {
    await this.chat.store.control.clearFaults();
    this.armed.clear();
    this.draw();
  }

  /** See what is armed now; what is not any more, or less often, has struck. */
  async look() {
    const before = new Map(this.armed);
    const now = await this.chat.store.control.get("faults").catch(() => null);
    if (!now) return;
    const listed = new Map(now.faults.map((fault) => [fault.id, fault]));
    for (const [id, fault] of before) {
      if (!this.armed.has(id)) continue;
      const times = (fault.times ?? 0) - (listed.get(id)?.times ?? 0);
      if (times > 0) this.panel.struck(`${this.chat.title}: ${words(fault)}${times > 1 ? `, ${times} times` : ""}`);
      if (!listed.has(id)) this.armed.delete(id);
    }
    for (const [id, fault] of listed) if (this.armed.has(id) || !before.has(id)) this.armed.set(id, fault);
    this.draw();
  }

  draw() {
    const key = JSON.stringify([...this.armed.values()]);
    if (key === this.drawn) return;
    this.drawn = key;
    const row = (fault) =>
      h(
        "li",
        {},
        h("span", {}, `${words(fault)}${fault.times === null ? "" : `, ${fault.times} left`}`),
        iconButton("close", `Lift ${words(fault)}`, () => this.lift(fault.id)),
      );
    this.list.replaceChildren(
      ...(this.armed.size ? [...this.armed.values()].map(row) : [h("li", { class: "none" }, "Nothing is armed.")]),
    );
    this.panel.draw();
  }
}

const words = (fault) => `${WORDS[fault.kind] ?? fault.kind}${fault.target === "*" ? "" : ` for ${fault.target}`}`;
