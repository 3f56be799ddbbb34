/**
 * Owns CommonMark as Slack's `markdown` block shows it: headings, lists, quotes, fences, tables, links, styles.
 * Called by `blocks`. It makes nodes only; raw HTML in the text stays text.
 */

import { h } from "./dom.js";
import { emoji } from "./emoji.js";
import { codeBlock, emojiNode, link } from "./mrkdwn.js";

const FENCE = /^ {0,3}(`{3,}|~{3,})(.*)$/;
const HEADING = /^ {0,3}(#{1,6})\s+(.*?)\s*#*\s*$/;
const RULE = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^ {0,3}> ?(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const INLINE = new RegExp(
  [
    /(?<tick>`+)(?<code>[\s\S]*?[^`])\k<tick>(?!`)/,
    /!?\[(?<label>(?:[^[\]]|\[[^\]]*\])*)\]\(\s*<?(?<href>[^\s)>]*)>?(?:\s+"[^"]*")?\s*\)/,
    /<(?<auto>https?:\/\/[^\s<>]+|mailto:[^\s<>]+)>/,
    /(?<bare>https?:\/\/[^\s<>]*[^\s<>.,;:!?)\]}'"*_~])/,
    /(?<strong>\*\*|__)(?=\S)(?<bold>[\s\S]*?\S)\k<strong>/,
    /~~(?=\S)(?<strike>[\s\S]*?\S)~~/,
    /(?<mark>[*_])(?=\S)(?<em>(?:(?!\k<mark>)[\s\S])*?\S)\k<mark>(?![\p{L}\p{N}])/,
    /:(?<emoji>[a-z0-9_+-]+):/,
    /\\(?<escaped>[!-/:-@[-`{-~])/,
    /(?<break> {2,}\n|\\\n)/,
  ]
    .map((part) => part.source)
    .join("|"),
  "gu",
);

/** Nodes for the Markdown *text*. */
export function markdown(text) {
  return blocks(text.replace(/\r\n?/g, "\n").split("\n"));
}

function blocks(lines) {
  const made = [];
  let at = 0;
  while (at < lines.length) {
    const [node, next] = block(lines, at);
    if (node) made.push(node);
    at = next;
  }
  return made;
}

/** The block that begins at line *at*, and the line after it. */
function block(lines, at) {
  const line = lines[at];
  if (!line.trim()) return [null, at + 1];
  const fence = line.match(FENCE);
  if (fence) return fenced(lines, at, fence[1]);
  const heading = line.match(HEADING);
  if (heading)
    return [
      h(`h${Math.min(heading[1].length + 2, 6)}`, { class: `heading-${heading[1].length}` }, inline(heading[2])),
      at + 1,
    ];
  if (RULE.test(line)) return [h("hr"), at + 1];
  if (QUOTE.test(line)) return quoted(lines, at);
  if (ITEM.test(line)) return listed(lines, at);
  if (line.includes("|") && TABLE_RULE.test(lines[at + 1] ?? "") && lines[at + 1].includes("-"))
    return table(lines, at);
  return paragraph(lines, at);
}

function fenced(lines, at, fence) {
  let end = at + 1;
  while (end < lines.length && !lines[end].trim().startsWith(fence)) end++;
  return [codeBlock(lines.slice(at + 1, end).join("\n")), end + 1];
}

function quoted(lines, at) {
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) end++;
  return [h("blockquote", {}, blocks(lines.slice(at, end).map((line) => line.match(QUOTE)[1]))), end];
}

/** A list: items of one kind at one indent; what is indented below an item belongs to it. */
function listed(lines, at) {
  const [, indent, marker] = lines[at].match(ITEM);
  const ordered = /\d/.test(marker);
  const list = h(ordered ? "ol" : "ul", ordered ? { start: parseInt(marker, 10) } : {});
  let end = at;
  while (end < lines.length) {
    const item = lines[end].match(ITEM);
    if (!item || item[1].length > indent.length + 1 || /\d/.test(item[2]) !== ordered || item[1].length < indent.length)
      break;
    const inner = [item[3]];
    for (end += 1; end < lines.length; end++) {
      const belongs =
        /^\s/.test(lines[end]) && (lines[end].match(/^\s*/)[0].length > indent.length + 1 || !ITEM.test(lines[end]));
      const lazy = lines[end].trim() && !ITEM.test(lines[end]) && !block_starts(lines[end]);
      const gap = !lines[end].trim() && /^\s+\S/.test(lines[end + 1] ?? "");
      if (!belongs && !lazy && !gap) break;
      inner.push(lines[end].replace(/^\s{1,4}/, ""));
    }
    list.append(listItem(inner));
    while (end < lines.length - 1 && !lines[end].trim() && ITEM.test(lines[end + 1])) end++;
  }
  return [list, end];
}

const block_starts = (line) => FENCE.test(line) || HEADING.test(line) || RULE.test(line) || QUOTE.test(line);

function listItem(inner) {
  const task = inner[0].match(/^\[([ xX])\]\s+(.*)$/);
  if (task) inner[0] = task[2];
  const content = blocks(inner);
  const shown = content[0]?.localName === "p" ? [...content[0].childNodes, ...content.slice(1)] : content;
  const box = task && h("input", { type: "checkbox", checked: task[1] !== " ", disabled: true });
  return h("li", { class: task ? "task" : null }, box, shown);
}

function table(lines, at) {
  const cells = (line) =>
    line
      .trim()
      .replace(/^\||\|$/g, "")
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll("\\|", "|"));
  const row = (line, tag) =>
    h(
      "tr",
      {},
      cells(line).map((cell) => h(tag, {}, inline(cell))),
    );
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|")) end++;
  const body = lines.slice(at + 2, end).map((line) => row(line, "td"));
  return [
    h(
      "div",
      { class: "table", tabIndex: 0 },
      h("table", {}, h("thead", {}, row(lines[at], "th")), h("tbody", {}, body)),
    ),
    end,
  ];
}

function paragraph(lines, at) {
  let end = at + 1;
  while (end < lines.length && lines[end].trim() && !block_starts(lines[end]) && !ITEM.test(lines[end])) end++;
  return [h("p", {}, inline(lines.slice(at, end).join("\n"))), end];
}

/** Styles, links, code and emoji of running text. */
function inline(text) {
  const made = [];
  let at = 0;
  for (const match of text.matchAll(INLINE)) {
    const node = styled(match.groups, text, match.index);
    if (node === null) continue;
    made.push(text.slice(at, match.index), node);
    at = match.index + match[0].length;
  }
  return [...made, text.slice(at)];
}

function styled(found, text, index) {
  if (found.code !== undefined) return h("code", {}, found.code.trim() || found.code);
  if (found.label !== undefined) return link(found.href, found.label || found.href);
  if (found.auto ?? found.bare) return link(found.auto ?? found.bare, found.auto ?? found.bare);
  if (found.bold !== undefined) return h("strong", {}, inline(found.bold));
  if (found.strike !== undefined) return h("s", {}, inline(found.strike));
  if (found.em !== undefined) {
    const inWord = found.mark === "_" && /[\p{L}\p{N}]/u.test(text[index - 1] ?? " ");
    return inWord ? null : h("em", {}, inline(found.em));
  }
  if (found.emoji !== undefined) return emoji(found.emoji) ? emojiNode(found.emoji) : null;
  return found.escaped ?? h("br");
}
