/**
 * Owns `rich_text` blocks: what Slack's composer makes, and what apps may send.
 * Called by `blocks`. Source: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block
 */

import { h } from "../dom.js";
import { patterned } from "../moment.js";
import { codeBlock, emojiNode, link } from "../text.js";
import { channelLink, mention } from "./mrkdwn.js";

/** Nodes for a `rich_text` block. */
export function richText(block, world) {
  return (block.elements ?? []).map((part) => shaped(part, world));
}

function shaped(part, world) {
  const inner = () => (part.elements ?? []).map((element) => leaf(element, world));
  switch (part.type) {
    case "rich_text_preformatted":
      return codeBlock((part.elements ?? []).map((element) => element.text ?? element.url ?? "").join(""));
    case "rich_text_quote":
      return h("blockquote", {}, inner());
    case "rich_text_list": {
      const items = (part.elements ?? []).map((item) =>
        h(
          "li",
          {},
          (item.elements ?? []).map((element) => leaf(element, world)),
        ),
      );
      const numbered = part.style === "ordered";
      const list = h(numbered ? "ol" : "ul", numbered && part.offset ? { start: part.offset + 1 } : {}, items);
      return part.indent ? h("div", { class: `indent-${Math.min(part.indent, 4)}` }, list) : list;
    }
    default:
      return h("span", {}, inner());
  }
}

function leaf(element, world) {
  const style = element.style ?? {};
  let node = bare(element, world);
  if (style.code) node = h("code", {}, node);
  if (style.strike) node = h("s", {}, node);
  if (style.italic) node = h("em", {}, node);
  if (style.bold) node = h("strong", {}, node);
  return node;
}

function bare(element, world) {
  switch (element.type) {
    case "link":
      return link(element.url, element.text ?? element.url);
    case "emoji":
      return emojiNode(element.name);
    case "user":
      return mention(element.user_id, world);
    case "channel":
      return channelLink(element.channel_id, null, world);
    case "broadcast":
      return h("span", { class: "mention broadcast" }, `@${element.range}`);
    case "usergroup":
      return h("span", { class: "mention" }, `@${element.usergroup_id}`);
    case "date":
      return h("time", {}, patterned(new Date(element.timestamp * 1000), element.format ?? element.fallback ?? ""));
    default:
      return document.createTextNode(element.text ?? element.value ?? "");
  }
}
