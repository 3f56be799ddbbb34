/** Starts the page, and owns what it shows: who "you" are, which channel and thread are open. */

import { Control } from "./control.js";
import { h } from "./dom.js";
import { ModalView } from "./modal.js";
import { ChannelPane, ThreadPane } from "./panes.js";
import { Reading } from "./reading.js";
import { addressOf, readAddress } from "./route.js";
import { Sidebar, TopBar } from "./sidebar.js";
import { Store } from "./store.js";

const TOAST_MS = 5000;
const ME_KEY = "muster-simulator-me";
const TEAM_KEY = "muster-simulator-team";

class Page {
  constructor() {
    this.store = new Store(new Control(sessionStorage.getItem(TEAM_KEY)));
    this.store.me = sessionStorage.getItem(ME_KEY) ?? localStorage.getItem(ME_KEY);
    this.reading = new Reading(this.store);
    this.place = readAddress(location.href) ?? { channel: null, root: null, message: null };
    this.editing = null;
    this.sidebar = new Sidebar(this);
    this.topbar = new TopBar(this);
    this.channelPane = new ChannelPane(this);
    this.threadPane = new ThreadPane(this);
    this.modal = new ModalView(this);
    this.toasts = h("div", { class: "toasts", role: "status" });
    this.shade = h("div", { class: "shade", on: { click: () => this.showChannels(false) } });
    this.frame = h(
      "div",
      { class: "frame" },
      this.sidebar.node,
      h("div", { class: "panes" }, this.channelPane.node, this.threadPane.node),
      this.shade,
    );
    document.body.replaceChildren(this.topbar.node, this.frame, this.toasts, this.modal.dialog);
    this.listen();
  }

  listen() {
    this.store.addEventListener("change", () => this.draw());
    document.addEventListener("visibilitychange", () => this.draw());
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", (event) => this.followLink(event));
    window.addEventListener("popstate", () => this.go(readAddress(location.href) ?? this.place, false));
  }

  async run() {
    try {
      await this.store.run();
    } catch (error) {
      if (sessionStorage.getItem(TEAM_KEY)) return this.changeTeam("");
      document.body.replaceChildren(
        h("p", { class: "fatal" }, `The simulated workspace cannot be shown: ${error.message}`),
      );
    }
  }

  /** Show the store as it is now. */
  draw() {
    const { store } = this;
    if (!store.team) return;
    const channel = this.channel();
    this.place.channel = channel.id;
    this.topbar.draw();
    this.channelPane.draw(channel);
    this.threadPane.draw(channel, this.place.root);
    this.sidebar.draw();
    this.modal.draw();
    this.frame.classList.toggle("with-thread", Boolean(this.place.root));
    this.drawTitle(channel);
    this.revealOnce();
  }

  drawTitle(channel) {
    const waiting = [...this.store.channels.values()]
      .filter((each) => this.store.sees(each))
      .reduce((sum, each) => sum + this.reading.unread(each).calls, 0);
    document.title = `${waiting ? `(${waiting}) ` : ""}${this.store.title(channel)} - ${this.store.team.name} - Muster`;
  }

  /** Bring the message that the address named into view, the first time that it can be. */
  revealOnce() {
    if (!this.place.message) return;
    const pane = this.place.root ? this.threadPane : this.channelPane;
    if (this.place.message !== this.place.root) pane.timeline.reveal(this.place.message);
    else this.channelPane.timeline.reveal(this.place.message);
    this.place.message = null;
  }

  /** The open channel; #general when the wanted one cannot be seen. */
  channel() {
    const wanted = this.store.channels.get(this.place.channel);
    if (this.store.sees(wanted)) return wanted;
    this.place = { channel: null, root: null, message: null };
    return [...this.store.channels.values()].find((channel) => channel.is_general) ?? this.store.places()[0];
  }

  // -- going about ----------------------------------------------------------------------------------------------

  go(place, remember = true) {
    this.place = { root: null, message: null, ...place };
    this.editing = null;
    if (remember) history.pushState(null, "", addressOf(this.place));
    this.showChannels(false);
    this.draw();
  }

  openThread(channel, root) {
    this.go({ channel: channel ?? this.place.channel, root });
    (root ? this.threadPane : this.channelPane).composer.focus();
  }

  /** Open a channel as soon as the feed has told of it. */
  expect(channel) {
    if (this.store.channels.has(channel)) return this.go({ channel });
    this.store.addEventListener("change", () => this.expect(channel), { once: true });
  }

  async openDirect() {
    const { store } = this;
    const opened = await this.attempt(() => store.control.post("channels/im", { user: store.me }));
    if (opened) this.expect(opened.channel);
  }

  become(user) {
    this.store.me = user;
    sessionStorage.setItem(ME_KEY, user);
    localStorage.setItem(ME_KEY, user);
    this.editing = null;
    this.draw();
  }

  changeTeam(team) {
    sessionStorage.setItem(TEAM_KEY, team);
    sessionStorage.removeItem(ME_KEY);
    location.assign("/");
  }

  showChannels(open) {
    this.frame.classList.toggle("channels-open", open);
  }

  /** Links to places in this workspace open here. */
  followLink(event) {
    const anchor = event.target.closest?.("a[href]");
    if (!anchor || anchor.hasAttribute("download") || event.ctrlKey || event.metaKey || event.shiftKey || event.button)
      return;
    const place = readAddress(anchor.href);
    if (!place?.channel) return;
    event.preventDefault();
    this.go(place);
  }

  key(event) {
    if (event.defaultPrevented || document.querySelector("dialog[open]")) return;
    if (event.key === "Escape" && this.frame.classList.contains("channels-open")) this.showChannels(false);
    else if (event.key === "Escape" && this.place.root) this.openThread(null, null);
    else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown"))
      this.step(event.key === "ArrowDown" ? 1 : -1);
    else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && isIdle(event.target)) {
      (this.place.root ? this.threadPane : this.channelPane).composer.focus();
      return;
    } else return;
    event.preventDefault();
  }

  /** The next or previous place in the left column. */
  step(by) {
    const places = [...this.sidebar.node.querySelectorAll("[data-place]")];
    const at = places.findIndex((place) => place.getAttribute("aria-current"));
    places[(at + by + places.length) % places.length].click();
  }

  // -- doing ----------------------------------------------------------------------------------------------------

  /** What *does* resolves to; what it was refused for is said, and null comes back. */
  async attempt(does) {
    try {
      return await does();
    } catch (error) {
      this.say(error.message, "error");
      return null;
    }
  }

  /** Tell the person something, for a moment. */
  say(words, kind = "") {
    const toast = h("div", { class: `toast ${kind}` }, words);
    this.toasts.append(toast);
    setTimeout(() => toast.remove(), TOAST_MS);
  }

  /** Edit the message *ts* in its place, or none. */
  edit(ts) {
    this.editing = ts;
    this.draw();
    if (ts === null) (this.place.root ? this.threadPane : this.channelPane).composer.focus();
  }

  /** Edit what *me* wrote last, in the thread *root* or in the channel. */
  editLast(root) {
    const channel = this.channel();
    const messages = root ? this.store.inThread(channel, root) : this.store.inChannel(channel);
    const last = messages.findLast((message) => message.user === this.store.me && message.client_msg_id);
    if (last) this.edit(last.ts);
  }

  /** Something was sent: its place shows its end. */
  sent() {
    this.channelPane.timeline.newAfter = null;
    this.threadPane.timeline.newAfter = null;
    this.draw();
  }
}

/** Whether keys typed at *target* would go nowhere. */
function isIdle(target) {
  return !target.closest("input, textarea, select, button, a, summary, [contenteditable], [popover]");
}

new Page().run();
