/**
 * Owns the two places where messages are read and written: a channel, and a thread beside it. Each platform's panes
 * extend them with their headings, what stands above the first message, and who may write.
 */

import { h, iconButton } from "./dom.js";
import { Timeline } from "./timeline.js";

/** The middle column: a channel or direct messages. */
export class ChannelPane {
  constructor(chat, composer) {
    this.chat = chat;
    this.timeline = new Timeline(chat, false);
    this.composer = composer;
    this.heading = h("h1", { class: "pane-title" });
    this.members = h("span", { class: "members" });
    this.offline = h("div", { class: "banner", role: "status", hidden: true });
    this.foot = h("div", { class: "pane-foot" }, composer.node);
    this.menu = iconButton("menu", "Channels", () => chat.showChannels(true), { class: "icon-button menu-button" });
    this.node = h(
      "section",
      { class: "pane channel-pane", "aria-label": "Channel" },
      h("header", { class: "pane-header" }, this.menu, this.heading, this.members),
      this.offline,
      this.timeline.node,
      this.foot,
    );
  }

  draw(channel) {
    const { store, reading } = this.chat;
    const key = `${store.me} ${channel.id}`;
    if (key !== this.shown) {
      this.shown = key;
      this.timeline.reset(reading.mark(channel));
    }
    this.heading.replaceChildren(...this.title(channel));
    this.members.textContent = this.about(channel);
    this.offline.hidden = store.sockets.size > 0;
    this.offline.textContent = `${store.app.name} is not connected to this ${this.chat.workspace} right now: what you write stays, but commands and buttons do not reach it.`;
    const messages = store.inChannel(channel);
    this.timeline.draw(channel, messages, { before: [this.welcome(channel, messages)] });
    const wanted = this.instead(channel) ?? this.composer.node;
    if (this.foot.firstChild !== wanted) this.foot.replaceChildren(wanted);
    this.composer.aim(channel, null, this.invitation(channel));
    if (this.chat.isSeen) reading.seen(channel, null, messages);
  }

  /** What stands above the first message; made anew only when *key* changes. */
  welcomeOnce(key, make) {
    if (this.welcomed?.key !== key) this.welcomed = { key, node: make() };
    return this.welcomed.node;
  }
}

/** The welcome: *badge*, title, words, and a first step that types *example* into *composer*. */
export function welcome({ badge, title, words, example, composer }) {
  const begin = () => composer.begin(example);
  const label = (text) => h("span", { class: "first-step-label" }, text);
  const step = h(
    "div",
    { class: "first-step" },
    label("Try it: type"),
    h("button", { type: "button", class: "first-command", on: { click: begin } }, h("code", {}, example)),
    label("and press Enter."),
  );
  return h(
    "div",
    { class: "welcome" },
    h("div", { class: "welcome-badge" }, badge),
    h("h2", {}, title),
    h("p", {}, words),
    example ? step : null,
  );
}

/** The right column: one thread. */
export class ThreadPane {
  /** Whether the number of replies stands under the first message. */
  showsCount = true;

  constructor(chat, composer) {
    this.chat = chat;
    this.timeline = new Timeline(chat, true);
    this.composer = composer;
    this.heading = h("h2", { class: "pane-title" }, "Thread");
    this.place = h("span", { class: "members" });
    this.count = h("div", { class: "line replies", role: "separator" }, h("span", {}));
    this.foot = h("div", { class: "pane-foot" }, composer.node);
    const close = iconButton("close", "Close thread", () => chat.openThread(null, null));
    this.node = h(
      "aside",
      { class: "pane thread-pane", "aria-label": "Thread", hidden: true },
      h("header", { class: "pane-header" }, this.heading, this.place, h("span", { class: "grow" }), close),
      this.timeline.node,
      this.foot,
    );
  }

  draw(channel, root) {
    const { store, reading } = this.chat;
    this.node.hidden = !channel || !root;
    if (this.node.hidden) {
      this.shown = null;
      return;
    }
    const key = `${store.me} ${channel.id} ${root}`;
    if (key !== this.shown) {
      this.shown = key;
      this.timeline.reset(reading.mark(channel, root));
    }
    this.drawHeading(channel, root);
    const messages = store.inThread(channel, root);
    const replies = store.replies(channel, root).length;
    this.count.firstChild.textContent = replies === 1 ? "1 reply" : `${replies} replies`;
    const under = replies && this.showsCount ? new Map([[root, this.count]]) : new Map();
    const gone = messages.length ? [] : [h("p", { class: "empty" }, "This thread is not there any more.")];
    this.timeline.draw(channel, messages, { before: gone, under });
    const wanted = this.instead(channel, root) ?? this.composer.node;
    if (this.foot.firstChild !== wanted) this.foot.replaceChildren(wanted);
    this.composer.aim(channel, root, this.invitation(channel, root));
    if (this.chat.isSeen) reading.seen(channel, root, messages);
  }
}
