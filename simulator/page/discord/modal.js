/** Owns what Discord's modals hold. Called by Discord's chat. */

import { isEmpty, ModalView, REQUIRED } from "../modal.js";
import { componentNodes } from "./components.js";

const FAILED = { did_not_respond: "Something went wrong. Try again." };

export class DiscordModal extends ModalView {
  words(view) {
    return { title: view.title, submit: "Submit", close: "Cancel" };
  }

  body(view, values) {
    return componentNodes(view.components, {
      id: view.id,
      world: this.chat.store,
      filled: (spec) => values.get(spec.custom_id),
      fill: (spec, value) => values.set(spec.custom_id, value),
    });
  }

  read(view, values) {
    const missing = {};
    const given = {};
    for (const input of inputsOf(view.components)) {
      const value = values.get(input.custom_id);
      if (!isEmpty(value)) given[input.custom_id] = value;
      else if (input.required !== false) missing[input.custom_id] = REQUIRED;
    }
    return { missing, given };
  }

  failure(error) {
    return FAILED[error] ?? error;
  }
}

function inputsOf(components) {
  return components.flatMap((component) => {
    if (component.type === 18) return [component.component];
    return component.type === 1 ? component.components : [];
  });
}
