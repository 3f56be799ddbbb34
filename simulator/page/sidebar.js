/** Owns the left column (workspace, channels, direct messages) and the bar on top. Called by `main`. */

import { h, icon, iconButton, showDialog } from "./dom.js";
import { appAvatar, initials } from "./people.js";

const CONNECTION = { live: "Live", connecting: "Connecting …", lost: "Connection lost. Trying again …" };

export class Sidebar {
  constructor(page) {
    this.page = page;
    this.name = h("span", { class: "workspace-name" });
    this.teams = h("select", {
      class: "team-menu",
      "aria-label": "Workspace",
      hidden: true,
      on: { change: () => page.changeTeam(this.teams.value) },
    });
    this.channels = h("ul", { class: "places" });
    this.directs = h("ul", { class: "places" });
    const add = iconButton("plus", "Create a channel", () => createChannel(page));
    this.node = h(
      "nav",
      { class: "sidebar", "aria-label": "Channels and direct messages" },
      h("div", { class: "workspace" }, this.name, this.teams),
      h(
        "div",
        { class: "places-scroll" },
        h("div", { class: "places-title" }, h("h2", {}, "Channels"), add),
        this.channels,
        h("div", { class: "places-title" }, h("h2", {}, "Direct messages")),
        this.directs,
      ),
    );
  }

  draw() {
    const { store } = this.page;
    this.name.textContent = store.team.name;
    this.teams.hidden = store.teams.length < 2;
    this.name.hidden = !this.teams.hidden;
    this.teams.replaceChildren(
      ...store.teams.map((team) => h("option", { value: team.id, selected: team.id === store.team.id }, team.name)),
    );
    const focused = document.activeElement?.closest?.(".place")?.dataset.place;
    const channels = store.places().sort((a, b) => b.is_general - a.is_general || a.name.localeCompare(b.name));
    this.channels.replaceChildren(...channels.map((channel) => this.place(channel)));
    this.directs.replaceChildren(
      this.direct(),
      h(
        "li",
        {},
        h(
          "span",
          { class: "place you" },
          initials(store.userName(store.me)),
          h("span", { class: "place-name" }, store.userName(store.me)),
          h("small", {}, "you"),
        ),
      ),
    );
    if (focused) this.node.querySelector(`[data-place="${CSS.escape(focused)}"]`)?.focus();
  }

  place(channel) {
    const { count, calls } = this.page.reading.unread(channel);
    const here = this.page.place.channel === channel.id;
    const look = [
      "place",
      count && !here && "unread",
      here && "here",
      !channel.members.has(this.page.store.me) && "outside",
      channel.is_archived && "outside",
    ];
    const node = h(
      "a",
      {
        class: look.filter(Boolean).join(" "),
        href: `/archives/${channel.id}`,
        "aria-current": here ? "page" : null,
        data: { place: channel.id },
      },
      icon(channel.kind === "group" ? "lock" : "hash"),
      h("span", { class: "place-name" }, channel.name),
      calls && !here ? h("span", { class: "badge", "aria-label": `${calls} for you` }, calls) : null,
      count && !here ? h("span", { class: "visually-hidden" }, " unread") : null,
    );
    return h("li", {}, node);
  }

  direct() {
    const { page } = this;
    const im = page.store.im();
    const { count, calls } = im ? page.reading.unread(im) : { count: 0, calls: 0 };
    const here = im && page.place.channel === im.id;
    const node = h(
      "button",
      {
        type: "button",
        class: `place ${here ? "here" : count ? "unread" : ""}`,
        "aria-current": here ? "page" : null,
        data: { place: "app" },
        on: { click: () => page.openDirect() },
      },
      h(
        "span",
        { class: "with-presence" },
        appAvatar(),
        h("span", { class: page.store.sockets.size ? "presence on" : "presence" }),
      ),
      h("span", { class: "place-name" }, page.store.app.name),
      calls && !here ? h("span", { class: "badge" }, calls) : h("small", {}, "app"),
    );
    return h("li", {}, node);
  }
}

/** The bar on top: what this is, whether it is live, and who "you" are. */
export class TopBar {
  constructor(page) {
    this.page = page;
    this.state = h("span", { class: "connection", role: "status" });
    this.people = h("select", { "aria-label": "You are", on: { change: () => page.become(this.people.value) } });
    this.picture = h("span", { class: "you-picture" });
    this.node = h(
      "header",
      { class: "topbar" },
      h("div", { class: "brand" }, appAvatar(), h("span", {}, "Muster")),
      h(
        "div",
        { class: "notice" },
        this.state,
        h("span", { class: "notice-text" }, "Simulated Slack: this workspace exists on this machine alone."),
      ),
      h(
        "label",
        { class: "you-are", title: "Act as another person" },
        h("span", { class: "you-label" }, "You are"),
        this.picture,
        this.people,
        icon("chevron"),
      ),
    );
  }

  draw() {
    const { store } = this.page;
    this.state.dataset.state = store.connection;
    this.state.textContent = CONNECTION[store.connection];
    const key =
      store
        .people()
        .map((user) => user.id + user.real_name)
        .join() + store.me;
    if (key === this.drawn) return;
    this.drawn = key;
    const about = (user) =>
      user.is_restricted ? `${user.real_name} (guest)` : user.is_admin ? `${user.real_name} (admin)` : user.real_name;
    this.people.replaceChildren(
      ...store.people().map((user) => h("option", { value: user.id, selected: user.id === store.me }, about(user))),
    );
    this.picture.replaceChildren(initials(store.userName(store.me)));
  }
}

function createChannel(page) {
  const { store } = page;
  const name = h("input", {
    class: "field",
    id: "channel-name",
    placeholder: "e.g. town-energy",
    maxlength: 80,
    autocomplete: "off",
    required: true,
  });
  const isPrivate = h("input", { type: "checkbox" });
  const note = h("div", { class: "input-error", role: "alert" });
  const create = async (event) => {
    event.preventDefault();
    const wanted = name.value
      .trim()
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_-]+/gu, "-");
    try {
      const made = await store.control.post("channels", { user: store.me, name: wanted, private: isPrivate.checked });
      dialog.close();
      page.expect(made.channel);
    } catch (error) {
      note.textContent = error.message;
    }
  };
  const cancel = h("button", { type: "button", class: "button", on: { click: () => dialog.close() } }, "Cancel");
  const form = h(
    "form",
    { on: { submit: create } },
    h("header", {}, h("h2", {}, "Create a channel")),
    h(
      "div",
      { class: "modal-body" },
      h("label", { htmlFor: "channel-name" }, "Name"),
      name,
      note,
      h(
        "label",
        { class: "choice" },
        isPrivate,
        h("span", {}, "Private", h("small", {}, `Only members see it. Bring ${store.app.name} in with an invitation.`)),
      ),
    ),
    h("footer", {}, cancel, h("button", { type: "submit", class: "button primary" }, "Create")),
  );
  const dialog = showDialog("modal", "Create a channel", form);
  name.focus();
}
