/**
 * Owns Discord's markup: makes nodes of a message's content and of embeds. It makes nodes only; what it does not know
 * stays text. Source: https://docs.discord.com/developers/reference#message-formatting
 */

import { h } from "../dom.js";
import { anyOf, INLINE, Markdown } from "../markdown.js";
import { patterned, relative } from "../moment.js";
import { isJumbo } from "../text.js";

const TIMES = {
  t: "{time}",
  T: "{time_secs}",
  d: "{date_num}",
  D: "{date}",
  f: "{date} at {time}",
  F: "{date_long} at {time}",
};
const PATTERN = anyOf([
  INLINE.code,
  /<@!?(?<user>\d+)>/,
  /<@&(?<role>\d+)>/,
  /<#(?<channel>\d+)>/,
  /<t:(?<time>-?\d{1,13})(?::(?<style>[tTdDfFR]))?>/,
  /<\/(?<command>[^:<>]+):\d+>/,
  /<a?:(?<custom>\w+):\d+>/,
  /(?<everyone>@everyone|@here)/,
  INLINE.label,
  INLINE.auto,
  INLINE.bare,
  /\|\|(?<spoiler>[\s\S]+?)\|\|/,
  /\*\*(?=\S)(?<bold>[\s\S]*?\S)\*\*(?!\*)/,
  /__(?=\S)(?<under>[\s\S]*?\S)__(?!_)/,
  INLINE.strike,
  INLINE.em,
  INLINE.emoji,
  INLINE.escaped,
]);

/** Nodes for *text*; *world* is who and what the text may name. */
export function discordMarkdown(text, world) {
  return new DiscordMarkdown(world).nodes(text);
}

/** A message's content. */
export function contentNode(text, world) {
  if (!text) return null;
  return h("div", { class: isJumbo(text) ? "markdown jumbo" : "markdown" }, discordMarkdown(text, world));
}

class DiscordMarkdown extends Markdown {
  pattern = PATTERN;
  heading = /^(#{1,3})\s+(.+?)\s*$/;
  hasTables = false;
  hasRules = false;

  constructor(world) {
    super();
    this.world = world;
  }

  block(lines, at) {
    const small = lines[at].match(/^-#\s+(.*)$/);
    if (small) return [h("p", { class: "small-text" }, this.inline(small[1])), at + 1];
    const rest = lines[at].match(/^>>>\s?(.*)$/);
    if (rest) return [h("blockquote", {}, this.blocks([rest[1], ...lines.slice(at + 1)])), lines.length];
    return super.block(lines, at);
  }

  startsBlock(line) {
    return /^(-#|>>>)\s/.test(line) || super.startsBlock(line);
  }

  styled(found, text, index) {
    const { world } = this;
    if (found.user) return mention(`@${world.userName(found.user)}`, found.user === world.me);
    if (found.role) return mention(`@${world.roles.get(found.role)?.name ?? "role"}`, false);
    if (found.everyone) return mention(found.everyone, true);
    if (found.channel) return this.channel(found.channel);
    if (found.command) return mention(`/${found.command}`, false);
    if (found.custom) return `:${found.custom}:`;
    if (found.time) return time(new Date(Number(found.time) * 1000), found.style ?? "f");
    if (found.spoiler !== undefined) return spoiler(this.inline(found.spoiler));
    if (found.under !== undefined) return h("u", {}, this.inline(found.under));
    return super.styled(found, text, index);
  }

  channel(id) {
    const name = this.world.channelName(id);
    return name ? h("a", { class: "mention", href: `/channels/${this.world.team.id}/${id}` }, `#${name}`) : "#unknown";
  }
}

function mention(label, mine) {
  return h("span", { class: mine ? "mention mine" : "mention" }, label);
}

function time(moment, style) {
  if (Number.isNaN(moment.getTime())) return "Invalid date";
  const shown = style === "R" ? relative(moment) : patterned(moment, TIMES[style]);
  return h("time", { class: "moment", datetime: moment.toISOString() }, shown);
}

function spoiler(inner) {
  const node = h(
    "button",
    { type: "button", class: "spoiler", "aria-label": "Spoiler", "aria-expanded": "false" },
    inner,
  );
  node.addEventListener("click", () => {
    node.setAttribute("aria-expanded", "true");
    node.removeAttribute("aria-label");
  });
  return node;
}
