/**
 * Owns interactive elements: buttons, menus, pickers, text fields, in messages and in forms.
 * Called by `blocks`. What was chosen goes to the scene's `use` (acts at once) or `fill` (kept until submitted).
 * Source: https://docs.slack.dev/reference/block-kit/block-elements
 */

import { h, showDialog } from "../dom.js";
import { emoji } from "../emoji.js";
import { picture } from "../files.js";

const FIELD_TYPES = {
  number_input: "number",
  email_text_input: "email",
  url_text_input: "url",
  datepicker: "date",
  timepicker: "time",
};

/**
 * The node of an element.
 * @param {object} scene where it stands: `world`, `use(element, block, value, node)`, and in forms `fill(...)`, `filled(...)`
 */
export function element(spec, block, scene) {
  switch (spec.type) {
    case "button":
      return button(spec, block, scene);
    case "image":
      return picture(spec, scene.world, "small-image");
    case "static_select":
    case "overflow":
    case "users_select":
    case "conversations_select":
    case "channels_select":
    case "external_select":
      return menu(spec, block, scene);
    case "radio_buttons":
    case "checkboxes":
    case "multi_static_select":
    case "multi_users_select":
    case "multi_conversations_select":
    case "multi_channels_select":
      return choices(spec, block, scene);
    case "plain_text_input":
    case "rich_text_input":
    case "number_input":
    case "email_text_input":
    case "url_text_input":
    case "datepicker":
    case "timepicker":
      return field(spec, block, scene);
    case "file_input":
      return fileField(spec, block, scene);
    default:
      return h("span", { class: "unknown-block" }, `This element cannot be shown here: ${spec.type}`);
  }
}

/** The plain text of a text object, its emoji shown. */
export function plain(text) {
  return (text?.text ?? "").replace(/:([a-z0-9_+-]+):/g, (code, name) => emoji(name) ?? code);
}

function button(spec, block, scene) {
  const content = [h("span", { class: "button-text" }, plain(spec.text))];
  const look = `button ${spec.style ?? ""}`;
  const node = h(
    "button",
    { type: "button", class: look, "aria-label": spec.accessibility_label, data: { action: spec.action_id } },
    content,
  );
  node.addEventListener("click", async () => {
    if (node.getAttribute("aria-busy") === "true" || (spec.confirm && !(await confirmed(spec.confirm)))) return;
    if (/^https?:/i.test(spec.url ?? "")) window.open(spec.url, "_blank", "noopener,noreferrer");
    await scene.use(spec, block, spec.value, node);
  });
  return node;
}

/** Ask before doing; resolves to whether the person agreed. */
function confirmed(spec) {
  return new Promise((resolve) => {
    const agree = h(
      "button",
      { type: "button", class: `button ${spec.style ?? "primary"}`, on: { click: () => dialog.close("yes") } },
      plain(spec.confirm),
    );
    const deny = h(
      "button",
      { type: "button", class: "button", on: { click: () => dialog.close("no") } },
      plain(spec.deny),
    );
    const title = plain(spec.title);
    const dialog = showDialog(
      "modal small",
      title,
      h("header", {}, h("h2", {}, title)),
      h("div", { class: "modal-body" }, plain(spec.text)),
      h("footer", {}, deny, agree),
    );
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"));
    deny.focus();
  });
}

/** The options of an element as `[value, label, description]`, with those that Slack itself would offer. */
function offered(spec, world) {
  if (spec.type.includes("users")) return world.people().map((user) => [user.id, user.real_name]);
  if (spec.type.includes("channels") || spec.type.includes("conversations"))
    return world.places().map((channel) => [channel.id, `#${channel.name}`]);
  const flat = [...(spec.options ?? []), ...(spec.option_groups ?? []).flatMap((group) => group.options)];
  return flat.map((option) => [option.value, plain(option.text), option.description && plain(option.description)]);
}

function menu(spec, block, scene) {
  const known = scene.filled?.(spec, block);
  const initial =
    known ?? spec.initial_option?.value ?? spec.initial_user ?? spec.initial_channel ?? spec.initial_conversation ?? "";
  const empty = spec.type === "overflow" ? "⋯" : plain(spec.placeholder) || "Choose an option";
  const options = [["", empty], ...offered(spec, scene.world)];
  const chosen = h(
    "select",
    { class: "menu", "aria-label": block.type === "input" ? null : plain(spec.placeholder) || spec.action_id },
    options.map(([value, label]) => h("option", { value, selected: value === initial }, label)),
  );
  scene.fill?.(spec, block, initial || null);
  chosen.addEventListener("change", () => {
    scene.fill?.(spec, block, chosen.value || null);
    if (chosen.value && acts(scene, block)) scene.use(spec, block, chosen.value, chosen);
  });
  return chosen;
}

function choices(spec, block, scene) {
  const single = spec.type === "radio_buttons";
  const initial =
    spec.initial_options?.map((o) => o.value) ??
    spec.initial_users ??
    spec.initial_channels ??
    spec.initial_conversations ??
    [];
  const given = scene.filled?.(spec, block) ?? (single ? spec.initial_option?.value : initial) ?? null;
  const chosen = new Set(single ? [given].filter(Boolean) : given);
  const value = () => (single ? ([...chosen][0] ?? null) : [...chosen]);
  const name = `${scene.id ?? "scene"}-${block.block_id}-${spec.action_id}`;
  scene.fill?.(spec, block, value());
  const option = ([id, label, description]) => {
    const input = h("input", { type: single ? "radio" : "checkbox", name, value: id, checked: chosen.has(id) });
    input.addEventListener("change", () => {
      if (single) chosen.clear();
      if (input.checked) chosen.add(id);
      else chosen.delete(id);
      scene.fill?.(spec, block, value());
      if (acts(scene, block)) scene.use(spec, block, value(), input);
    });
    return h("label", { class: "choice" }, input, h("span", {}, label, description && h("small", {}, description)));
  };
  return h("div", { class: "choices", role: single ? "radiogroup" : "group" }, offered(spec, scene.world).map(option));
}

function field(spec, block, scene) {
  const initial = scene.filled?.(spec, block) ?? spec.initial_value ?? spec.initial_date ?? spec.initial_time ?? "";
  const tall = spec.multiline || spec.type === "rich_text_input";
  const common = {
    class: "field",
    placeholder: plain(spec.placeholder) || null,
    value: initial,
    maxlength: spec.max_length,
    minlength: spec.min_length,
  };
  const numbers = {
    type: FIELD_TYPES[spec.type] ?? "text",
    min: spec.min_value,
    max: spec.max_value,
    step: spec.is_decimal_allowed ? "any" : null,
  };
  const node = tall
    ? h("textarea", { ...common, rows: 4 })
    : h("input", { ...common, ...numbers, autocomplete: "off" });
  scene.fill?.(spec, block, initial || null);
  node.addEventListener("input", () => scene.fill?.(spec, block, node.value || null));
  node.addEventListener("change", () => acts(scene, block) && scene.use(spec, block, node.value, node));
  return node;
}

/** A field for files; what was put in stays in it, since a page may not put it there itself. */
function fileField(spec, block, scene) {
  const accept = spec.filetypes?.map((type) => `.${type}`).join(",") || null;
  const node = h("input", { type: "file", class: "field", multiple: (spec.max_files ?? 10) > 1, accept });
  node.addEventListener("change", () => scene.fill?.(spec, block, [...node.files]));
  return node;
}

/** Whether an element tells the app at once: all do but those of form inputs that did not ask for it. */
const acts = (scene, block) => block.type !== "input" || (block.dispatch_action && scene.use);
