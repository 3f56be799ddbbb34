/**
 * Owns Markdown: headings, lists, quotes, fences, tables, links, styles. As it stands, CommonMark as Slack's `markdown`
 * block shows it; Discord's is a dialect. It makes nodes only; raw HTML in the text stays text.
 */

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { codeBlock, emojiNode, link } from "./text.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

/** Patterns of running text; what a dialect does not change it takes from here, by name. */
export const INLINE = {
  code: /(?<tick>`+)(?<code>[\s\S]*?[^`])\k<tick>(?!`)/,
  label: /!?\[(?<label>(?:[^[\]]|\[[^\]]*\])*)\]\(\s*<?(?<href>[^\s)>]*)>?(?:\s+"[^"]*")?\s*\)/,
  auto: /<(?<auto>https?:\/\/[^\s<>]+|mailto:[^\s<>]+)>/,
  bare: /(?<bare>https?:\/\/[^\s<>]*[^\s<>.,;:!?)\]}'"*_~])/,
  bold: /(?<strong>\*\*|__)(?=\S)(?<bold>[\s\S]*?\S)\k<strong>/,
  strike: /~~(?=\S)(?<strike>[\s\S]*?\S)~~/,
  em: /(?<mark>[*_])(?=\S)(?<em>(?:(?!\k<mark>)[\s\S])*?\S)\k<mark>(?![\p{L}\p{N}])/,
  emoji: /:(?<emoji>[a-z0-9_+-]+):/,
  escaped: /\\(?<escaped>[!-/:-@[-`{-~])/,
  break: /(?<break> {2,}\n|\\\n)/,
};

/** One pattern that finds any of *patterns*, the earlier ones first. */
export const anyOf = (patterns) => new RegExp(patterns.map((part) => part.source).join("|"), "gu");

/** CommonMark; a dialect overrides what it does otherwise. */
export class Markdown {
  pattern = COMMON;
  heading = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
  hasTables = true;
  hasRules = true;

  /** Nodes for *text*. */
  nodes(text) {
    return this.blocks(text.replace(/\r\n?/g, "\n").split("\n"));
  }

  blocks(lines) {
    const made = [];
    let at = 0;
    while (at < lines.length) {
      const [node, next] = this.block(lines, at);
      if (node) made.push(node);
      at = next;
    }
    return made;
  }

  /** The block that begins at line *at*, and the line after it. */
  block(lines, at) {
    const line = lines[at];
    if (!line.trim()) return [null, at + 1];
    const fence = line.match(FENCE);
    if (fence) return this.fenced(lines, at, fence[1]);
    const heading = line.match(this.heading);
    if (heading) return [this.headed(heading[1].length, heading[2]), at + 1];
    if (this.hasRules && RULE.test(line)) return [h("hr"), at + 1];
    if (QUOTE.test(line)) return this.quoted(lines, at);
    if (ITEM.test(line)) return this.listed(lines, at);
    if (this.hasTables && line.includes("|") && isTableRule(lines[at + 1])) return this.table(lines, at);
    return this.paragraph(lines, at);
  }

  headed(level, text) {
    return h(`h${Math.min(level + 2, 6)}`, { class: `heading-${level}` }, this.inline(text));
  }

  fenced(lines, at, fence) {
    let end = at + 1;
    while (end < lines.length && !lines[end].trim().startsWith(fence)) end++;
    return [codeBlock(lines.slice(at + 1, end).join("\n")), end + 1];
  }

  quoted(lines, at) {
    let end = at;
    while (end < lines.length && QUOTE.test(lines[end])) end++;
    const inner = lines.slice(at, end).map((line) => line.match(QUOTE)[1]);
    return [h("blockquote", {}, this.blocks(inner)), end];
  }

  /** A list: items of one kind at one indent; what is indented below an item belongs to it. */
  listed(lines, at) {
    const [, indent, marker] = lines[at].match(ITEM);
    const ordered = /\d/.test(marker);
    const list = h(ordered ? "ol" : "ul", ordered ? { start: parseInt(marker, 10) } : {});
    const belongsToList = (item) =>
      item && item[1].length <= indent.length + 1 && item[1].length >= indent.length && /\d/.test(item[2]) === ordered;
    let end = at;
    while (end < lines.length) {
      const item = lines[end].match(ITEM);
      if (!belongsToList(item)) break;
      const [inner, next] = this.itemLines(lines, end, indent, item[3]);
      list.append(this.item(inner));
      end = next;
      while (end < lines.length - 1 && !lines[end].trim() && ITEM.test(lines[end + 1])) end++;
    }
    return [list, end];
  }

  /** The lines of the item that begins at line *at*, and the line after it. */
  itemLines(lines, at, indent, first) {
    const inner = [first];
    let end = at + 1;
    for (; end < lines.length; end++) {
      const deeper = lines[end].match(/^\s*/)[0].length > indent.length + 1;
      const belongs = /^\s/.test(lines[end]) && (deeper || !ITEM.test(lines[end]));
      const lazy = lines[end].trim() && !ITEM.test(lines[end]) && !this.startsBlock(lines[end]);
      const gap = !lines[end].trim() && /^\s+\S/.test(lines[end + 1] ?? "");
      if (!belongs && !lazy && !gap) break;
      inner.push(lines[end].replace(/^\s{1,4}/, ""));
    }
    return [inner, end];
  }

  startsBlock(line) {
    return FENCE.test(line) || this.heading.test(line) || (this.hasRules && RULE.test(line)) || QUOTE.test(line);
  }

  item(inner) {
    const task = inner[0].match(/^\[([ xX])\]\s+(.*)$/);
    if (task) inner[0] = task[2];
    const content = this.blocks(inner);
    const shown = content[0]?.localName === "p" ? [...content[0].childNodes, ...content.slice(1)] : content;
    const box = task && h("input", { type: "checkbox", checked: task[1] !== " ", disabled: true });
    return h("li", { class: task ? "task" : null }, box, shown);
  }

  table(lines, at) {
    const row = (line, tag) =>
      h(
        "tr",
        {},
        cells(line).map((cell) => h(tag, {}, this.inline(cell))),
      );
    let end = at + 2;
    while (end < lines.length && lines[end].includes("|")) end++;
    const body = lines.slice(at + 2, end).map((line) => row(line, "td"));
    const table = h("table", {}, h("thead", {}, row(lines[at], "th")), h("tbody", {}, body));
    return [h("div", { class: "table", tabIndex: 0 }, table), end];
  }

  paragraph(lines, at) {
    let end = at + 1;
    while (end < lines.length && lines[end].trim() && !this.startsBlock(lines[end]) && !ITEM.test(lines[end])) end++;
    return [h("p", {}, this.inline(lines.slice(at, end).join("\n"))), end];
  }

  /** Styles, links, code and emoji of running text. */
  inline(text) {
    const made = [];
    let at = 0;
    for (const match of text.matchAll(this.pattern)) {
      const node = this.styled(match.groups, text, match.index);
      if (node === null) continue;
      made.push(text.slice(at, match.index), node);
      at = match.index + match[0].length;
    }
    return [...made, text.slice(at)];
  }

  styled(found, text, index) {
    if (found.code !== undefined) return h("code", {}, found.code.trim() || found.code);
    if (found.label !== undefined) return link(found.href, found.label || found.href);
    if (found.auto ?? found.bare) return link(found.auto ?? found.bare, found.auto ?? found.bare);
    if (found.bold !== undefined) return h("strong", {}, this.inline(found.bold));
    if (found.strike !== undefined) return h("s", {}, this.inline(found.strike));
    if (found.em !== undefined) {
      const inWord = found.mark === "_" && /[\p{L}\p{N}]/u.test(text[index - 1] ?? " ");
      return inWord ? null : h("em", {}, this.inline(found.em));
    }
    if (found.emoji !== undefined) return emoji(found.emoji) ? emojiNode(found.emoji) : null;
    return found.escaped ?? h("br");
  }
}

const COMMON = anyOf(Object.values(INLINE));
const isTableRule = (line) => Boolean(line) && line.includes("-") && TABLE_RULE.test(line);

const cells = (line) =>
  line
    .trim()
    .replace(/^\||\|$/g, "")
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll("\\|", "|"));
