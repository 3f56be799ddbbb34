/**
 * Owns the page's address: that of what one platform shows, in its own form, and in `beside` that of what the other one
 * shows next to it. `/` is both platforms, nothing chosen.
 */

import { NOWHERE } from "./chat.js";

/** What an address shows: `{view, places}`, view being a platform's name or `both`; null when it is none of ours. */
export function readPage(address, chats) {
  const url = new URL(address, location.href);
  const everywhere = Object.fromEntries(chats.map((chat) => [chat.platform, NOWHERE]));
  if (url.origin === location.origin && url.pathname === "/") return { view: "both", places: everywhere };
  const first = placeIn(address, chats);
  if (!first) return null;
  const beside = url.searchParams.get("beside");
  const second = beside && placeIn(beside, chats);
  const places = { ...everywhere, [first.platform]: first.place };
  if (!second) return { view: first.platform, places };
  return { view: "both", places: { ...places, [second.platform]: second.place } };
}

/** The address of what *chats* show; of the first, with the others beside it. */
export function pageAddress([first, second]) {
  const url = new URL(first.address(), location.origin);
  if (second) url.searchParams.set("beside", second.address());
  return `${url.pathname}${url.search}`;
}

/** Which platform's place an address is, and what it shows there; null when it is nobody's. */
export function placeIn(address, chats) {
  for (const chat of chats) {
    const place = chat.readAddress(address);
    if (place) return { platform: chat.platform, place };
  }
  return null;
}
