/** Owns the form that makes a channel. Called by the platforms' sidebars. */

import { h, showDialog } from "./dom.js";

/** Ask for a name and make the channel. */
export function createChannel(chat) {
  const { store } = chat;
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
      chat.expect(made.channel);
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
      h("label", { class: "choice" }, isPrivate, h("span", {}, "Private", h("small", {}, chat.privateWords))),
    ),
    h("footer", {}, cancel, h("button", { type: "submit", class: "button primary" }, "Create")),
  );
  const dialog = showDialog(`modal ${chat.platform}`, "Create a channel", form);
  name.focus();
}
