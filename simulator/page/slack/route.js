/** Owns Slack's addresses: `/archives/<channel>`, and as on Slack `/archives/<channel>/p<ts>?thread_ts=<root>`. */

import { NOWHERE } from "../chat.js";

/** What an address shows: `{channel, root, message}`; null when it is none of Slack's. */
export function readAddress(address) {
  const url = new URL(address, location.href);
  if (url.origin !== location.origin) return null;
  if (url.pathname === "/slack") return NOWHERE;
  const found = url.pathname.match(/^\/archives\/([^/]+)(?:\/p(\d{7,})(\d{6}))?\/?$/);
  if (!found) return null;
  const message = found[2] ? `${found[2]}.${found[3]}` : null;
  return { channel: decodeURIComponent(found[1]), root: url.searchParams.get("thread_ts") ?? message, message };
}

/** The address of a channel, or of a thread in it. */
export function addressOf({ channel, root }) {
  if (!channel) return "/slack";
  const path = `/archives/${encodeURIComponent(channel)}`;
  return root ? `${path}/p${root.replace(".", "")}?thread_ts=${root}` : path;
}
