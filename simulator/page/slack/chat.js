/** Puts Slack's part of the page together: what Slack has that other platforms have not, or have otherwise. */

import { Chat } from "../chat.js";
import { h, icon, iconButton } from "../dom.js";
import { emoji } from "../emoji.js";
import { threadLine } from "../thread-line.js";
import { SlackComposer } from "./composer.js";
import { authorOf, content, typedText } from "./message.js";
import { SlackModal } from "./modal.js";
import { SlackChannelPane, SlackThreadPane } from "./panes.js";
import { addressOf, readAddress } from "./route.js";
import { SlackSidebar } from "./sidebar.js";

export class SlackChat extends Chat {
  platform = "slack";
  title = "Slack";
  workspace = "workspace";
  appTag = "App";

  constructor(page, store) {
    super(page, store);
    this.build({
      sidebar: new SlackSidebar(this),
      channelPane: new SlackChannelPane(this, new SlackComposer(this, { inThread: false })),
      threadPane: new SlackThreadPane(this, new SlackComposer(this, { inThread: true })),
      modal: new SlackModal(this),
    });
  }

  /** What the form for a new channel says of private ones. */
  get privateWords() {
    return `Only members see it. Bring ${this.store.app.name} in with an invitation.`;
  }

  readAddress(address) {
    return readAddress(address);
  }

  address() {
    return addressOf(this.place);
  }

  // -- messages -------------------------------------------------------------------------------------------------

  authorOf(message) {
    return authorOf(message, this.store);
  }

  content(channel, message) {
    return content(this, channel, message);
  }

  /** What stands over a message's author. */
  above(_, message) {
    return message.isEphemeral ? h("div", { class: "private-note" }, icon("eye"), "Only visible to you") : null;
  }

  below() {
    return null;
  }

  /** What else a row's look depends on. */
  surroundings() {
    return "";
  }

  /** Whether *message* may stand under the author of *above*. */
  goesOn(above, message) {
    return above.subtype === message.subtype;
  }

  hasTools(message) {
    return !message.isEphemeral && message.subtype !== "tombstone";
  }

  ownTools(channel, message, inThread) {
    const root = message.thread_ts ?? message.ts;
    return inThread ? [] : [iconButton("thread", "Reply in thread", () => this.openThread(channel.id, root))];
  }

  mayEdit(message) {
    return message.user === this.store.me && Boolean(message.client_msg_id);
  }

  mayDelete(message) {
    return this.mayEdit(message) || this.store.users.get(this.store.me)?.is_admin;
  }

  typedText(message) {
    return typedText(message, this.store);
  }

  threadLine(channel, message) {
    if (message.subtype === "thread_broadcast") {
      const open = () => this.openThread(channel.id, message.thread_ts);
      return h("button", { type: "button", class: "text-button", on: { click: open } }, "Replied to a thread: view it");
    }
    if (!this.store.replies(channel, message.ts).length) return null;
    return threadLine(this, channel, message, { open: () => this.openThread(channel.id, message.ts) });
  }

  /** The path of a message's own page. */
  permalink(channel, message) {
    const path = `/archives/${channel.id}/p${message.ts.replace(".", "")}`;
    return message.thread_ts && message.thread_ts !== message.ts
      ? `${path}?thread_ts=${message.thread_ts}&cid=${channel.id}`
      : path;
  }

  // -- emoji ----------------------------------------------------------------------------------------------------

  /** What a reaction called *name* looks like. */
  emojiOf(name) {
    return emoji(name) ?? `:${name}:`;
  }

  emojiName(name) {
    return `:${name}:`;
  }

  /** How the emoji with that short code is named here. */
  reactionName(code) {
    return code;
  }
}
