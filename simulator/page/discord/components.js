/**
 * Owns components as nodes, in messages and in forms: buttons, menus, text fields, and what lays them out.
 * Called by `message` and `modal`. Source: https://docs.discord.com/developers/components/reference
 */

import { h } from "../dom.js";
import { attachmentNodes, image } from "./embeds.js";
import { discordMarkdown } from "./markdown.js";
import { menu } from "./menus.js";

const STYLES = { 1: "blurple", 2: "", 3: "primary", 4: "danger", 5: "link" };
const PARAGRAPH = 2;

/**
 * Nodes for *components*.
 * @param {object} scene where they stand: `world`, `message`, `use(component, values, node)`, and in forms
 *   `fill(component, value)`, `filled(component)`, `id`
 */
export function componentNodes(components, scene) {
  return components.map((component) => componentNode(component, scene));
}

function componentNode(component, scene) {
  const inside = () => componentNodes(component.components ?? [], scene);
  switch (component.type) {
    case 1:
      return h("div", { class: "component-row" }, inside());
    case 2:
      return button(component, scene);
    case 4:
      return scene.inLabel ? textInput(component, scene) : labelled(component, component, scene);
    case 9:
      return h(
        "div",
        { class: "component-section" },
        h("div", {}, inside()),
        h("div", { class: "accessory" }, componentNode(component.accessory, scene)),
      );
    case 10:
      return h("div", { class: "markdown" }, discordMarkdown(component.content, scene.world));
    case 11:
      return image(component.media, component.description, scene.world);
    case 12:
      return h(
        "div",
        { class: "gallery" },
        component.items.map((item) => image(item.media, item.description, scene.world)),
      );
    case 13:
      return file(component, scene);
    case 14:
      return component.divider ? h("hr") : h("div", { class: "gap" });
    case 17:
      return container(component, inside());
    case 18:
      return labelled(component, component.component, scene);
    case 19:
      return upload(component, scene);
    default:
      if ([3, 5, 6, 7, 8].includes(component.type)) return menu(component, scene);
      return h("span", { class: "unknown-block" }, `This component cannot be shown here: ${component.type}`);
  }
}

function button(spec, scene) {
  const emoji = spec.emoji && !spec.emoji.id ? h("span", { class: "emoji" }, spec.emoji.name) : null;
  const label = h("span", { class: "button-text" }, emoji, spec.label ?? "");
  const look = `button ${STYLES[spec.style] ?? ""}`;
  if (spec.style === 5) {
    const href = /^https?:/i.test(spec.url) ? spec.url : null;
    return h("a", { class: look, href, target: "_blank", rel: "noopener noreferrer" }, label);
  }
  const node = h("button", { type: "button", class: look, disabled: spec.disabled, data: { action: spec.custom_id } });
  node.append(label);
  node.addEventListener("click", () => {
    if (node.getAttribute("aria-busy") !== "true") scene.use(spec, null, node);
  });
  return node;
}

function container(component, inside) {
  const node = h("div", { class: "component-container" }, inside);
  const colour = component.accent_color;
  if (colour !== null && colour !== undefined)
    node.style.setProperty("--bar", `#${colour.toString(16).padStart(6, "0")}`);
  return node;
}

function file(component, scene) {
  const url = component.file?.url ?? "";
  const found = (scene.message?.attachments ?? []).filter(
    ({ url: own, filename }) => own === url || url.endsWith(filename),
  );
  return found.length ? attachmentNodes(found.slice(0, 1), scene.world) : h("span", { class: "unknown-block" }, url);
}

// -- forms --------------------------------------------------------------------------------------------------------

/** An input with its label, and a place for what is wrong with it. */
function labelled(label, input, scene) {
  const id = `${scene.id}-${input.custom_id}`;
  const node = componentNode(input, { ...scene, inLabel: true });
  if (["INPUT", "TEXTAREA", "SELECT"].includes(node.tagName)) node.id = id;
  else node.setAttribute("aria-labelledby", `${id}-label`);
  const hint = label.description ? h("div", { class: "hint", id: `${id}-hint` }, label.description) : null;
  if (hint) node.setAttribute("aria-describedby", hint.id);
  const required = input.required !== false;
  return h(
    "div",
    { class: "block block-input" },
    h(
      "label",
      { htmlFor: id, id: `${id}-label` },
      label.label,
      required ? h("span", { class: "required", "aria-hidden": "true" }, " *") : null,
    ),
    hint,
    node,
    h("div", { class: "input-error", role: "alert", data: { block: input.custom_id } }),
  );
}

function textInput(spec, scene) {
  const value = scene.filled(spec) ?? spec.value ?? "";
  const common = {
    class: "field",
    value,
    placeholder: spec.placeholder,
    maxlength: spec.max_length,
    minlength: spec.min_length,
    "aria-required": String(spec.required !== false),
  };
  const node =
    spec.style === PARAGRAPH ? h("textarea", { ...common, rows: 4 }) : h("input", { ...common, type: "text" });
  scene.fill(spec, value);
  node.addEventListener("input", () => scene.fill(spec, node.value));
  return node;
}

function upload(spec, scene) {
  const node = h("input", { type: "file", class: "field", multiple: (spec.max_values ?? 1) > 1 });
  node.addEventListener("change", () => scene.fill(spec, [...node.files]));
  return node;
}
