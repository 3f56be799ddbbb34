/**
 * Owns Block Kit blocks and attachments as nodes, in messages and in forms. Called by `message` and `modal`.
 * Source: https://docs.slack.dev/reference/block-kit/blocks
 */

import { h } from "../dom.js";
import { picture } from "../files.js";
import { Markdown } from "../markdown.js";
import { element, plain } from "./elements.js";
import { mrkdwn } from "./mrkdwn.js";
import { richText } from "./rich-text.js";

/** Nodes for *blocks*; see `elements` for what a scene is. */
export function blockNodes(blocks, scene) {
  return blocks.map((block) => h("div", { class: `block block-${block.type}` }, inside(block, scene)));
}

function inside(block, scene) {
  switch (block.type) {
    case "section":
      return section(block, scene);
    case "header":
      return h("h3", { class: "block-heading" }, plain(block.text));
    case "divider":
      return h("hr");
    case "context":
      return block.elements.map((part) =>
        part.type === "image" ? element(part, block, scene) : h("span", { class: "context-text" }, text(part, scene)),
      );
    case "actions":
    case "context_actions":
      return (block.elements ?? []).map((part) => element(part, block, scene));
    case "image":
      return [
        block.title && h("div", { class: "image-title" }, plain(block.title)),
        picture(block, scene.world, "image"),
      ];
    case "markdown":
      return h("div", { class: "markdown" }, new Markdown().nodes(block.text));
    case "rich_text":
      return richText(block, scene.world);
    case "input":
      return input(block, scene);
    case "table":
      return table(block, scene);
    default:
      return h("span", { class: "unknown-block" }, `This block cannot be shown here: ${block.type}`);
  }
}

/** A text object as nodes. */
export function text(spec, scene) {
  if (spec.type !== "mrkdwn") return [plain(spec)];
  return mrkdwn(spec.text, scene.world, { links: !spec.verbatim });
}

function section(block, scene) {
  const fields = block.fields?.length
    ? h(
        "div",
        { class: "fields" },
        block.fields.map((field) => h("div", {}, text(field, scene))),
      )
    : null;
  const accessory = block.accessory ? h("div", { class: "accessory" }, element(block.accessory, block, scene)) : null;
  return [
    h("div", { class: "section-text" }, block.text ? h("div", {}, text(block.text, scene)) : null, fields),
    accessory,
  ];
}

function input(block, scene) {
  const node = element(block.element, block, scene);
  const id = `${scene.id}-${block.block_id}`;
  if (["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName)) node.id = id;
  else node.setAttribute("aria-labelledby", `${id}-label`);
  const hint = block.hint ? h("div", { class: "hint", id: `${id}-hint` }, plain(block.hint)) : null;
  if (hint) node.setAttribute("aria-describedby", hint.id);
  const label = h(
    "label",
    { htmlFor: id, id: `${id}-label` },
    plain(block.label),
    block.optional ? h("small", {}, " (optional)") : null,
  );
  return [label, node, hint, h("div", { class: "input-error", role: "alert", data: { block: block.block_id } })];
}

function table(block, scene) {
  const cell = (spec, tag) => h(tag, {}, spec.type === "rich_text" ? richText(spec, scene.world) : (spec.text ?? ""));
  const rows = (block.rows ?? []).map((row, index) =>
    h(
      "tr",
      {},
      row.map((spec) => cell(spec, index ? "td" : "th")),
    ),
  );
  return h("div", { class: "table", tabIndex: 0 }, h("table", {}, rows));
}

/** Nodes for a message's older kind of attachments. */
export function attachmentNodes(attachments, scene) {
  return attachments.map((attachment) =>
    h(
      "div",
      { class: "attachment" },
      attachment.pretext ? h("div", {}, mrkdwn(attachment.pretext, scene.world)) : null,
      attachment.title ? h("strong", {}, attachment.title) : null,
      attachment.blocks
        ? blockNodes(attachment.blocks, scene)
        : h("div", {}, mrkdwn(attachment.text ?? attachment.fallback ?? "", scene.world)),
    ),
  );
}
