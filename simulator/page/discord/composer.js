/** Owns how people write on Discord: messages, answers, slash commands with options. Called by Discord's chat. */

import { Composer } from "../composer.js";
import { h, iconButton } from "../dom.js";
import { appAvatar, initials } from "../people.js";
import { beginning, offer, offerEmoji } from "../suggestions.js";
import { CommandForm } from "./command-form.js";
import { calledIn, leaves } from "./commands.js";

export class DiscordComposer extends Composer {
  constructor(chat, options) {
    super(chat, options);
    this.form = new CommandForm(this);
    this.answering = h("div", { class: "answering", hidden: true });
    this.field.after(this.form.node);
    this.box.prepend(this.answering);
  }

  extras() {
    return this.slashButton();
  }

  aim(channel, root, label) {
    const before = this.key_;
    super.aim(channel, root, label);
    if (before === this.key_) return;
    this.leaveCommand(false);
    this.answer(null);
  }

  /** Who does something where, as the control API names it. */
  spot() {
    return { user: this.chat.store.me, channel: this.root ?? this.channel.id };
  }

  // -- answering ------------------------------------------------------------------------------------------------

  /** Answer *message* with what is sent next; null for none. */
  answer(message) {
    this.answered = message;
    this.answering.hidden = !message;
    if (!message) return;
    const name = this.chat.authorOf(message).name;
    const cancel = iconButton("close", "Do not answer it", () => this.answer(null));
    this.answering.replaceChildren(h("span", {}, "Replying to ", h("strong", {}, name)), cancel);
    this.focus();
  }

  // -- commands -------------------------------------------------------------------------------------------------

  begin(text) {
    const called = this.channel && calledIn(text, this.chat.store, this.channel);
    if (called) this.enterCommand(called.leaf, called.text);
    else super.begin(text);
  }

  enterCommand(leaf, text) {
    this.offer(null);
    this.field.value = "";
    this.say("");
    this.showForm(true);
    this.form.open(leaf, text);
  }

  /** Show the command's form in the place of the field, or the field again. */
  showForm(shown) {
    this.form.node.hidden = !shown;
    this.field.hidden = shown;
    this.clip.hidden = shown;
    if (!shown) this.field.focus();
  }

  leaveCommand(focus = true) {
    if (!this.form.isOpen) return;
    this.form.close();
    this.field.hidden = false;
    this.clip.hidden = false;
    this.typed();
    if (focus) this.field.focus();
  }

  focus() {
    if (this.form.isOpen) (this.form.fields[0]?.input ?? this.form.node).focus();
    else super.focus();
  }

  typed() {
    const { store } = this.chat;
    const called = this.channel && this.field.value.endsWith(" ") && calledIn(this.field.value, store, this.channel);
    if (called) return this.enterCommand(called.leaf, called.text);
    super.typed();
    if (this.form.isOpen) this.sendButton.disabled = false;
  }

  suggest(typed) {
    const { store } = this.chat;
    return this.commands(typed) ?? people(typed, store) ?? channels(typed, store) ?? offerEmoji(typed);
  }

  commands(typed) {
    if (!/^\/[^\n]*$/.test(typed)) return null;
    const { store } = this.chat;
    const wanted = typed.slice(1).toLowerCase();
    const fitting = leaves(store, this.channel).filter((leaf) => leaf.name.startsWith(wanted));
    const option = (leaf) => ({
      look: appAvatar,
      label: `/${leaf.name}`,
      more: leaf.options
        .filter((each) => each.required)
        .map((each) => each.name)
        .join(" "),
      hint: leaf.description,
      from: 0,
      text: `/${leaf.name} `,
    });
    return offer(`Commands of ${store.app.name}`, fitting.map(option));
  }

  async deliver(text) {
    if (this.form.isOpen) return this.call();
    const called = text.startsWith("/") && calledIn(text, this.chat.store, this.channel);
    if (called) return this.enterCommand(called.leaf, called.text);
    return this.post(text);
  }

  async send() {
    if (!this.form.isOpen) return super.send();
    return this.sending(() => this.call());
  }

  async call() {
    const missing = this.form.missing();
    if (missing) throw new Error(missing);
    const { store } = this.chat;
    const command = `/${this.form.leaf.name}`;
    const asked = { ...this.spot(), command, options: await this.form.values() };
    this.say(`Sending ${command} …`);
    this.showForm(false);
    try {
      await store.control.post("commands", asked);
    } catch (error) {
      this.showForm(true);
      throw error;
    }
    this.form.close();
    this.typed();
    this.say("");
  }

  async post(text) {
    const files = await this.encodedFiles();
    const answer = this.answered ? { reply_to: this.answered.ts } : {};
    const thread = this.root ? { thread_ts: this.root } : {};
    const posted = { user: this.chat.store.me, channel: this.channel.id, ...thread, ...answer, text, files };
    await this.chat.store.control.post("messages", posted);
    this.answer(null);
    this.clear();
  }
}

function channels(typed, store) {
  const found = beginning(typed, "#");
  if (!found) return null;
  const fitting = store.places().filter((channel) => channel.name.toLowerCase().startsWith(found.begun));
  const option = ({ name }) => ({ label: `#${name}`, hint: "", from: found.from, text: `#${name} ` });
  return offer("Text channels", fitting.map(option));
}

function people(typed, store) {
  const found = beginning(typed, "@");
  if (!found) return null;
  const app = store.users.get(store.app.bot_user);
  const fits = (user) => [user.username, store.nameOf(user)].some((name) => name.toLowerCase().startsWith(found.begun));
  const option = (user) => ({
    look: user === app ? appAvatar : () => initials(store.nameOf(user)),
    label: user === app ? store.app.name : store.nameOf(user),
    more: `@${user.username}`,
    hint: user === app ? "App: mention it with a task to start a team" : "",
    from: found.from,
    text: `@${user.username} `,
  });
  return offer("Members", [app, ...store.people()].filter((user) => user && fits(user)).map(option));
}
