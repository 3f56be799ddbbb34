/** Owns what Slack's modals hold. Called by Slack's chat. */

import { isEmpty, ModalView, REQUIRED } from "../modal.js";
import { blockNodes } from "./blocks.js";
import { plain } from "./elements.js";

const FAILED = {
  operation_timeout: "We had some trouble connecting: the app did not answer in time. Try again?",
  dispatch_failed: "The app is not connected.",
};

export class SlackModal extends ModalView {
  words(view) {
    return {
      title: plain(view.title),
      submit: view.submit ? plain(view.submit) : null,
      close: plain(view.close) || "Cancel",
    };
  }

  body(view, values) {
    const name = (spec, block) => `${block.block_id}\n${spec.action_id}`;
    return blockNodes(view.blocks, {
      id: view.id,
      world: this.chat.store,
      filled: (spec, block) => values.get(name(spec, block)),
      fill: (spec, block, value) => values.set(name(spec, block), value),
      use: (spec, block, value, node) => this.use(view, spec, block, value, node),
    });
  }

  read(view, values) {
    const missing = {};
    const given = {};
    for (const block of view.blocks.filter((each) => each.type === "input")) {
      const value = values.get(`${block.block_id}\n${block.element.action_id}`);
      if (!isEmpty(value)) given[block.block_id] = value;
      else if (!block.optional) missing[block.block_id] = REQUIRED;
    }
    return { missing, given };
  }

  failure(error) {
    return FAILED[error] ?? error;
  }

  objections({ payload }) {
    return payload?.response_action === "errors" ? (payload.errors ?? {}) : {};
  }

  closing(view) {
    return { whole_stack: Boolean(view.clear_on_close) };
  }

  async use(view, spec, block, value, node) {
    node.setAttribute("aria-busy", "true");
    const { store } = this.chat;
    const given = spec.type === "button" ? {} : { value };
    const where = { view_id: view.id, action_id: spec.action_id, block_id: block.block_id };
    await this.chat.attempt(() => store.control.post("actions", { user: store.me, ...where, ...given }));
    node.removeAttribute("aria-busy");
  }
}
