/** Owns what is offered while somebody types: slash commands with hints, people, channels, emoji. Called by `composer`. */

import { h } from "./dom.js";
import { emojiLike } from "./emoji.js";
import { appAvatar, initials } from "./people.js";

const MOST = 8;
/** What the app's commands take, as its own help says. */
const USAGES = {
  "/agents": [
    ["", "<task>", "Assemble a team of agents for a task"],
    ["status", "[number]", "What is going on, and how far it is"],
    ["stop", "[number]", "Stop a session"],
    ["help", "", "What you can do here"],
  ],
  "/history": [
    ["", "", "Your latest sessions"],
    ["", "<words>", "Search past sessions"],
    ["", "<number>", "The transcript of one session, as a file"],
  ],
};

/**
 * What to offer for the text before the caret: `{title, options: [{look, label, hint, from, text}]}`, or null. *text*
 * takes the place of what was typed from *from* on; without it an option only explains.
 */
export function suggestionsFor(typed, store, { inThread }) {
  return commands(typed, store, inThread) ?? named(typed, store) ?? emojis(typed);
}

function commands(typed, store, inThread) {
  if (!/^\/\S*(\s\S*)?$/.test(typed) || typed.includes("\n")) return null;
  const [command, rest] = typed.split(/\s(.*)/s);
  const known = store.app.commands.filter((each) => (rest === undefined ? each.startsWith(command) : each === command));
  if (!known.length) return null;
  if (inThread) return { title: "Slash commands do not work in threads. Type them in the channel.", options: [] };
  const options = known.flatMap((each) => usages(each, rest)).slice(0, MOST);
  return options.length ? { title: "Commands of " + store.app.name, options } : null;
}

function usages(command, rest) {
  const all = USAGES[command] ?? [["", "", ""]];
  const fitting =
    rest === undefined || rest === "" ? all : all.filter(([word]) => word && word.startsWith(rest) && word !== rest);
  return fitting.map(([word, more, hint]) => {
    const text = word
      ? `${command} ${word}${more ? " " : ""}`
      : more || USAGES[command] === undefined
        ? `${command} `
        : command;
    return { look: appAvatar, label: [command, word].filter(Boolean).join(" "), more, hint, from: 0, text };
  });
}

function named(typed, store) {
  const found = typed.match(/(?:^|[\s(])([@#])([\w.-]*)$/);
  if (!found) return null;
  const [, mark, begun] = found;
  const from = typed.length - begun.length - 1;
  const fits = (...names) => names.some((name) => name.toLowerCase().startsWith(begun.toLowerCase()));
  if (mark === "#") {
    const channels = store.places().filter((channel) => fits(channel.name));
    return offer(
      "Channels",
      channels.map((channel) => ({ label: `#${channel.name}`, hint: "", from, text: `#${channel.name} ` })),
    );
  }
  const app = store.users.get(store.app.bot_user);
  const users = [app, ...store.people()].filter((user) => user && fits(user.name, user.real_name));
  const option = (user) => ({
    look: user === app ? appAvatar : () => initials(user.real_name),
    label: user === app ? store.app.name : user.real_name,
    more: `@${user.name}`,
    hint: user === app ? "App: mention it with a task to start a team" : "",
    from,
    text: `@${user.name} `,
  });
  return offer("People", users.map(option));
}

function emojis(typed) {
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

const offer = (title, options) => (options.length ? { title, options: options.slice(0, MOST) } : null);

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
