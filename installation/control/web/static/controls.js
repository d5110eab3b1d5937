// One control of each kind, made from its row in the table. Each has show(value), revert(value) where a move was not heard, and
// moving(value) where it glides.

import { el, flash, fullName, head, words } from "./parts.js";
import { slider } from "./slider.js";

export function toggle(row, label, context) {
  const { id, title, learn, full } = head(row, label, context);
  const button = el("button", { id, class: "switch", type: "button", role: "switch", "aria-checked": "false", title: row.what, "aria-label": full });
  let value = false;
  const draw = () => button.setAttribute("aria-checked", String(value));
  button.addEventListener("click", () => {
    value = !value;
    draw();
    context.set(row.name, value);
  });
  const revert = (known) => {
    value = known;
    draw();
  };
  const show = (next) => context.holds(row.name) || revert(next);
  return { node: el("div", { class: "control toggle" }, title, el("span", { class: "tools" }, ...learn), button), show, revert };
}

export function choice(row, label, context) {
  const { id, title, learn, full } = head(row, label, context);
  const select = el("select", { id, title: row.what, "aria-label": full }, ...row.choices.map((one) => el("option", { value: one }, words(one))));
  select.addEventListener("change", () => context.set(row.name, select.value));
  const revert = (known) => (select.value = known);
  const show = (next) => context.holds(row.name) || revert(next);
  return { node: el("div", { class: "control choice" }, title, el("span", { class: "tools" }, ...learn), select), show, revert };
}

export function trigger(row, label, context) {
  const button = el("button", { class: "trigger", type: "button", title: row.what, "aria-label": fullName(row.name), "data-name": row.name }, words(label));
  button.addEventListener("click", () => context.fire(row.name));
  const { learn } = head(row, label, context);
  const node = el("div", { class: "control press" }, button, el("span", { class: "tools" }, ...learn));
  return { node, show: () => {}, fired: () => flash(button), button };
}

const KINDS = { float: slider, int: slider, bool: toggle, str: choice, trigger };

export const control = (row, label, context) => KINDS[row.kind](row, label, context);
