/** Owns the two places where messages are read and written: a channel, and a thread beside it. Called by `main`. */

import { Composer } from "./composer.js";
import { h, icon, iconButton } from "./dom.js";
import { appAvatar } from "./people.js";
import { Timeline } from "./timeline.js";

export const FIRST_COMMAND = "/agents compare solar and wind for a small town";

/** The middle column: a channel or the direct messages with the app. */
export class ChannelPane {
  constructor(page) {
    this.page = page;
    this.timeline = new Timeline(page, false);
    this.composer = new Composer(page, { inThread: false });
    this.heading = h("h1", { class: "pane-title" });
    this.members = h("span", { class: "members" });
    this.offline = h("div", { class: "banner", role: "status", hidden: true });
    this.foot = h("div", { class: "pane-foot" }, this.composer.node);
    this.menu = iconButton("menu", "Channels", () => page.showChannels(true), { class: "icon-button menu-button" });
    this.node = h(
      "main",
      { class: "pane channel-pane" },
      h("header", { class: "pane-header" }, this.menu, this.heading, this.members),
      this.offline,
      this.timeline.node,
      this.foot,
    );
  }

  draw(channel) {
    const { page } = this;
    const { store, reading } = page;
    const key = `${store.me} ${channel.id}`;
    if (key !== this.shown) {
      this.shown = key;
      this.timeline.reset(reading.mark(channel));
    }
    const title = store.title(channel);
    this.heading.replaceChildren(
      channel.kind === "im" ? appAvatar() : icon(channel.kind === "group" ? "lock" : "hash"),
      title,
    );
    this.members.textContent = channel.kind === "im" ? "App" : `${channel.members.size} members`;
    this.offline.hidden = store.sockets.size > 0;
    this.offline.textContent = `${store.app.name} is not connected to this workspace right now: what you write stays, but commands and buttons do not reach it.`;
    const messages = store.inChannel(channel);
    this.timeline.draw(channel, messages, { before: [this.welcome(channel, messages)] });
    this.drawFoot(channel, title);
    if (document.visibilityState === "visible") reading.seen(channel, null, messages);
  }

  drawFoot(channel, title) {
    const { store } = this.page;
    const joined = channel.members.has(store.me);
    const wanted = channel.is_archived || !joined ? this.notMember(channel) : this.composer.node;
    if (this.foot.firstChild !== wanted) this.foot.replaceChildren(wanted);
    this.composer.aim(channel, null, channel.kind === "im" ? `Message ${title}` : `Message #${title}`);
  }

  notMember(channel) {
    if (channel.is_archived) return h("div", { class: "join-bar" }, "This channel is archived.");
    const { store } = this.page;
    const join = () =>
      this.page.attempt(() => store.control.post("channels/join", { user: store.me, channel: channel.id }));
    const button = h("button", { type: "button", class: "button primary", on: { click: join } }, "Join channel");
    return h(
      "div",
      { class: "join-bar" },
      h("span", {}, "You are looking at ", h("strong", {}, `#${channel.name}`)),
      button,
    );
  }

  /** What stands above the first message, and in #general how to begin. */
  welcome(channel, messages) {
    const { store } = this.page;
    const quiet = !messages.some((message) => !message.isEphemeral && !message.subtype?.startsWith("channel_"));
    const key = [channel.id, store.me, quiet].join();
    if (this.welcomed?.key === key) return this.welcomed.node;
    const isIm = channel.kind === "im";
    const title = isIm ? `Talk with ${store.app.name}` : `Welcome to #${channel.name}`;
    const words = isIm
      ? `This conversation is between you and ${store.app.name}. Give it a task in your own words, or type a slash command.`
      : channel.kind === "group"
        ? "This is the beginning of this private channel."
        : "This is the very beginning of this channel.";
    const begin = () => this.composer.begin(isIm ? FIRST_COMMAND.replace("/agents c", "C") : FIRST_COMMAND);
    const hint =
      quiet && (channel.is_general || isIm)
        ? h(
            "div",
            { class: "first-step" },
            h("span", { class: "first-step-label" }, "Try it: type"),
            h(
              "button",
              { type: "button", class: "first-command", on: { click: begin } },
              h("code", {}, isIm ? FIRST_COMMAND.replace("/agents c", "C") : FIRST_COMMAND),
            ),
            h("span", { class: "first-step-label" }, "and press Enter."),
          )
        : null;
    const badge = h(
      "div",
      { class: "welcome-badge" },
      isIm ? appAvatar() : icon(channel.kind === "group" ? "lock" : "hash"),
    );
    const node = h("div", { class: "welcome" }, badge, h("h2", {}, title), h("p", {}, words), hint);
    this.welcomed = { key, node };
    return node;
  }
}

/** The right column: one thread. */
export class ThreadPane {
  constructor(page) {
    this.page = page;
    this.timeline = new Timeline(page, true);
    this.composer = new Composer(page, { inThread: true });
    this.place = h("span", { class: "members" });
    this.count = h("div", { class: "line replies", role: "separator" }, h("span", {}));
    const close = iconButton("close", "Close thread", () => page.openThread(null, null));
    const header = h(
      "header",
      { class: "pane-header" },
      h("h2", { class: "pane-title" }, "Thread"),
      this.place,
      h("span", { class: "grow" }),
      close,
    );
    this.node = h(
      "aside",
      { class: "pane thread-pane", "aria-label": "Thread", hidden: true },
      header,
      this.timeline.node,
      h("div", { class: "pane-foot" }, this.composer.node),
    );
  }

  draw(channel, root) {
    const { store, reading } = this.page;
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
    this.place.textContent = channel.kind === "im" ? store.title(channel) : `#${store.title(channel)}`;
    const messages = store.inThread(channel, root);
    const replies = store.replies(channel, root).length;
    this.count.firstChild.textContent = replies === 1 ? "1 reply" : `${replies} replies`;
    const under = replies ? new Map([[root, this.count]]) : new Map();
    const gone = messages.length ? [] : [h("p", { class: "empty" }, "This thread is not there any more.")];
    this.timeline.draw(channel, messages, { before: gone, under });
    this.composer.aim(channel, root, "Reply…");
    if (document.visibilityState === "visible") reading.seen(channel, root, messages);
  }
}
