/**
 * Owns one platform's part of the page: what it shows, what is open in it, what a person does there. Each platform
 * extends it with what only that platform has; the shared views (panes, timeline, message, composer) ask it.
 */

import { h } from "./dom.js";
import { Reading } from "./reading.js";

export const NOWHERE = Object.freeze({ channel: null, root: null, message: null });

export class Chat {
  /** @param {object} page the whole page: `say`, `remember` @param {import("./store.js").Store} store */
  constructor(page, store) {
    this.page = page;
    this.store = store;
    this.reading = new Reading(store);
    this.place = NOWHERE;
    this.editing = null;
    this.isShown = false;
  }

  /** Put the platform's own views together. */
  build({ sidebar, channelPane, threadPane, modal }) {
    Object.assign(this, { sidebar, channelPane, threadPane, modal });
    this.shade = h("div", { class: "shade", on: { click: () => this.showChannels(false) } });
    this.frame = h(
      "div",
      { class: "frame" },
      sidebar.node,
      h("div", { class: "panes" }, channelPane.node, threadPane.node),
      this.shade,
    );
    this.node = h("section", { class: `chat ${this.platform}`, "aria-label": this.title }, this.frame);
    this.node.addEventListener("click", (event) => this.page.followLink(this, event));
    this.store.addEventListener("change", () => this.draw());
  }

  /** Show the store as it is now. */
  draw() {
    const { store } = this;
    if (!store.team) return;
    const channel = this.channel();
    if (!channel) return;
    this.place = { ...this.place, channel: channel.id };
    this.channelPane.draw(channel);
    this.threadPane.draw(channel, this.place.root);
    this.sidebar.draw();
    this.modal.draw();
    this.frame.classList.toggle("with-thread", Boolean(this.place.root));
    this.page.drawTop();
    this.revealOnce();
  }

  /** Whether a person can see this chat at the moment. */
  get isSeen() {
    return document.visibilityState === "visible" && this.isShown;
  }

  /** How many unread messages call *me*, in all channels. */
  calls() {
    return [...this.store.channels.values()]
      .filter((each) => this.store.sees(each))
      .reduce((sum, each) => sum + this.reading.unread(each).calls, 0);
  }

  /** Bring the message that the address named into view, the first time that it can be. */
  revealOnce() {
    const { root, message } = this.place;
    if (!message) return;
    (root && message !== root ? this.threadPane : this.channelPane).timeline.reveal(message);
    this.place = { ...this.place, message: null };
  }

  /** The open channel; the first one when the wanted one cannot be seen. */
  channel() {
    const wanted = this.store.channels.get(this.place.channel);
    if (this.store.sees(wanted)) return wanted;
    this.place = NOWHERE;
    return this.store.firstPlace();
  }

  // -- going about ----------------------------------------------------------------------------------------------

  go(place, remember = true) {
    this.place = { ...NOWHERE, ...place };
    this.editing = null;
    if (remember) this.page.remember();
    this.showChannels(false);
    this.draw();
  }

  openThread(channel, root) {
    this.go({ channel: channel ?? this.place.channel, root });
    this.focus();
  }

  /** Have the caret where one writes. */
  focus() {
    (this.place.root ? this.threadPane : this.channelPane).composer.focus();
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

  async changeTeam(team) {
    this.place = NOWHERE;
    await this.store.changeTeam(team);
    this.page.rememberTeam(this.platform, team);
    this.page.remember();
  }

  showChannels(open) {
    this.frame.classList.toggle("channels-open", open);
  }

  get showsChannels() {
    return this.frame.classList.contains("channels-open");
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

  say(words, kind) {
    this.page.say(words, kind);
  }

  /** Edit the message *ts* in its place, or none. */
  edit(ts) {
    this.editing = ts;
    this.draw();
    if (ts === null) this.focus();
  }

  /** Edit what *me* wrote last, in the thread *root* or in the channel. */
  editLast(root) {
    const channel = this.channel();
    const messages = root ? this.store.inThread(channel, root) : this.store.inChannel(channel);
    const last = messages.findLast((message) => this.mayEdit(message));
    if (last) this.edit(last.ts);
  }

  /** Something was sent: its place shows its end. */
  sent() {
    this.channelPane.timeline.newAfter = null;
    this.threadPane.timeline.newAfter = null;
    this.draw();
  }

  // -- messages -------------------------------------------------------------------------------------------------

  /** How the control API names a message. */
  where(channel, message) {
    return { channel: message.channel_id ?? channel.id, ts: message.ts };
  }

  /** Unread replies under a message; those of the open thread are being read. */
  unreadUnder(channel, message) {
    return this.place.root === message.ts ? 0 : this.reading.unreadReplies(channel, message.ts);
  }
}
