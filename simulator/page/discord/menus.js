/** Owns select menus: of texts, people, roles, channels; one choice or several. Called by `components`. */

import { h } from "../dom.js";

/** The node of a select; what was chosen goes to the scene's `use` at once, or in forms to `fill`. */
export function menu(spec, scene) {
  const options = offered(spec, scene.world);
  const before = options.filter((option) => option.chosen).map((option) => option.value);
  const chosen = scene.filled?.(spec) ?? before;
  scene.fill?.(spec, chosen);
  return (spec.max_values ?? 1) > 1 ? several(spec, scene, options, chosen) : one(spec, scene, options, chosen);
}

/** The options of a select: `{value, label, hint, chosen}`. */
function offered(spec, world) {
  const given = new Set((spec.default_values ?? []).map((value) => value.id));
  const people = () => world.people().map((user) => [user.id, world.nameOf(user)]);
  const roles = () => [...world.roles.values()].map((role) => [role.id, `@${role.name.replace(/^@/, "")}`]);
  const things = {
    5: people,
    6: roles,
    7: () => [...people(), ...roles()],
    8: () => world.places().map((channel) => [channel.id, `#${channel.name}`]),
  }[spec.type];
  if (things) return things().map(([value, label]) => ({ value, label, hint: "", chosen: given.has(value) }));
  return (spec.options ?? []).map((option) => {
    const emoji = option.emoji && !option.emoji.id ? `${option.emoji.name} ` : "";
    return {
      value: option.value,
      label: emoji + option.label,
      hint: option.description ?? "",
      chosen: Boolean(option.default),
    };
  });
}

function one(spec, scene, options, chosen) {
  const empty = h("option", { value: "", selected: !chosen.length }, spec.placeholder ?? "Make a selection");
  const node = h(
    "select",
    {
      class: "menu",
      disabled: spec.disabled,
      "aria-label": scene.fill ? null : (spec.placeholder ?? spec.custom_id),
      data: { action: spec.custom_id },
    },
    empty,
    options.map(({ value, label, hint }) =>
      h("option", { value, selected: chosen.includes(value) }, hint ? `${label} (${hint})` : label),
    ),
  );
  node.addEventListener("change", () => {
    const values = node.value ? [node.value] : [];
    if (scene.fill) scene.fill(spec, values);
    else if (values.length) scene.use(spec, values, node);
  });
  return node;
}

/** A list that opens; what was chosen counts when it is closed, as in Discord's client. */
function several(spec, scene, options, chosen) {
  const picked = new Set(chosen);
  const summary = h("summary", { "aria-label": spec.placeholder ?? spec.custom_id });
  const say = () => {
    const labels = options.filter((option) => picked.has(option.value)).map((option) => option.label);
    summary.textContent = labels.join(", ") || (spec.placeholder ?? "Make a selection");
  };
  const choice = ({ value, label, hint }) => {
    const box = h("input", { type: "checkbox", checked: picked.has(value), disabled: spec.disabled });
    box.addEventListener("change", () => {
      if (box.checked) picked.add(value);
      else picked.delete(value);
      scene.fill?.(spec, [...picked]);
      say();
    });
    return h("label", { class: "choice" }, box, h("span", {}, label, hint ? h("small", {}, hint) : null));
  };
  const node = h("details", { class: "menu several", data: { action: spec.custom_id } }, summary, options.map(choice));
  node.addEventListener("toggle", () => {
    const changed = [...picked].sort().join() !== [...chosen].sort().join();
    if (!node.open && changed && !scene.fill) scene.use(spec, [...picked], node);
  });
  say();
  return node;
}
