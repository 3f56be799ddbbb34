/**
 * Owns Slack's own markup: makes nodes of a message's `text` and of mrkdwn text objects.
 * Called by `blocks` and `message`. Source: https://docs.slack.dev/messaging/formatting-message-text
 */

import { h } from "../dom.js";
import { emoji } from "../emoji.js";
import { patterned } from "../moment.js";
import { codeBlock, emojiNode, link } from "../text.js";

const ENTITIES = { "&lt;": "<", "&gt;": ">", "&amp;": "&" };
const CONTROL = /<([^<>\n]+)>/y;
const ADDRESS = /https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)\]}'"*_~]/y;
const CODE = /`([^`\n]+)`/y;
const EMOJI = /:([a-z0-9_+'-]+)(?:::skin-tone-[2-6])?:/y;
const STYLES = { "*": "strong", _: "em", "~": "s" };
const BULLET = /^(\s*)(?:[•◦▪‣-]|(\d+)[.)])\s+(.*)$/;

/** The text that stands behind Slack's escapes. */
export const unescaped = (text) => text.replace(/&(?:lt|gt|amp);/g, (entity) => ENTITIES[entity]);

/**
 * Nodes for *text*.
 * @param {object} world who and what the text may name: `userName(id)`, `channelName(id)`, `me`
 * @param {{links?: boolean}} options links: whether bare addresses become links (not in verbatim texts)
 */
export function mrkdwn(text, world, { links = true } = {}) {
  const parts = text.split(/```\n?([\s\S]*?)\n?```\n?/);
  return parts.flatMap((part, index) => {
    if (index % 2) return [codeBlock(unescaped(part).replace(/<([^<>|\n]+)(?:\|([^<>\n]*))?>/g, codeText))];
    return part ? lines(part.replace(/\n$/, index < parts.length - 1 ? "" : "\n"), { world, links }) : [];
  });
}

const codeText = (whole, target, label) => (/^[a-z]+:/i.test(target) ? (label ?? target) : whole);

/** Lines as quotes, lists and running text. */
function lines(text, given) {
  const made = [];
  let open = null;
  for (const [index, line] of text.split("\n").entries()) {
    const quote = line.match(/^(?:&gt;|>)(?!>) ?(.*)$/);
    const bullet = quote ? null : line.match(BULLET);
    const kind = quote ? "blockquote" : bullet && !/^\s*-\s*$/.test(line) ? (bullet[2] ? "ol" : "ul") : "text";
    if (kind === "text") {
      if (open && !line) continue;
      if (!open && index) made.push(h("br"));
      open = null;
      made.push(...inline(line, given));
      continue;
    }
    if (!open || open.localName !== kind) {
      open = h(kind, kind === "ol" ? { start: bullet[2] } : {});
      made.push(open);
    } else if (kind === "blockquote") open.append(h("br"));
    if (kind === "blockquote") open.append(...inline(quote[1], given));
    else open.append(h("li", { class: bullet[1].length > 1 ? "deeper" : null }, inline(bullet[3], given)));
  }
  while (made.at(-1)?.localName === "br") made.pop();
  return made;
}

/** One line's styles, links, mentions and emoji. */
function inline(text, given) {
  const made = [];
  let plain = "";
  const flush = () => {
    if (plain) made.push(unescaped(plain));
    plain = "";
  };
  let at = 0;
  while (at < text.length) {
    const found = special(text, at, given);
    if (found) {
      flush();
      made.push(found.node);
      at = found.end;
    } else plain += text[at++];
  }
  flush();
  return made;
}

function special(text, at, given) {
  const matched = (pattern) => ((pattern.lastIndex = at), pattern.exec(text));
  let match;
  if ((match = matched(CODE))) return { node: h("code", {}, unescaped(match[1])), end: at + match[0].length };
  if ((match = matched(CONTROL))) return { node: control(match[1], given.world), end: at + match[0].length };
  if (text[at] === ":" && (match = matched(EMOJI)) && emoji(match[1]))
    return { node: emojiNode(match[1]), end: at + match[0].length };
  if (given.links && text[at] === "h" && !/\w/.test(text[at - 1] ?? "") && (match = matched(ADDRESS)))
    return { node: link(unescaped(match[0]), unescaped(match[0])), end: at + match[0].length };
  return STYLES[text[at]] ? styled(text, at, given) : null;
}

/** `*bold*` and its like: the mark stands at a word's edge and holds something. */
function styled(text, at, given) {
  const mark = text[at];
  if (/[\p{L}\p{N}]/u.test(text[at - 1] ?? " ") || /[\s]/.test(text[at + 1] ?? " ") || text[at + 1] === mark)
    return null;
  for (let end = text.indexOf(mark, at + 2); end > 0; end = text.indexOf(mark, end + 1)) {
    if (/\s/.test(text[end - 1]) || /[\p{L}\p{N}]/u.test(text[end + 1] ?? " ")) continue;
    const inner = text.slice(at + 1, end);
    if ((inner.match(/`/g)?.length ?? 0) % 2) continue;
    return { node: h(STYLES[mark], {}, inline(inner, given)), end: end + 1 };
  }
  return null;
}

/** What stands between angle brackets. */
function control(content, world) {
  const [target, label] = content.split(/\|(.*)/s);
  if (target.startsWith("@")) return mention(target.slice(1), world);
  if (target.startsWith("#")) return channelLink(target.slice(1), label, world);
  if (target.startsWith("!date^")) return date(target.split("^"), label);
  if (/^!(here|channel|everyone)$/.test(target))
    return h("span", { class: "mention broadcast" }, `@${target.slice(1)}`);
  if (target.startsWith("!")) return h("span", { class: "mention" }, unescaped(label ?? target.slice(1)));
  return link(unescaped(target), unescaped(label ?? target));
}

/** A person's name, marked when it is the reader's. */
export function mention(id, world) {
  const mine = id === world.me;
  return h("span", { class: mine ? "mention mine" : "mention" }, `@${world.userName(id)}`);
}

/** A channel's name that leads to it. */
export function channelLink(id, label, world) {
  return h(
    "a",
    { class: "mention", href: `/archives/${encodeURIComponent(id)}` },
    `#${world.channelName(id) ?? label ?? id}`,
  );
}

function date([, seconds, pattern, address], fallback) {
  const moment = new Date(Number(seconds) * 1000);
  const shown = Number.isNaN(moment.getTime())
    ? unescaped(fallback ?? "")
    : patterned(moment, unescaped(pattern ?? ""));
  const node = h("time", { datetime: Number.isNaN(moment.getTime()) ? null : moment.toISOString() }, shown);
  return address ? link(unescaped(address), shown) : node;
}
