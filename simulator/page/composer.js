/**
 * Owns the field in which people write: text, suggestions, attached files. Each platform's composer extends it with what
 * it offers while one types (`suggest`) and with what is done with it (`deliver`).
 */

import { h, icon, iconButton } from "./dom.js";
import { sizeName } from "./moment.js";
import { SuggestionList } from "./suggestions.js";

const FILE_MAX_BYTES = 20 * 1024 * 1024;
const drafts = new Map();
let count = 0;

export class Composer {
  /** @param {import("./chat.js").Chat} chat @param {{inThread: boolean}} options */
  constructor(chat, { inThread }) {
    this.chat = chat;
    this.inThread = inThread;
    this.files = [];
    const id = `suggestions-${++count}`;
    this.suggestions = new SuggestionList(id, (option) => this.accept(option));
    this.field = h("textarea", {
      class: "composer-field",
      rows: 1,
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": `${id}-list`,
      on: {
        input: () => this.typed(),
        keydown: (event) => this.key(event),
        paste: (event) => this.take(event, event.clipboardData),
        blur: () => this.offer(null),
        click: () => this.typed(),
      },
    });
    this.chips = h("div", { class: "chips" });
    this.picker = h("input", {
      type: "file",
      multiple: true,
      hidden: true,
      on: { change: () => (this.attach(this.picker.files), (this.picker.value = "")) },
    });
    this.sendButton = h(
      "button",
      {
        type: "button",
        class: "send",
        "aria-label": "Send",
        title: "Send (Enter)",
        disabled: true,
        on: { click: () => this.send() },
      },
      icon("send"),
    );
    this.clip = iconButton("clip", "Attach files", () => this.picker.click());
    this.bar = h(
      "div",
      { class: "composer-bar" },
      this.clip,
      this.extras(),
      h("span", { class: "grow" }),
      h("span", { class: "keys" }, "Shift + Enter for a new line"),
      this.sendButton,
    );
    this.box = h("div", { class: "composer-box" }, this.chips, this.field, this.bar, this.picker);
    this.note = h("div", { class: "composer-note", role: "status" });
    this.node = h("div", { class: "composer" }, this.suggestions.node, this.box, this.note);
    this.box.addEventListener("dragover", (event) => event.preventDefault());
    this.box.addEventListener("drop", (event) => this.take(event, event.dataTransfer));
  }

  /** What stands in the bar beside the paper clip. */
  extras() {
    return [];
  }

  /** A button that begins a slash command. */
  slashButton() {
    const slash = {
      type: "button",
      class: "icon-button slash",
      "aria-label": "Slash commands",
      title: "Slash commands",
      on: { click: () => this.begin("/") },
    };
    return h("button", slash, "/");
  }

  /** Write for *channel*, or for the thread under *root* in it. */
  aim(channel, root, label) {
    const key = [this.chat.store.me, channel.id, root].join(" ");
    if (key !== this.key_) {
      if (this.key_) drafts.set(this.key_, this.field.value);
      this.key_ = key;
      this.field.value = drafts.get(key) ?? "";
      this.files = [];
      this.say("");
      this.typed();
    }
    Object.assign(this, { channel, root });
    this.field.placeholder = label;
    this.field.setAttribute("aria-label", label);
  }

  /** Put *text* into the field and the caret behind it. */
  begin(text) {
    this.field.value = text;
    this.field.focus();
    this.field.setSelectionRange(text.length, text.length);
    this.typed();
  }

  focus() {
    this.field.focus();
  }

  typed() {
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, innerHeight * 0.4)}px`;
    this.sendButton.disabled = !this.field.value.trim() && !this.files.length;
    if (this.note.dataset.kind === "error") this.say("");
    if (document.activeElement === this.field && this.chat.store.app) this.offer(this.suggest(this.beforeCaret()));
  }

  beforeCaret() {
    return this.field.value.slice(0, this.field.selectionStart);
  }

  offer(found) {
    this.suggestions.show(found);
    this.field.setAttribute("aria-expanded", String(this.suggestions.open));
    this.point();
  }

  point() {
    const id = this.suggestions.selectedId;
    if (id) this.field.setAttribute("aria-activedescendant", id);
    else this.field.removeAttribute("aria-activedescendant");
  }

  accept(option) {
    const rest = this.field.value.slice(this.field.selectionStart);
    this.begin(this.field.value.slice(0, option.from) + option.text + rest);
    if (!option.text.endsWith(" ")) this.offer(null);
  }

  key(event) {
    if (event.isComposing) return;
    if (this.suggestions.open && this.keyInList(event)) return event.preventDefault();
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.send();
    } else if (event.key === "ArrowUp" && !this.field.value) this.chat.editLast(this.root);
  }

  /** A key while something is offered; returns whether it was for the list. */
  keyInList(event) {
    const { suggestions } = this;
    if (event.key === "Escape") {
      event.stopPropagation();
      this.offer(null);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      suggestions.select(suggestions.index + (event.key === "ArrowDown" ? 1 : -1));
      this.point();
    } else if (
      event.key === "Tab" ||
      (event.key === "Enter" && !event.shiftKey && this.wouldChange(suggestions.selected))
    ) {
      this.accept(suggestions.selected);
    } else return false;
    return true;
  }

  wouldChange(option) {
    return this.beforeCaret().slice(option.from).trim() !== option.text.trim();
  }

  // -- sending --------------------------------------------------------------------------------------------------

  async send() {
    const text = this.field.value.trim();
    if (text || this.files.length) await this.sending(() => this.deliver(text));
  }

  /** Do *does* once at a time; what it is refused for is said under the field. */
  async sending(does) {
    if (this.busy) return;
    this.offer(null);
    this.busy = true;
    this.node.setAttribute("aria-busy", "true");
    try {
      await does();
      this.chat.sent();
    } catch (error) {
      this.say(error.message, "error");
    } finally {
      this.busy = false;
      this.node.removeAttribute("aria-busy");
    }
  }

  /** The attached files as the control API takes them. */
  encodedFiles() {
    return Promise.all(this.files.map(encoded));
  }

  clear() {
    this.field.value = "";
    this.files = [];
    this.showFiles();
    this.typed();
  }

  say(words, kind = "") {
    this.note.textContent = words;
    this.note.dataset.kind = kind;
  }

  // -- files ----------------------------------------------------------------------------------------------------

  take(event, transfer) {
    if (!transfer?.files.length) return;
    event.preventDefault();
    this.attach(transfer.files);
  }

  attach(files) {
    for (const file of files) {
      if (file.size > FILE_MAX_BYTES) this.say(`${file.name} is larger than ${sizeName(FILE_MAX_BYTES)}.`, "error");
      else this.files.push(file);
    }
    this.showFiles();
    this.typed();
    this.field.focus();
  }

  showFiles() {
    const chip = (file) => {
      const drop = iconButton("close", `Remove ${file.name}`, () => {
        this.files = this.files.filter((each) => each !== file);
        this.showFiles();
        this.typed();
      });
      return h(
        "span",
        { class: "chip" },
        icon("file"),
        h("span", {}, file.name),
        h("small", {}, sizeName(file.size)),
        drop,
      );
    };
    this.chips.replaceChildren(...this.files.map(chip));
  }
}

/** A file as the control API takes it. */
export async function encoded(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return { name: file.name, content_base64: btoa(binary) };
}
