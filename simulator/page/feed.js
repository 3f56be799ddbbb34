/**
 * Owns the live connection: snapshots of all platforms, then everything that happens, from one feed.
 * Called by `main`. A browser keeps few connections to one server, so all platforms share one.
 */

import { Refused } from "./control.js";

const KINDS =
  "message.,ephemeral.,reaction.,channel.,thread.,view.,modal.,socket.,user.added,member.,role.,guild.,commands.,app.,fault.,worker.";
const SILENCE_MS = 40_000;
const RETRY_MS = [300, 700, 1500, 3000];

export class Feed {
  /** @param {import("./store.js").Store[]} stores @param {() => void} changed told when the connection's state changed */
  constructor(stores, changed) {
    this.stores = stores;
    this.changed = changed;
    this.state = "connecting";
  }

  /** Follow what happens for as long as the page is open; after each break new snapshots fill the gap. */
  async run() {
    for (let failures = 0; ;) {
      try {
        await Promise.all(this.stores.map((store) => store.reload()));
        failures = 0;
        this.become("live");
        await this.follow(Math.min(...this.stores.map((store) => store.position)));
      } catch (error) {
        if (error instanceof Refused && this.stores.some((store) => !store.team)) throw error;
      }
      this.become("lost");
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS[Math.min(failures++, RETRY_MS.length - 1)]));
    }
  }

  become(state) {
    this.state = state;
    this.changed();
  }

  /** Hand each thing that happens after entry *after* to the stores, until the connection is lost. */
  async follow(after) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    try {
      const asked = new URLSearchParams({ after, kinds: KINDS });
      const response = await fetch(`/control/feed?${asked}`, { signal: silence.signal, cache: "no-store" });
      if (!response.ok) throw new Refused(`the feed answered ${response.status}`);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let unread = "";
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        const parts = (unread + chunk.value).split("\n\n");
        unread = parts.pop();
        parts.forEach((part) => this.take(part));
      }
    } finally {
      clearTimeout(timer);
    }
  }

  take(part) {
    const line = part.split("\n").find((each) => each.startsWith("data: "));
    if (!line) return;
    const entry = JSON.parse(line.slice(6));
    for (const store of this.stores) store.hear(entry);
  }
}
