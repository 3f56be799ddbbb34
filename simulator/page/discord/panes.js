/** Owns what Discord's channel and thread panes say beyond what all panes do. Called by Discord's chat. */

import { h, icon } from "../dom.js";
import { ChannelPane, ThreadPane, welcome } from "../panes.js";
import { appAvatar } from "../people.js";
import { leaves } from "./commands.js";

const FIRST_TASK = "compare solar and wind for a small town";

export class DiscordChannelPane extends ChannelPane {
  title(channel) {
    return [badge(channel), this.chat.store.title(channel)];
  }

  about(channel) {
    return channel.kind === "dm" ? "App" : (channel.topic ?? "");
  }

  invitation(channel) {
    const title = this.chat.store.title(channel);
    return channel.kind === "dm" ? `Message @${title}` : `Message #${title}`;
  }

  instead() {
    return null;
  }

  welcome(channel, messages) {
    const { store } = this.chat;
    const quiet = !messages.some((message) => !message.isEphemeral);
    const isIm = channel.kind === "dm";
    const leaf = leaves(store, channel).find((each) => each.options.some((option) => option.required));
    const example = isIm
      ? FIRST_TASK[0].toUpperCase() + FIRST_TASK.slice(1)
      : leaf
        ? `/${leaf.name} ${FIRST_TASK}`
        : null;
    const isFirst = store.firstPlace() === channel;
    return this.welcomeOnce([channel.id, store.me, quiet, example].join(), () =>
      welcome({
        badge: badge(channel),
        title: isIm ? store.app.name : `Welcome to #${channel.name}!`,
        words: isIm
          ? `This is the beginning of your direct messages with ${store.app.name}.`
          : `This is the start of the #${channel.name} channel.`,
        example: quiet && (isFirst || isIm) ? example : null,
        composer: this.composer,
      }),
    );
  }
}

export class DiscordThreadPane extends ThreadPane {
  showsCount = false;

  drawHeading(_, root) {
    const thread = this.chat.store.thread(root);
    this.heading.replaceChildren(icon("thread"), thread?.name ?? "Thread");
    const { archived, locked } = thread?.thread_metadata ?? {};
    this.place.textContent = locked ? "Locked" : archived ? "Archived" : "";
  }

  invitation(_, root) {
    const name = this.chat.store.thread(root)?.name;
    return name ? `Message "${name}"` : "Message the thread";
  }

  instead(_, root) {
    const thread = this.chat.store.thread(root);
    if (!thread) return h("div", { class: "join-bar" }, "This thread is not there any more.");
    if (!thread.thread_metadata.locked) return null;
    return h("div", { class: "join-bar" }, icon("lock"), "This thread is locked.");
  }
}

const badge = (channel) => (channel.kind === "dm" ? appAvatar() : icon("hash"));
