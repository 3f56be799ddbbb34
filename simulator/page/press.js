/** Owns how the use of a button or menu looks: at work until the app has answered, then what went wrong. */

import { h } from "./dom.js";

/** Do *does* for *node*; what it fails with is said beside the node. */
export async function press(node, does) {
  node.setAttribute("aria-busy", "true");
  node.parentElement.querySelector(".press-error")?.remove();
  try {
    await does();
  } catch (error) {
    node.insertAdjacentElement("afterend", h("span", { class: "press-error", role: "alert" }, error.message));
  } finally {
    node.removeAttribute("aria-busy");
  }
}
