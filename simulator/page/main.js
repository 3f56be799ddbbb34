/** Starts the page, and owns what is of no single platform: who "you" are, which platforms are shown, the address. */

import { Control } from "./control.js";
import { DiscordChat } from "./discord/chat.js";
import { DiscordStore } from "./discord/store.js";
import { arrange, h } from "./dom.js";
import { FaultPanel } from "./faults.js";
import { Feed } from "./feed.js";
import { pageAddress, placeIn, readPage } from "./route.js";
import { SlackChat } from "./slack/chat.js";
import { SlackStore } from "./slack/store.js";
import { TopBar } from "./topbar.js";

const TOAST_MS = 5000;
const ME_KEY = "muster-simulator-person";
const teamKey = (platform) => `muster-simulator-team-${platform}`;
/** Below this width one platform is shown at a time. */
const NARROW = matchMedia("(max-width: 900px)");

class Page {
  constructor() {
    this.person = sessionStorage.getItem(ME_KEY) ?? localStorage.getItem(ME_KEY);
    const control = (platform) => new Control(platform, sessionStorage.getItem(teamKey(platform)));
    this.chats = [
      new SlackChat(this, new SlackStore(control("slack"), this.person)),
      new DiscordChat(this, new DiscordStore(control("discord"), this.person)),
    ];
    this.feed = new Feed(
      this.chats.map((chat) => chat.store),
      () => this.drawTop(),
    );
    this.active = this.chats[0];
    this.faults = new FaultPanel(this);
    this.topbar = new TopBar(this);
    this.toasts = h("div", { class: "toasts", role: "status" });
    this.world = h("main", { class: "world" });
    document.body.replaceChildren(this.topbar.node, this.faults.node, this.world, this.toasts);
    this.chats.forEach((chat) => document.body.append(chat.modal.dialog));
    this.read(location.href);
    this.listen();
  }

  listen() {
    document.addEventListener("visibilitychange", () => this.draw());
    document.addEventListener("keydown", (event) => this.key(event));
    window.addEventListener("popstate", () => this.read(location.href));
    NARROW.addEventListener("change", () => this.draw());
    for (const chat of this.chats)
      for (const kind of ["focusin", "pointerdown"]) chat.node.addEventListener(kind, () => this.activate(chat));
  }

  async run() {
    try {
      await this.feed.run();
    } catch (error) {
      document.body.replaceChildren(h("p", { class: "fatal" }, `The simulator cannot be shown: ${error.message}`));
    }
  }

  // -- what is shown --------------------------------------------------------------------------------------------

  /** Show what an address says. */
  read(address) {
    const { view, places } = readPage(address, this.chats) ?? { view: "both", places: {} };
    this.view = view;
    if (view !== "both") this.active = this.chat(view);
    for (const chat of this.chats) chat.place = places[chat.platform] ?? chat.place;
    this.draw();
  }

  /** Show one platform, or both. */
  show(view) {
    this.view = view;
    if (view !== "both") this.active = this.chat(view);
    this.remember();
    this.draw();
    this.active.focus();
  }

  /** What can be seen: in a narrow window never both. */
  shownView() {
    return this.view === "both" && NARROW.matches ? this.active.platform : this.view;
  }

  chat(platform) {
    return this.chats.find((chat) => chat.platform === platform);
  }

  activate(chat) {
    if (this.active === chat) return;
    this.active = chat;
    this.drawTop();
  }

  draw() {
    const view = this.shownView();
    for (const chat of this.chats) chat.isShown = view === "both" || view === chat.platform;
    this.world.dataset.view = view;
    arrange(
      this.world,
      this.chats.filter((chat) => chat.isShown).map((chat) => chat.node),
    );
    this.chats.forEach((chat) => chat.draw());
    this.drawTop();
  }

  drawTop() {
    this.topbar.draw();
    const { store } = this.active;
    if (!store.team) return;
    const waiting = this.chats.filter((chat) => chat.store.team).reduce((sum, chat) => sum + chat.calls(), 0);
    const channel = this.active.channel();
    const title = `${channel ? store.title(channel) : this.active.title} - ${store.team.name} - Muster`;
    document.title = waiting ? `(${waiting}) ${title}` : title;
  }

  // -- addresses ------------------------------------------------------------------------------------------------

  /** Keep in the address what is open now. */
  remember() {
    const shown = this.view === "both" ? this.chats : [this.chat(this.view)];
    history.pushState(null, "", pageAddress(shown));
  }

  rememberTeam(platform, team) {
    sessionStorage.setItem(teamKey(platform), team);
  }

  /** Links to places in these workspaces open here. */
  followLink(from, event) {
    const anchor = event.target.closest?.("a[href]");
    if (!anchor || anchor.hasAttribute("download") || event.ctrlKey || event.metaKey || event.shiftKey || event.button)
      return;
    const found = placeIn(anchor.href, [from, ...this.chats]);
    if (!found?.place.channel) return;
    event.preventDefault();
    if (this.view !== "both") this.view = found.platform;
    this.active = this.chat(found.platform);
    this.active.go(found.place);
    this.draw();
  }

  // -- who "you" are --------------------------------------------------------------------------------------------

  /** The people of all platforms, each once: `{handle, name, label}`. */
  people() {
    const found = new Map();
    for (const { store } of this.chats) {
      for (const user of store.team ? store.people() : []) {
        const handle = store.handle(user);
        if (found.has(handle)) continue;
        const standing = store.standing(user);
        const name = store.nameOf(user);
        found.set(handle, { handle, name, label: standing ? `${name} (${standing})` : name });
      }
    }
    if (!found.has(this.person)) this.person = [...found.keys()][0] ?? this.person;
    return [...found.values()];
  }

  become(person) {
    this.person = person;
    sessionStorage.setItem(ME_KEY, person);
    localStorage.setItem(ME_KEY, person);
    for (const chat of this.chats) {
      chat.editing = null;
      chat.store.actAs(person);
    }
    this.draw();
  }

  // -- keys -----------------------------------------------------------------------------------------------------

  key(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open], :popover-open")) return;
    const chat = this.active;
    if (event.key === "Escape" && this.faults.isOpen) this.faults.toggle();
    else if (event.key === "Escape" && chat.showsChannels) chat.showChannels(false);
    else if (event.key === "Escape" && chat.place.root) chat.openThread(null, null);
    else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown"))
      chat.step(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && isIdle(event.target)) {
      chat.focus();
      return;
    } else return;
    event.preventDefault();
  }

  /** Tell the person something, for a moment. */
  say(words, kind = "") {
    const toast = h("div", { class: `toast ${kind}` }, words);
    this.toasts.append(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  }
}

/** Whether keys typed at *target* would go nowhere. */
function isIdle(target) {
  return !target.closest("input, textarea, select, button, a, summary, [contenteditable], [popover]");
}

new Page().run();
