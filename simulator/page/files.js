/** Owns how files look: images in place that open large, cards for all else. Called by `message` and `blocks`. */

import { h, icon, iconButton, showDialog } from "./dom.js";
import { sizeName } from "./moment.js";

const SHOWN = /^image\/(png|jpeg|gif|webp|svg\+xml)$/;

/** The files of a message. */
export function fileCards(files, world) {
  return h(
    "div",
    { class: "files" },
    files.map((file) => (SHOWN.test(file.mimetype) ? imageFile(file, world) : card(file, world))),
  );
}

function imageFile(file, world) {
  const title = h("span", { class: "file-title" }, file.title || file.name);
  return h(
    "figure",
    { class: "image-file" },
    h("figcaption", {}, title),
    zoomable(world.fileUrl(file.id), file.alt_txt || file.title || file.name, file.name),
  );
}

function card(file, world) {
  const kind = `${file.pretty_type || "File"} · ${sizeName(file.size)}`;
  return h(
    "a",
    { class: "file-card", href: world.fileUrl(file.id), download: file.name },
    h("span", { class: "file-icon" }, icon("file")),
    h(
      "span",
      { class: "file-text" },
      h("span", { class: "file-title" }, file.title || file.name),
      h("small", {}, kind),
    ),
    h("span", { class: "file-get" }, icon("download")),
  );
}

/** The image of an `image` block or element. Pictures from elsewhere are named, not loaded: nothing leaves the machine. */
export function picture(spec, world, look) {
  const address = spec.slack_file?.id
    ? world.fileUrl(spec.slack_file.id)
    : (spec.slack_file?.url ?? spec.image_url ?? "");
  if (!URL.canParse(address, location.href)) return h("span", { class: "unknown-block" }, `Image: ${spec.alt_text}`);
  const target = new URL(address, location.href);
  if (target.origin !== location.origin) {
    const label = `Image: ${spec.alt_text} (${target.host}, not loaded)`;
    return h("a", { class: "outside-image", href: target.href, target: "_blank", rel: "noopener noreferrer" }, label);
  }
  if (look === "small-image") return h("img", { class: look, src: target.href, alt: spec.alt_text ?? "" });
  return zoomable(target.href, spec.alt_text, spec.alt_text);
}

function zoomable(address, alt, name) {
  const open = () => enlarge(address, alt, name);
  return h(
    "button",
    { type: "button", class: "image-button", "aria-label": `Enlarge ${alt}`, on: { click: open } },
    h("img", { src: address, alt, loading: "lazy" }),
  );
}

function enlarge(address, alt, name) {
  const close = iconButton("close", "Close", () => dialog.close());
  const get = h(
    "a",
    { class: "icon-button", href: address, download: name, "aria-label": "Download", title: "Download" },
    icon("download"),
  );
  const dialog = showDialog(
    "lightbox",
    alt,
    h("header", {}, h("span", {}, name), get, close),
    h("img", { src: address, alt }),
  );
}
