/**
 * Owns the field of one option of a slash command: what may be put in, what is offered while one types, its value.
 * Called by `command-form`. Source: https://docs.discord.com/developers/interactions/application-commands
 */

import { encoded } from "../composer.js";
import { h } from "../dom.js";
import { SuggestionList } from "../suggestions.js";

const INTEGER = 4;
const BOOLEAN = 5;
const NUMBER = 10;
const ATTACHMENT = 11;
const MOST = 25;
const PAUSE_MS = 120;

export class OptionField {
  /** @param {object} spec the option as registered @param {object} form `chat`, `complete(spec, typed)`, `key(event)` */
  constructor(spec, form) {
    this.spec = spec;
    this.form = form;
    const id = `option-${crypto.randomUUID()}`;
    this.list = new SuggestionList(id, (option) => this.accept(option));
    this.input = this.makeInput(id);
    this.node = h(
      "label",
      { class: spec.required ? "option-field needed" : "option-field", data: { option: spec.name } },
      h("span", { class: "option-name" }, spec.name, spec.required ? null : h("small", {}, " optional")),
      this.input,
      this.list.node,
    );
  }

  makeInput(id) {
    const { spec } = this;
    const common = { class: "option-input", "aria-label": spec.name, title: spec.description };
    if (spec.type === ATTACHMENT)
      return h("input", { ...common, type: "file", on: { change: () => this.form.typed() } });
    if (spec.type === BOOLEAN) {
      const options = ["", "True", "False"].map((label) => h("option", { value: label }, label));
      return h("select", { ...common, on: { change: () => this.form.typed() } }, options);
    }
    const input = h("input", {
      ...common,
      type: "text",
      inputmode: [INTEGER, NUMBER].includes(spec.type) ? "decimal" : null,
      maxlength: spec.max_length,
      autocomplete: "off",
      placeholder: spec.description,
    });
    if (!this.offers) return this.listened(input);
    for (const [name, value] of [
      ["role", "combobox"],
      ["aria-autocomplete", "list"],
      ["aria-expanded", "false"],
      ["aria-controls", `${id}-list`],
    ])
      input.setAttribute(name, value);
    return this.listened(input);
  }

  listened(input) {
    input.addEventListener("input", () => this.typed());
    input.addEventListener("focus", () => this.offer());
    input.addEventListener("blur", () => this.show(null));
    input.addEventListener("keydown", (event) => this.key(event));
    return input;
  }

  /** Whether anything is offered while one types. */
  get offers() {
    return Boolean(this.spec.autocomplete || this.spec.choices?.length || this.things());
  }

  /** People, channels or roles, where the option is one of them: `[[value, label]]`. */
  things() {
    const { store } = this.form.chat;
    const people = () => store.people().map((user) => [user.id, store.nameOf(user)]);
    const roles = () => [...store.roles.values()].map((role) => [role.id, `@${role.name.replace(/^@/, "")}`]);
    const made = {
      6: people,
      7: () => store.places().map((channel) => [channel.id, `#${channel.name}`]),
      8: roles,
      9: () => [...people(), ...roles()],
    }[this.spec.type];
    return made?.() ?? null;
  }

  typed() {
    this.chosen = null;
    this.form.typed();
    clearTimeout(this.pause);
    this.pause = setTimeout(() => this.offer(), this.spec.autocomplete ? PAUSE_MS : 0);
  }

  async offer() {
    if (!this.offers || this.chosen) return;
    const typed = this.input.value;
    const found = this.spec.autocomplete ? await this.form.complete(this.spec, typed) : this.fitting(typed);
    if (typed !== this.input.value || document.activeElement !== this.input) return;
    const options = found.slice(0, MOST).map(([value, label]) => ({ label, value, hint: "", from: 0, text: label }));
    this.show(options.length ? { title: this.spec.description, options } : null);
  }

  fitting(typed) {
    const all = this.spec.choices?.map((choice) => [choice.value, choice.name]) ?? this.things();
    const wanted = typed.toLowerCase();
    return all.filter(([, label]) => label.toLowerCase().includes(wanted));
  }

  show(found) {
    this.list.show(found);
    this.input.setAttribute("aria-expanded", String(this.list.open));
    this.point();
  }

  point() {
    const id = this.list.selectedId;
    if (id) this.input.setAttribute("aria-activedescendant", id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  accept(option) {
    this.input.value = option.label;
    this.chosen = { label: option.label, value: option.value };
    this.show(null);
    this.form.typed();
  }

  key(event) {
    if (event.isComposing) return;
    const { list } = this;
    if (list.open && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      list.select(list.index + (event.key === "ArrowDown" ? 1 : -1));
      this.point();
      event.preventDefault();
    } else if (list.open && event.key === "Escape") {
      this.show(null);
      event.stopPropagation();
      event.preventDefault();
    } else if (list.open && ["Enter", "Tab"].includes(event.key) && !event.shiftKey && this.input.value) {
      this.accept(list.selected);
      event.preventDefault();
    } else this.form.key(event, this);
  }

  get isEmpty() {
    return this.spec.type === ATTACHMENT ? !this.input.files.length : !this.input.value.trim();
  }

  /** The value as the control API takes it. */
  async value() {
    const { spec, input } = this;
    if (spec.type === ATTACHMENT) return encoded(input.files[0]);
    if (spec.type === BOOLEAN) return input.value === "True";
    const typed = input.value.trim();
    const known = this.spec.autocomplete ? [] : this.offers ? this.fitting(typed) : [];
    const named = known.find(([, label]) => label.toLowerCase() === typed.toLowerCase());
    const given = this.chosen?.value ?? named?.[0] ?? typed;
    return [INTEGER, NUMBER].includes(spec.type) && given !== "" && !Number.isNaN(Number(given))
      ? Number(given)
      : given;
  }
}
