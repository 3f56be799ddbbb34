/** Puts Discord's part of the page together: what Discord has that other platforms have not, or have otherwise. */

import { Chat, NOWHERE } from "../chat.js";
import { h, iconButton } from "../dom.js";
import { emoji } from "../emoji.js";
import { threadLine } from "../thread-line.js";
import { showMenu } from "./actions.js";
import { DiscordComposer } from "./composer.js";
import { authorOf, content, privateNote, reference, typedText } from "./message.js";
import { DiscordModal } from "./modal.js";
import { DiscordChannelPane, DiscordThreadPane } from "./panes.js";
import { addressOf, readAddress } from "./route.js";
import { DiscordSidebar } from "./sidebar.js";

const REPLY = 19;
const THREAD_CREATED = 18;
const LOADING = 1 << 7;

export class DiscordChat extends Chat {
  platform = "discord";
  title = "Discord";
  workspace = "server";
  appTag = "APP";
  privateWords = "Only you and the members whom you choose see it.";

  constructor(page, store) {
    super(page, store);
    this.build({
      sidebar: new DiscordSidebar(this),
      channelPane: new DiscordChannelPane(this, new DiscordComposer(this, { inThread: false })),
      threadPane: new DiscordThreadPane(this, new DiscordComposer(this, { inThread: true })),
      modal: new DiscordModal(this),
    });
    this.node.addEventListener("contextmenu", (event) => this.openMenu(event));
  }

  // -- going about ----------------------------------------------------------------------------------------------

  draw() {
    if (this.store.team && this.isElsewhere()) return;
    super.draw();
  }

  /** Whether the address names another server; then that one is fetched, and drawn when it is there. */
  isElsewhere() {
    const { team } = this.place;
    if (!team || team === this.store.team.id || !this.store.teams.some((each) => each.id === team)) return false;
    if (this.fetching !== team) {
      this.fetching = team;
      this.store.changeTeam(team).then(() => this.page.rememberTeam(this.platform, team));
    }
    return true;
  }

  /** The open channel; a thread that was asked for as one is shown beside its channel. */
  channel() {
    const { store } = this;
    if (this.isElsewhere()) return store.firstPlace();
    this.fetching = null;
    const wanted = store.thread(this.place.channel);
    if (wanted && store.sees(wanted)) this.place = { ...this.place, channel: wanted.parent_id, root: wanted.id };
    return super.channel();
  }

  readAddress(address) {
    return readAddress(address);
  }

  address() {
    const { store, place } = this;
    if (!store.team) return addressOf(NOWHERE, null);
    const channel = store.channels.get(place.channel);
    return addressOf(place, channel && store.isIm(channel) ? null : store.team.id);
  }

  /** Bring a message into view, wherever it is. */
  reveal(channel, message) {
    const pane = channel === this.place.root ? this.threadPane : this.channelPane;
    if (!pane.timeline.reveal(message)) this.go({ channel, message });
  }

  // -- doing ----------------------------------------------------------------------------------------------------

  answer(message) {
    const inThread = message.channel_id === this.place.root;
    (inThread ? this.threadPane : this.channelPane).composer.answer(message);
  }

  openMenu(event) {
    const row = event.target.closest(".message");
    if (!row || event.shiftKey || event.target.closest("a, input, textarea")) return;
    const channel = this.channel();
    const { root } = this.place;
    const all =
      root && row.closest(".thread-pane") ? this.store.inThread(channel, root) : this.store.inChannel(channel);
    const message = all.find((each) => each.ts === row.dataset.ts);
    if (!message || !this.hasTools(message)) return;
    event.preventDefault();
    showMenu(this, channel, message, row.querySelector(".by, .content"));
  }

  // -- messages -------------------------------------------------------------------------------------------------

  authorOf(message) {
    return authorOf(message, this.store);
  }

  content(channel, message) {
    return content(this, channel, message);
  }

  above(channel, message) {
    return reference(this, channel, message);
  }

  below(channel, message) {
    return privateNote(this, channel, message);
  }

  surroundings(_, message) {
    return this.store.thread(message.ts)?.name ?? "";
  }

  goesOn(above, message) {
    return [0, REPLY].includes(above.type) && message.type === 0 && above.type !== THREAD_CREATED;
  }

  hasTools(message) {
    return !message.isEphemeral && message.type !== THREAD_CREATED && !(message.flags & LOADING);
  }

  ownTools(channel, message) {
    return [
      iconButton("reply", "Reply", () => this.answer(message)),
      iconButton("more", "More", (event) => showMenu(this, channel, message, event.currentTarget)),
    ];
  }

  mayEdit(message) {
    return message.user === this.store.me && !message.isEphemeral && [0, REPLY].includes(message.type);
  }

  mayDelete(message) {
    return this.mayEdit(message) || this.isModerator();
  }

  /** Whether *me* may do anything here, as the role that ada has. */
  isModerator() {
    const roles = this.store.users.get(this.store.me)?.roles ?? [];
    return roles.some((id) => (BigInt(this.store.roles.get(id)?.permissions ?? 0) & 8n) !== 0n);
  }

  typedText(message) {
    return typedText(message, this.store);
  }

  threadLine(channel, message) {
    const thread = this.store.thread(message.ts);
    if (!thread) return null;
    const name = h("strong", { class: "thread-name" }, thread.name);
    return threadLine(this, channel, message, {
      begin: name,
      end: "See thread",
      open: () => this.openThread(channel.id, thread.id),
    });
  }

  /** The path of a message's own page. */
  permalink(channel, message) {
    const guild = this.store.isIm(channel) ? null : this.store.team.id;
    return `${addressOf({ channel: message.channel_id, root: null }, guild)}/${message.ts}`;
  }

  // -- emoji ----------------------------------------------------------------------------------------------------

  emojiOf(name) {
    return name.split(":")[0];
  }

  emojiName(name) {
    return name.split(":")[0];
  }

  reactionName(code) {
    return emoji(code);
  }
}
