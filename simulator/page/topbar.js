/** Owns the bar on top: what this is, what is shown, whether it is live, who "you" are. Called by `main`. */

import { h, icon, iconButton, nodes } from "./dom.js";
import { appAvatar, initials } from "./people.js";

const CONNECTION = { live: "Live", connecting: "Connecting …", lost: "Connection lost. Trying again …" };
const VIEWS = [
  ["slack", "Slack"],
  ["both", "Both"],
  ["discord", "Discord"],
];

export class TopBar {
  constructor(page) {
    this.page = page;
    this.state = h("span", { class: "connection", role: "status" });
    this.people = h("select", { "aria-label": "You are", on: { change: () => page.become(this.people.value) } });
    this.picture = h("span", { class: "you-picture" });
    this.views = VIEWS.map(([view, label]) => {
      const look = { type: "button", class: "view", data: { view, label }, on: { click: () => page.show(view) } };
      return h("button", look, label);
    });
    this.faults = iconButton("bolt", "Faults", () => page.faults.toggle());
    this.faults.setAttribute("aria-expanded", "false");
    this.node = h(
      "header",
      { class: "topbar" },
      h("div", { class: "brand" }, appAvatar(), h("span", {}, "Muster")),
      h("div", { class: "views", role: "group", "aria-label": "Platforms shown" }, this.views),
      h(
        "div",
        { class: "notice" },
        this.state,
        h("span", { class: "notice-text" }, "Simulated: all this exists on this machine alone."),
      ),
      this.faults,
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
    const { page } = this;
    this.state.dataset.state = page.feed.state;
    this.state.textContent = CONNECTION[page.feed.state];
    for (const node of this.views) {
      const { view } = node.dataset;
      node.setAttribute("aria-pressed", String(view === page.shownView()));
      const elsewhere = page.chats.find((chat) => chat.platform === view && !chat.isShown && chat.store.team);
      const calls = elsewhere?.calls() ?? 0;
      const badge = calls ? h("span", { class: "badge", "aria-label": `${calls} for you` }, calls) : null;
      node.replaceChildren(...nodes([node.dataset.label, badge]));
    }
    this.drawPeople();
  }

  drawPeople() {
    const { page } = this;
    const people = page.people();
    const key = people.map(({ handle, label }) => handle + label).join() + page.person;
    if (key === this.drawn) return;
    this.drawn = key;
    const option = ({ handle, label }) => h("option", { value: handle, selected: handle === page.person }, label);
    this.people.replaceChildren(...people.map(option));
    const me = people.find(({ handle }) => handle === page.person);
    this.picture.replaceChildren(initials(me?.name ?? "?"));
  }
}
