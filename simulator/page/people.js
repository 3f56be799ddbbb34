/** Owns how authors look: pictures made of initials or an emoji, the app's own mark. Called by all views. */

import { h } from "./dom.js";

const COLOURS = 8;

/** A person's picture. */
export function initials(name) {
  const letters = name
    .split(/\s+/)
    .map((word) => [...word][0] ?? "")
    .slice(0, 2)
    .join("")
    .toUpperCase();
  return h("span", { class: `avatar tint-${tint(name)}`, "aria-hidden": "true" }, letters);
}

/** The picture of a voice of the app that has an emoji. */
export function emojiAvatar(character, name) {
  return h("span", { class: `avatar emoji-avatar soft-${tint(name)}`, "aria-hidden": "true" }, character);
}

/** The app's picture: three who come together. */
export function appAvatar() {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 36 36");
  const draw = (tag, attributes) => {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) shape.setAttribute(name, value);
    svg.append(shape);
  };
  draw("path", { d: "M18 11 10.5 24M18 11l7.5 13M10.5 24h15", class: "mark-lines" });
  for (const [cx, cy, r] of [
    [18, 11, 4.2],
    [10.5, 24, 3.6],
    [25.5, 24, 3.6],
  ])
    draw("circle", { cx, cy, r, class: "mark-dots" });
  const avatar = h("span", { class: "avatar app-avatar", "aria-hidden": "true" });
  avatar.append(svg);
  return avatar;
}

function tint(name) {
  let sum = 0;
  for (const character of name) sum = (sum * 31 + character.codePointAt(0)) % 9973;
  return sum % COLOURS;
}
