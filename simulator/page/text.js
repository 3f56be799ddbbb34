/** Owns nodes that every markup makes: code blocks, links, emoji. Called by the platforms' markup and by `markdown`. */

import { h } from "./dom.js";
import { emoji } from "./emoji.js";

/** A block of code, which scrolls by itself and can be reached with the keyboard. */
export const codeBlock = (text) => h("pre", { class: "code-block", tabIndex: 0 }, h("code", {}, text));

/** A link, where the address is one that may be followed; else just its text. */
export function link(address, label) {
  if (!/^(https?|mailto|tel):/i.test(address)) return label === address ? label : `${label} (${address})`;
  return h("a", { href: address, target: "_blank", rel: "noopener noreferrer" }, label.replace(/^(mailto|tel):/, ""));
}

/** An emoji by its short code; the code itself when it is not known. */
export function emojiNode(name) {
  const character = emoji(name);
  return h("span", { class: character ? "emoji" : null, title: `:${name}:` }, character ?? `:${name}:`);
}

/** Whether *text* is a few emoji and nothing else, which are shown large. */
export const isJumbo = (text) =>
  /^(?:(?:\p{Extended_Pictographic}|:[a-z0-9_+-]+:)[\ufe0f\u200d]?\s*){1,8}$/u.test(text);
