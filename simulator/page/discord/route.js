/** Owns Discord's addresses: `/channels/<guild>/<channel>`, with `/threads/<thread>` beside it, and a message's id last. */

import { NOWHERE } from "../chat.js";

/** The guild's part of the address of direct messages. */
const DIRECT = "@me";
const PATH = /^\/channels\/(@me|\d+)\/(\d+)(?:\/threads\/(\d+))?(?:\/(\d+))?\/?$/;

/** What an address shows: `{team, channel, root, message}`; null when it is none of Discord's. */
export function readAddress(address) {
  const url = new URL(address, location.href);
  if (url.origin !== location.origin && !["discord.com", "ptb.discord.com"].includes(url.host)) return null;
  if (url.pathname === "/discord") return NOWHERE;
  const found = url.pathname.match(PATH);
  if (!found) return null;
  const [, guild, channel, root = null, message = null] = found;
  return { team: guild === DIRECT ? null : guild, channel, root, message };
}

/** The address of a channel, or of a thread in it; *guild* is null for direct messages. */
export function addressOf({ channel, root }, guild) {
  if (!channel) return "/discord";
  const path = `/channels/${guild ?? DIRECT}/${channel}`;
  return root ? `${path}/threads/${root}` : path;
}
