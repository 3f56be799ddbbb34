/** Owns Slack's left column: workspace, channels, direct messages. Called by Slack's chat. */

import { createChannel } from "../create-channel.js";
import { h, icon, iconButton } from "../dom.js";
import { appAvatar, initials } from "../people.js";

export class SlackSidebar {
  constructor(chat) {
    this.chat = chat;
    this.name = h("span", { class: "workspace-name" });
    this.teams = h("select", {
      class: "team-menu",
      "aria-label": "Workspace",
      hidden: true,
      on: { change: () => chat.changeTeam(this.teams.value) },
    });
    this.channels = h("ul", { class: "places" });
    this.directs = h("ul", { class: "places" });
    const add = iconButton("plus", "Create a channel", () => createChannel(chat));
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
    const { store } = this.chat;
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
    const { count, calls } = this.chat.reading.unread(channel);
    const here = this.chat.place.channel === channel.id;
    const look = [
      "place",
      count && !here && "unread",
      here && "here",
      !channel.members.has(this.chat.store.me) && "outside",
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
    const { chat } = this;
    const im = chat.store.im();
    const { count, calls } = im ? chat.reading.unread(im) : { count: 0, calls: 0 };
    const here = im && chat.place.channel === im.id;
    const node = h(
      "button",
      {
        type: "button",
        class: `place ${here ? "here" : count ? "unread" : ""}`,
        "aria-current": here ? "page" : null,
        data: { place: "app" },
        on: { click: () => chat.openDirect() },
      },
      h(
        "span",
        { class: "with-presence" },
        appAvatar(),
        h("span", { class: chat.store.sockets.size ? "presence on" : "presence" }),
      ),
      h("span", { class: "place-name" }, chat.store.app.name),
      calls && !here ? h("span", { class: "badge" }, calls) : h("small", {}, "app"),
    );
    return h("li", {}, node);
  }
}
