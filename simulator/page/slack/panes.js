/** Owns what Slack's channel and thread panes say beyond what all panes do. Called by Slack's chat. */

import { h, icon } from "../dom.js";
import { ChannelPane, ThreadPane, welcome } from "../panes.js";
import { appAvatar } from "../people.js";

const FIRST_TASK = "compare solar and wind for a small town";

export class SlackChannelPane extends ChannelPane {
  title(channel) {
    return [badge(channel), this.chat.store.title(channel)];
  }

  about(channel) {
    return channel.kind === "im" ? "App" : `${channel.members.size} members`;
  }

  invitation(channel) {
    const title = this.chat.store.title(channel);
    return channel.kind === "im" ? `Message ${title}` : `Message #${title}`;
  }

  /** What stands in the place of the composer for who may not write. */
  instead(channel) {
    const { store } = this.chat;
    if (channel.is_archived) return h("div", { class: "join-bar" }, "This channel is archived.");
    if (channel.members.has(store.me)) return null;
    const join = () =>
      this.chat.attempt(() => store.control.post("channels/join", { user: store.me, channel: channel.id }));
    const button = h("button", { type: "button", class: "button primary", on: { click: join } }, "Join channel");
    const words = h("span", {}, "You are looking at ", h("strong", {}, `#${channel.name}`));
    return h("div", { class: "join-bar" }, words, button);
  }

  welcome(channel, messages) {
    const { store } = this.chat;
    const quiet = !messages.some((message) => !message.isEphemeral && !message.subtype?.startsWith("channel_"));
    const isIm = channel.kind === "im";
    const example = isIm ? FIRST_TASK[0].toUpperCase() + FIRST_TASK.slice(1) : `/agents ${FIRST_TASK}`;
    const words = isIm
      ? `This conversation is between you and ${store.app.name}. Give it a task in your own words, or type a slash command.`
      : channel.kind === "group"
        ? "This is the beginning of this private channel."
        : "This is the very beginning of this channel.";
    return this.welcomeOnce([channel.id, store.me, quiet].join(), () =>
      welcome({
        badge: badge(channel),
        title: isIm ? `Talk with ${store.app.name}` : `Welcome to #${channel.name}`,
        words,
        example: quiet && (channel.is_general || isIm) ? example : null,
        composer: this.composer,
      }),
    );
  }
}

export class SlackThreadPane extends ThreadPane {
  drawHeading(channel) {
    const { store } = this.chat;
    this.place.textContent = channel.kind === "im" ? store.title(channel) : `#${store.title(channel)}`;
  }

  invitation() {
    return "Reply…";
  }

  instead() {
    return null;
  }
}

const badge = (channel) => (channel.kind === "im" ? appAvatar() : icon(channel.kind === "group" ? "lock" : "hash"));
