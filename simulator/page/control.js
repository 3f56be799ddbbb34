/** Owns the HTTP of the control API: asking, doing, and the live feed. Called by `store` and the views. */

const KINDS = "message.,ephemeral.,reaction.,channel.,view.,socket.,user.added";
const SILENCE_MS = 40_000;

/** The simulated Slack refused; the message says why. */
export class Refused extends Error {}

/** The control API of one workspace. */
export class Control {
  /** @param {string | null} team id of the workspace; the first one when null */
  constructor(team) {
    this.team = team;
  }

  /** What a GET of *path* answers. */
  async get(path, query = {}) {
    const response = await fetch(this.url(path, query));
    return answered(response);
  }

  /** Do *path* with *body*; answers what came of it, or throws `Refused`. */
  async post(path, body) {
    const sent = JSON.stringify(this.team ? { ...body, team: this.team } : body);
    let response;
    try {
      response = await fetch(`/control/slack/${path}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: sent,
      });
    } catch {
      throw new Refused("The simulated workspace cannot be reached. It was not sent.");
    }
    return answered(response);
  }

  /** Address of a file's bytes. */
  fileUrl(id) {
    return this.url(`files/${encodeURIComponent(id)}`);
  }

  url(path, query = {}) {
    const asked = new URLSearchParams(this.team ? { ...query, team: this.team } : query);
    return `/control/slack/${path}${asked.size ? `?${asked}` : ""}`;
  }

  /** Hand each thing that happens after entry *after* to *take*, until *signal* ends it or the connection is lost. */
  async follow(after, take, signal) {
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(), SILENCE_MS);
    const either = AbortSignal.any([signal, silence.signal]);
    try {
      const response = await fetch(this.url("feed", { after, kinds: KINDS }), { signal: either, cache: "no-store" });
      if (!response.ok) throw new Refused(`the feed answered ${response.status}`);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let unread = "";
      for (let chunk = await reader.read(); !chunk.done; chunk = await reader.read()) {
        clearTimeout(timer);
        timer = setTimeout(() => silence.abort(), SILENCE_MS);
        const parts = (unread + chunk.value).split("\n\n");
        unread = parts.pop();
        parts.forEach((part) => takePart(part, take));
      }
    } finally {
      clearTimeout(timer);
    }
  }
}

function takePart(part, take) {
  const line = part.split("\n").find((each) => each.startsWith("data: "));
  if (line) take(JSON.parse(line.slice(6)));
}

async function answered(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(body.error ?? `The simulated workspace answered ${response.status}.`);
  return body;
}
