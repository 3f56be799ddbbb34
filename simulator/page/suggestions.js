/**
 * Owns the list of what is offered while somebody types, and how emoji get into it. Called by the composers, which know
 * their platform's commands, people and channels. An option is `{look, label, more, hint, from, text}`: *text* takes the
 * place of what was typed from *from* on; without it an option only explains.
 */

import { h } from "./dom.js";
import { emojiLike } from "./emoji.js";

const MOST = 8;

/** A list to offer, or null when there is nothing to choose. */
export const offer = (title, options) => (options.length ? { title, options: options.slice(0, MOST) } : null);

/** The emoji whose code begins with what follows the colon before the caret, or null. */
export function offerEmoji(typed) {
  const found = typed.match(/(?:^|\s):([a-z0-9_+-]{2,})$/i);
  if (!found) return null;
  const from = typed.length - found[1].length - 1;
  const look = (character) => () => h("span", { class: "avatar emoji-avatar", "aria-hidden": "true" }, character);
  return offer(
    "Emoji",
    emojiLike(found[1], MOST).map(([name, shown]) => ({
      look: look(shown),
      label: `:${name}:`,
      hint: "",
      from,
      text: `${shown} `,
    })),
  );
}

/**
 * What *typed* names when it ends with `mark` and the beginning of a name: `{begun, from}`, or null.
 * @param {string} mark `@` or `#`
 */
export function beginning(typed, mark) {
  const found = typed.match(/(?:^|[\s(])([@#])([\w.-]*)$/);
  if (found?.[1] !== mark) return null;
  return { begun: found[2].toLowerCase(), from: typed.length - found[2].length - 1 };
}

/** The list that is shown over the composer; options are chosen with the arrow keys, Tab, Enter or the mouse. */
export class SuggestionList {
  constructor(id, choose) {
    this.node = h("div", { class: "suggestions", id, hidden: true });
    this.list = h("div", { role: "listbox", "aria-label": "Suggestions", id: `${id}-list` });
    this.title = h("div", { class: "suggestions-title" });
    this.node.append(this.title, this.list);
    this.choose = choose;
    this.options = [];
  }

  show(found) {
    this.node.hidden = !found;
    this.options = found?.options ?? [];
    this.title.textContent = found?.title ?? "";
    this.list.replaceChildren(...this.options.map((option, index) => this.option(option, index)));
    this.select(0);
  }

  get open() {
    return !this.node.hidden && this.options.length > 0;
  }

  get selected() {
    return this.options[this.index];
  }

  /** Id of the chosen option's node, for screen readers. */
  get selectedId() {
    return this.open ? `${this.list.id}-${this.index}` : null;
  }

  select(index) {
    this.index = (index + this.options.length) % (this.options.length || 1);
    [...this.list.children].forEach((node, at) => node.setAttribute("aria-selected", String(at === this.index)));
  }

  option(option, index) {
    const does = {
      mousedown: (event) => (event.preventDefault(), this.choose(option)),
      mousemove: () => this.index !== index && this.select(index),
    };
    return h(
      "div",
      { role: "option", id: `${this.list.id}-${index}`, class: "suggestion", on: does },
      option.look ? option.look() : null,
      h("span", { class: "suggestion-label" }, option.label),
      option.more ? h("span", { class: "suggestion-more" }, option.more) : null,
      h("span", { class: "suggestion-hint" }, option.hint),
    );
  }
}
