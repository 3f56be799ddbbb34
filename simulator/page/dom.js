/**
 * Owns the making of DOM nodes. Content is only ever put in as text nodes and checked attributes, never as markup, so
 * nothing that a person or an app wrote can become part of the page.
 */

const SVG = "http://www.w3.org/2000/svg";
const PATHS = {
  hash: "M9 3 7 21M17 3l-2 18M4 8.5h17M3 15.5h17",
  lock: "M6 11h12v9H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11",
  plus: "M12 5v14M5 12h14",
  send: "M4 4.5 20.5 12 4 19.5 6.6 12zM6.6 12H13",
  clip: "m20 11.5-8.2 8.2a5 5 0 0 1-7.1-7.1L13 4.3a3.4 3.4 0 0 1 4.8 4.8l-8.3 8.2a1.7 1.7 0 0 1-2.4-2.4l7.6-7.5",
  close: "M6 6l12 12M18 6 6 18",
  menu: "M4 7h16M4 12h16M4 17h16",
  chevron: "m6 9 6 6 6-6",
  thread: "M4 5h16v11H11l-4.5 4v-4H4zM8 9h8M8 12h5",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14a4 4 0 0 0 7 0M9 9.5v.2M15 9.5v.2",
  link: "M10 14a4 4 0 0 0 5.7 0l3.1-3.1a4 4 0 0 0-5.7-5.7L12 6.3M14 10a4 4 0 0 0-5.7 0l-3.1 3.1a4 4 0 0 0 5.7 5.7L12 17.7",
  pencil: "M4 20l1-4L16.5 4.5l3 3L8 19zM14.5 6.5l3 3",
  trash: "M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.3 10.5v5.5M13.7 10.5v5.5",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  download: "M12 4v11M7.5 11 12 15.5 16.5 11M5 20h14",
  down: "M12 5v14M6 13l6 6 6-6",
  check: "m5 12.5 4.5 4.5L19 7.5",
  reply: "M9 6 3.5 11.5 9 17M4 11.5h9.5a6.5 6.5 0 0 1 6.5 6.5v1",
  more: "M6 12h.01M12 12h.01M18 12h.01",
  bolt: "M13 3 5 13.5h6L10 21l8.5-11H12z",
  home: "M4 11.5 12 4l8 7.5V20h-5.5v-5.5h-5V20H4z",
  apps: "M4.5 4.5h6v6h-6zM13.5 4.5h6v6h-6zM4.5 13.5h6v6h-6zM16.5 13.5v6M13.5 16.5h6",
};

/**
 * A new element. Properties: `class`, `on` (listeners by event), `data`, known DOM properties, else attributes;
 * null, undefined and false leave one out. Children: nodes, texts, arrays of them; null and false are left out.
 */
export function h(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") element.className = value;
    else if (name === "on") for (const [event, does] of Object.entries(value)) element.addEventListener(event, does);
    else if (name === "data") Object.assign(element.dataset, value);
    else if (["value", "checked", "disabled", "hidden", "selected", "htmlFor", "tabIndex"].includes(name))
      element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...nodes(children));
  return element;
}

/** *children* flattened, without what is left out. */
export function nodes(children) {
  return [children]
    .flat(Infinity)
    .filter((child) => child !== null && child !== undefined && child !== false && child !== "");
}

/** A line icon, which screen readers skip. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", "icon");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", PATHS[name]);
  svg.append(path);
  return svg;
}

/** A button with nothing but an icon; *label* is read aloud and shown as a tooltip. */
export function iconButton(name, label, does, more = {}) {
  return h(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: does }, ...more },
    icon(name),
  );
}

/** Make *container* show exactly *children*, leaving those alone that are already in place. */
export function arrange(container, children) {
  let place = container.firstChild;
  for (const child of children) {
    if (child === place) place = place.nextSibling;
    else container.insertBefore(child, place);
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

/** A modal dialog that is gone when it is closed; returns it, shown. */
export function showDialog(className, label, ...children) {
  const dialog = h("dialog", { class: className, "aria-label": label }, children);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

/** Show *panel* below or above *anchor*, until something else is used; then it is gone. */
export function showPopover(panel, anchor) {
  panel.popover = "auto";
  panel.addEventListener("toggle", (event) => event.newState === "closed" && panel.remove());
  document.body.append(panel);
  panel.showPopover();
  const box = anchor.getBoundingClientRect();
  const above = box.bottom + panel.offsetHeight > innerHeight;
  const left = Math.max(8, Math.min(box.right - panel.offsetWidth, innerWidth - panel.offsetWidth - 8));
  panel.style.left = `${left}px`;
  panel.style.top = `${above ? Math.max(8, box.top - panel.offsetHeight - 4) : box.bottom + 4}px`;
}
