/** Owns the form into which a slash command's options are typed, in the place of the composer's field. */

import { h, iconButton } from "../dom.js";
import { OptionField } from "./option-field.js";

export class CommandForm {
  /** @param {import("./composer.js").DiscordComposer} composer */
  constructor(composer) {
    this.composer = composer;
    this.fields = [];
    const keydown = (event) => void (event.target === this.node && this.key(event, null));
    this.node = h("div", { class: "command-form", role: "group", hidden: true, tabIndex: -1, on: { keydown } });
  }

  get chat() {
    return this.composer.chat;
  }

  get isOpen() {
    return !this.node.hidden;
  }

  /** Show the fields of *leaf*; *text* is put into the first that takes text. */
  open(leaf, text = "") {
    this.leaf = leaf;
    this.fields = leaf.options.filter((option) => option.required).map((option) => new OptionField(option, this));
    const texts = leaf.options.filter((option) => option.type === 3);
    const first = texts.find((option) => option.required) ?? texts[0];
    if (text && first) this.field(first).input.value = text;
    if (!this.fields.length && leaf.options.length) this.field(leaf.options[0]);
    this.draw();
    this.node.hidden = false;
    (this.fields[0]?.input ?? this.node).focus();
    this.typed();
  }

  /** The field of an option, made when it is not shown yet. */
  field(option) {
    const known = this.fields.find((field) => field.spec.name === option.name);
    if (known) return known;
    const made = new OptionField(option, this);
    this.fields.push(made);
    return made;
  }

  draw() {
    const { leaf } = this;
    const shown = new Set(this.fields.map((field) => field.spec.name));
    const more = leaf.options
      .filter((option) => !shown.has(option.name))
      .map((option) => {
        const add = () => {
          const field = this.field(option);
          this.draw();
          field.input.focus();
        };
        const look = { type: "button", class: "option-more", title: option.description, on: { click: add } };
        return h("button", look, `+ ${option.name}`);
      });
    this.node.setAttribute("aria-label", `/${leaf.name}`);
    this.node.replaceChildren(
      h(
        "div",
        { class: "command-head" },
        h("strong", {}, `/${leaf.name}`),
        h("span", {}, leaf.description ?? ""),
        iconButton("close", "Cancel the command", () => this.composer.leaveCommand()),
      ),
      h(
        "div",
        { class: "option-fields" },
        this.fields.map((field) => field.node),
        more,
      ),
    );
  }

  close() {
    this.node.hidden = true;
    this.node.replaceChildren();
    this.fields = [];
  }

  typed() {
    this.composer.typed();
  }

  key(event, field) {
    if (event.key === "Enter" && !event.shiftKey) this.composer.send();
    else if (event.key === "Escape") this.composer.leaveCommand();
    else if (event.key === "Backspace" && field?.isEmpty && field === this.fields[0]) this.composer.leaveCommand();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** What is missing, in words; null when the command can be sent. */
  missing() {
    const field = this.fields.find((each) => each.spec.required && each.isEmpty);
    return field ? `${field.spec.name}: this option is required.` : null;
  }

  async values() {
    const given = this.fields.filter((field) => !field.isEmpty);
    const pairs = await Promise.all(given.map(async (field) => [field.spec.name, await field.value()]));
    return Object.fromEntries(pairs);
  }

  /** What the app offers for *typed* in an option: `[[value, label]]`; nothing when it does not answer. */
  async complete(spec, typed) {
    const { store } = this.chat;
    const values = await this.values();
    for (const field of this.fields) if (field.spec.type === 11) delete values[field.spec.name];
    const asked = { ...this.composer.spot(), command: `/${this.leaf.name}`, focused: spec.name };
    try {
      const options = { ...values, [spec.name]: typed };
      const outcome = await store.control.post("commands/autocomplete", { ...asked, options });
      return (outcome.payload?.data?.choices ?? []).map((choice) => [choice.value, choice.name]);
    } catch {
      return [];
    }
  }
}
