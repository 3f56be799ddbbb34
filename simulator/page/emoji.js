/** Owns what an emoji's short code looks like, and which codes begin with what was typed. */

import { NAMES } from "./emoji-names.js";

const byName = new Map();
for (const entry of NAMES.trim().split(/[|\n]/)) {
  const [character, ...names] = entry.split(" ");
  const shown = /^\p{Emoji_Presentation}/u.test(character) || character.length > 2 ? character : `${character}\ufe0f`;
  for (const name of names) byName.set(name, shown);
}

/** Offered for a reaction before anything is typed. */
export const COMMON = [
  "+1",
  "white_check_mark",
  "eyes",
  "tada",
  "heart",
  "joy",
  "raised_hands",
  "thinking_face",
  "rocket",
  "fire",
  "clap",
  "pray",
  "-1",
  "x",
  "question",
  "octagonal_sign",
];

/** The character of `:name:`, skin tones left out; null when there is none. */
export function emoji(name) {
  return byName.get(name.replaceAll(":", " ").trim().split(" ")[0]) ?? null;
}

/** Up to *most* `[name, character]` whose name has *typed* in it, those that begin with it first. */
export function emojiLike(typed, most) {
  const wanted = typed.toLowerCase();
  const found = [...byName].filter(([name]) => name.includes(wanted));
  found.sort(([a], [b]) => b.startsWith(wanted) - a.startsWith(wanted) || a.length - b.length);
  const seen = new Set();
  return found.filter(([, character]) => !seen.has(character) && seen.add(character)).slice(0, most);
}
