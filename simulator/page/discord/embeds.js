/**
 * Owns embeds and attachments as nodes. Called by `message` and `components`.
 * Source: https://docs.discord.com/developers/resources/message#embed-object
 */

import { h } from "../dom.js";
import { fileCards, picture } from "../files.js";
import { fullTimeOf } from "../moment.js";
import { emojiAvatar, initials } from "../people.js";
import { link } from "../text.js";
import { discordMarkdown } from "./markdown.js";

const ON_CDN = /\/discord\/cdn\/attachments\/\d+\/(\d+)\//;
const EMOJI_FIRST = /^(\p{Extended_Pictographic}[\ufe0f\u200d\p{Extended_Pictographic}]*)\s+(.+)$/u;

/** One embed. */
export function embedNode(embed, world) {
  const colour = embed.color === undefined ? null : `#${embed.color.toString(16).padStart(6, "0")}`;
  const thumbnail = embed.thumbnail ? h("div", { class: "embed-thumbnail" }, image(embed.thumbnail, "", world)) : null;
  const node = h(
    "div",
    { class: "embed" },
    h(
      "div",
      { class: "embed-text" },
      embed.author ? author(embed.author) : null,
      embed.title ? h("div", { class: "embed-title" }, title(embed, world)) : null,
      embed.description ? h("div", { class: "markdown" }, discordMarkdown(embed.description, world)) : null,
      embed.fields?.length ? fields(embed.fields, world) : null,
    ),
    thumbnail,
    embed.image ? h("div", { class: "embed-image" }, image(embed.image, embed.title ?? "Image", world)) : null,
    footer(embed),
  );
  if (colour) node.style.setProperty("--bar", colour);
  return node;
}

/** Who speaks in it: agents begin their name with an emoji of theirs. */
function author({ name, url }) {
  const found = name.match(EMOJI_FIRST);
  const shown = found ? found[2] : name;
  const avatar = found ? emojiAvatar(found[1], shown) : initials(shown);
  return h("div", { class: "embed-author" }, avatar, h("span", {}, url ? link(url, shown) : shown));
}

function title(embed, world) {
  return embed.url ? link(embed.url, embed.title) : discordMarkdown(embed.title, world);
}

function fields(given, world) {
  const field = ({ name, value, inline }) =>
    h(
      "div",
      { class: inline ? "embed-field inline" : "embed-field" },
      h("div", { class: "embed-field-name markdown" }, discordMarkdown(name, world)),
      h("div", { class: "markdown" }, discordMarkdown(value, world)),
    );
  return h("div", { class: "embed-fields" }, given.map(field));
}

function footer(embed) {
  const moment = embed.timestamp ? Date.parse(embed.timestamp) : NaN;
  const parts = [embed.footer?.text, Number.isNaN(moment) ? null : fullTimeOf(moment)].filter(Boolean);
  return parts.length ? h("div", { class: "embed-footer" }, parts.join(" • ")) : null;
}

/** A picture by its address; those on this Discord's own CDN are loaded, others named. */
export function image({ url }, alt, world) {
  const own = url.match(ON_CDN);
  return picture({ image_url: own ? world.fileUrl(own[1]) : url, alt_text: alt || "Image" }, world, "image");
}

/** The files of a message. */
export function attachmentNodes(attachments, world) {
  const files = attachments.map((file) => ({
    id: file.id,
    name: file.filename,
    title: file.title,
    alt_txt: file.description,
    mimetype: (file.content_type ?? "").split(";")[0],
    size: file.size,
  }));
  return fileCards(files, world);
}
