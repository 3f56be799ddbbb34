/** Owns Discord's left side: direct messages and servers, then channels with their threads. Called by Discord's chat. */

import { createChannel } from "../create-channel.js";
import { h, icon, iconButton } from "../dom.js";
import { appAvatar, initials } from "../people.js";

export class DiscordSidebar {
  constructor(chat) {
    this.chat = chat;
    this.rail = h("div", { class: "rail", role: "group", "aria-label": "Servers" });
    this.name = h("span", { class: "workspace-name" });
    this.heading = h("h2", {});
    this.add = iconButton("plus", "Create a channel", () => createChannel(chat));
    this.list = h("ul", { class: "places" });
    this.you = h("div", { class: "user-area" });
    this.node = h(
      "nav",
      { class: "sidebar", "aria-label": "Servers and channels" },
      this.rail,
      h(
        "div",
        { class: "channels" },
        h("div", { class: "workspace" }, this.name),
        h("div", { class: "places-scroll" }, h("div", { class: "places-title" }, this.heading, this.add), this.list),
        this.you,
      ),
    );
  }

  draw() {
    const { store } = this.chat;
    const isHome = store.isIm(this.chat.channel());
    const focused = document.activeElement?.closest?.("[data-place], [data-server]")?.dataset;
    this.name.textContent = isHome ? "Direct messages" : store.team.name;
    this.heading.textContent = isHome ? "Direct messages" : "Text channels";
    this.add.hidden = isHome;
    this.drawRail(isHome);
    if (isHome) this.list.replaceChildren(this.direct());
    else this.list.replaceChildren(...store.places().flatMap((channel) => this.withThreads(channel)));
    const name = store.userName(store.me);
    this.you.replaceChildren(initials(name), h("span", { class: "place-name" }, name));
    if (focused) this.focusAgain(focused);
  }

  focusAgain({ place, server }) {
    const asked = place ? `[data-place="${CSS.escape(place)}"]` : `[data-server="${CSS.escape(server ?? "")}"]`;
    this.node.querySelector(asked)?.focus();
  }

  drawRail(isHome) {
    const { chat } = this;
    const { store, reading } = chat;
    const im = store.im();
    const calls = im ? reading.unread(im).calls : 0;
    const server = (team) => {
      const here = !isHome && team.id === store.team.id;
      const click = () => (team.id === store.team.id ? chat.go({}) : chat.changeTeam(team.id));
      return this.server(team.id, team.name, h("span", { class: "avatar" }, letters(team.name)), here, click);
    };
    const home = this.server("home", "Direct messages", appAvatar(), isHome, () => chat.openDirect());
    if (calls && !isHome) home.append(h("span", { class: "badge", "aria-label": `${calls} for you` }, calls));
    this.rail.replaceChildren(home, h("hr"), ...store.teams.map(server));
  }

  server(id, name, look, here, click) {
    const known = {
      type: "button",
      class: here ? "server here" : "server",
      "aria-label": name,
      title: name,
      "aria-current": here ? "true" : null,
      data: { server: id },
      on: { click },
    };
    return h("button", known, look);
  }

  withThreads(channel) {
    const threads = this.chat.store.activeThreads(channel).map((thread) => this.thread(channel, thread));
    return [this.place(channel), ...threads];
  }

  place(channel) {
    const { count, calls } = this.chat.reading.unread(channel);
    const here = this.chat.place.channel === channel.id && !this.chat.place.root;
    const node = this.link(channel.id, `/channels/${channel.guild_id}/${channel.id}`, { here, count, calls });
    node.append(icon("hash"), h("span", { class: "place-name" }, channel.name), ...marks(count, calls, here));
    return h("li", {}, node);
  }

  thread(channel, thread) {
    const count = this.chat.reading.unreadReplies(channel, thread.id);
    const here = this.chat.place.root === thread.id;
    const address = `/channels/${channel.guild_id}/${channel.id}/threads/${thread.id}`;
    const node = this.link(thread.id, address, { here, count });
    node.append(h("span", { class: "place-name" }, thread.name), ...marks(count, 0, here));
    return h("li", { class: "thread-place" }, node);
  }

  link(id, href, { here, count }) {
    const look = ["place", count && !here && "unread", here && "here"].filter(Boolean).join(" ");
    return h("a", { class: look, href, "aria-current": here ? "page" : null, data: { place: id } });
  }

  direct() {
    const { chat } = this;
    const { store } = chat;
    const known = {
      type: "button",
      class: "place here",
      "aria-current": "page",
      data: { place: "app" },
      on: { click: () => chat.openDirect() },
    };
    const presence = h("span", { class: store.sockets.size ? "presence on" : "presence" });
    const look = h("span", { class: "with-presence" }, appAvatar(), presence);
    return h("li", {}, h("button", known, look, h("span", { class: "place-name" }, store.app.name)));
  }
}

function marks(count, calls, here) {
  if (here) return [];
  return [
    calls ? h("span", { class: "badge", "aria-label": `${calls} for you` }, calls) : null,
    count ? h("span", { class: "visually-hidden" }, " unread") : null,
  ].filter(Boolean);
}

const letters = (name) =>
  name
    .split(/\s+/)
    .map((word) => [...word][0])
    .join("");
