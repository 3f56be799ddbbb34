/** Owns the HTTP of one platform's control API: asking, doing, files. Called by the stores and the views. */

/** The simulator refused; the message says why. */
export class Refused extends Error {}

/** The control API of one workspace or guild. */
export class Control {
  /**
   * @param {string} platform
   * @param {string | null} team id of the workspace; the first one when null
   */
  constructor(platform, team) {
    this.platform = platform;
    this.team = team;
  }

  /** What a GET of *path* answers. */
  async get(path, query = {}) {
    return answered(await fetch(this.url(path, query)));
  }

  /** Do *path* with *body*; answers what came of it, or throws `Refused`. */
  async post(path, body) {
    return send("POST", this.path(path), this.team ? { ...body, team: this.team } : body);
  }

  /** Put a fault in force, or change a setting: what is asked of the platform, not of a workspace. */
  async order(path, body) {
    return send("POST", this.path(path), body);
  }

  /** Lift the fault *id*, or all. */
  async clearFaults(id = null) {
    return send("DELETE", this.path(id === null ? "faults" : `faults?id=${id}`));
  }

  /** Address of a file's bytes. */
  fileUrl(id) {
    return this.url(`files/${encodeURIComponent(id)}`);
  }

  url(path, query = {}) {
    const asked = new URLSearchParams(this.team ? { ...query, team: this.team } : query);
    return asked.size ? `${this.path(path)}?${asked}` : this.path(path);
  }

  path(path) {
    return `/control/${this.platform}/${path}`;
  }
}

/** Send a body to the simulator; answers what came of it, or throws `Refused`. */
export async function send(method, path, body = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refused("The simulator cannot be reached. It was not sent.");
  }
  return answered(response);
}

/** What a response says. */
export async function answered(response) {
  const body = await response.json().catch(() => ({}));
  if (!response.ok) throw new Refused(body.error ?? `The simulator answered ${response.status}.`);
  return body;
}
