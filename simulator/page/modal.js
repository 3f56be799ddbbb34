/**
 * Owns the forms that the app opens (modals): shows the one in front, keeps what is typed, submits, closes. Each
 * platform's extends it with what its forms hold (`body`), what must be filled in (`missing`) and what was objected to.
 */

import { encoded } from "./composer.js";
import { h, iconButton } from "./dom.js";

export class ModalView {
  constructor(chat) {
    this.chat = chat;
    this.values = new Map();
    this.dialog = h("dialog", { class: `modal ${chat.platform}` });
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
  }

  /** Show the modal that is in front of *me*, or none. */
  draw() {
    const view = this.chat.isShown ? this.chat.store.modal() : null;
    if (!view) {
      if (this.dialog.open) this.dialog.close();
      this.shown = null;
      this.values.clear();
      return;
    }
    const key = `${view.id} ${view.hash}`;
    if (key === this.shown) return;
    this.shown = key;
    this.view = view;
    this.render(view);
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.querySelector("input:not([type=checkbox]):not([type=radio]), textarea, select")?.focus();
  }

  render(view) {
    if (!this.values.has(view.id)) this.values.set(view.id, new Map());
    const values = this.values.get(view.id);
    const { title, submit, close } = this.words(view);
    this.note = h("div", { class: "input-error", role: "alert" });
    const cancel = h("button", { type: "button", class: "button", on: { click: () => this.close() } }, close);
    this.submitButton = submit ? h("button", { type: "submit", class: "button primary" }, submit) : null;
    const form = h(
      "form",
      { novalidate: true, on: { submit: (event) => (event.preventDefault(), this.submit(view, values)) } },
      h(
        "header",
        {},
        h("h2", {}, title),
        iconButton("close", "Close", () => this.close()),
      ),
      h("div", { class: "modal-body" }, this.body(view, values), this.note),
      h("footer", {}, cancel, this.submitButton),
    );
    form.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
    });
    this.dialog.setAttribute("aria-label", title);
    this.dialog.replaceChildren(form);
  }

  async submit(view, values) {
    if (!this.submitButton || this.submitButton.getAttribute("aria-busy")) return;
    this.complain({});
    const { missing, given } = this.read(view, values);
    if (Object.keys(missing).length) return this.complain(missing);
    this.submitButton.setAttribute("aria-busy", "true");
    try {
      const { store } = this.chat;
      const asked = { user: store.me, view_id: view.id, values: await this.send(given) };
      const outcome = await store.control.post("views/submit", asked);
      if (outcome.error) this.note.textContent = this.failure(outcome.error);
      else this.complain(this.objections(outcome));
    } catch (error) {
      this.note.textContent = error.message;
    } finally {
      this.submitButton?.removeAttribute("aria-busy");
    }
  }

  /** Say *errors* (by input) under their inputs. */
  complain(errors) {
    for (const place of this.dialog.querySelectorAll(".input-error"))
      place.textContent = errors[place.dataset.block] ?? "";
    const first = Object.keys(errors)[0];
    const block = first && this.dialog.querySelector(`.input-error[data-block="${CSS.escape(first)}"]`);
    block?.parentElement.querySelector("input, textarea, select")?.focus();
  }

  /** What was filled in as the control API takes it: files with their bytes. */
  async send(given) {
    const ready = ([name, value]) =>
      Array.isArray(value) && value[0] instanceof File
        ? Promise.all(value.map(encoded)).then((files) => [name, files])
        : [name, value];
    return Object.fromEntries(await Promise.all(Object.entries(given).map(ready)));
  }

  /** What the app objected to, by input. */
  objections() {
    return {};
  }

  async close() {
    const { store } = this.chat;
    const asked = { user: store.me, view_id: this.view.id, ...this.closing(this.view) };
    await this.chat.attempt(() => store.control.post("views/close", asked));
  }

  closing() {
    return {};
  }
}

export const REQUIRED = "Please complete this required field.";
export const isEmpty = (value) =>
  value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);
