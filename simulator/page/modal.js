/** Owns the forms that the app opens (modals): shows the one in front, keeps what is typed, submits, closes. */

import { blockNodes } from "./blocks.js";
import { h, iconButton } from "./dom.js";
import { plain } from "./elements.js";

const FAILED = {
  operation_timeout: "We had some trouble connecting: the app did not answer in time. Try again?",
  dispatch_failed: "The app is not connected.",
};

export class ModalView {
  constructor(page) {
    this.page = page;
    this.values = new Map();
    this.dialog = h("dialog", { class: "modal" });
    this.dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.close();
    });
    document.body.append(this.dialog);
  }

  /** Show the modal that is in front of *me*, or none. */
  draw() {
    const view = this.page.store.modal();
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
    const name = (spec, block) => `${block.block_id}\n${spec.action_id}`;
    const scene = {
      id: view.id,
      world: this.page.store,
      filled: (spec, block) => values.get(name(spec, block)),
      fill: (spec, block, value) => values.set(name(spec, block), value),
      use: (spec, block, value, node) => this.use(view, spec, block, value, node),
    };
    const title = plain(view.title);
    this.note = h("div", { class: "input-error", role: "alert" });
    const cancel = h(
      "button",
      { type: "button", class: "button", on: { click: () => this.close() } },
      plain(view.close) || "Cancel",
    );
    this.submitButton = view.submit
      ? h("button", { type: "submit", class: "button primary" }, plain(view.submit))
      : null;
    const form = h(
      "form",
      { novalidate: true, on: { submit: (event) => (event.preventDefault(), this.submit(view, values)) } },
      h(
        "header",
        {},
        h("h2", {}, title),
        iconButton("close", "Close", () => this.close()),
      ),
      h("div", { class: "modal-body" }, blockNodes(view.blocks, scene), this.note),
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
    const missing = {};
    const given = {};
    for (const block of view.blocks.filter((each) => each.type === "input")) {
      const value = values.get(`${block.block_id}\n${block.element.action_id}`);
      const empty = value === null || value === undefined || value === "" || (Array.isArray(value) && !value.length);
      if (empty && !block.optional) missing[block.block_id] = "Please complete this required field.";
      if (!empty) given[block.block_id] = value;
    }
    if (Object.keys(missing).length) return this.complain(missing);
    this.submitButton.setAttribute("aria-busy", "true");
    try {
      const { store } = this.page;
      const outcome = await store.control.post("views/submit", { user: store.me, view_id: view.id, values: given });
      if (outcome.error) this.note.textContent = FAILED[outcome.error] ?? outcome.error;
      else if (outcome.payload?.response_action === "errors") this.complain(outcome.payload.errors ?? {});
    } catch (error) {
      this.note.textContent = error.message;
    } finally {
      this.submitButton?.removeAttribute("aria-busy");
    }
  }

  complain(errors) {
    for (const place of this.dialog.querySelectorAll(".input-error"))
      place.textContent = errors[place.dataset.block] ?? "";
    const first = Object.keys(errors)[0];
    const block = first && this.dialog.querySelector(`.input-error[data-block="${CSS.escape(first)}"]`);
    block?.parentElement.querySelector("input, textarea, select")?.focus();
  }

  async use(view, spec, block, value, node) {
    node.setAttribute("aria-busy", "true");
    const { store } = this.page;
    const given = spec.type === "button" ? {} : { value };
    const where = { view_id: view.id, action_id: spec.action_id, block_id: block.block_id };
    await this.page.attempt(() => store.control.post("actions", { user: store.me, ...where, ...given }));
    node.removeAttribute("aria-busy");
  }

  async close() {
    const { store } = this.page;
    const whole = Boolean(this.view.clear_on_close);
    await this.page.attempt(() =>
      store.control.post("views/close", { user: store.me, view_id: this.view.id, whole_stack: whole }),
    );
  }
}
