// One control of each kind, made from its row in the table. Each has show(value), and moving(value) where it glides.

const STEPS = 1000; // of a slider's way

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const SHORT = { bpm: "BPM", hud: "HUD", lfo: "LFO" };
export const words = (name) => SHORT[name] || name.replaceAll("-", " ");

export function toShare(row, value) {
  if (row.curve === "log") return Math.log(Math.max(value, row.low) / row.low) / Math.log(row.high / row.low);
  return row.high > row.low ? (value - row.low) / (row.high - row.low) : 0;
}

export function fromShare(row, share) {
  const value = row.curve === "log" ? row.low * (row.high / row.low) ** share : row.low + (row.high - row.low) * share;
  return row.kind === "int" ? Math.round(value) : value;
}

export function written(row, value) {
  if (row.kind === "int") return String(value);
  const span = row.high - row.low;
  return value.toFixed(span > 50 ? 1 : 2);
}

const UNITS = { "beats per minute": "bpm" };
let last = 0;

function head(row, label, context) {
  const id = `c${++last}`;
  const title = el("label", { for: id, title: row.what }, words(label));
  const learn = el("button", { class: "learn", type: "button", hidden: true, title: "MIDI learn", "aria-label": `MIDI learn ${row.name}` }, "M");
  const forget = el("button", { class: "learn forget", type: "button", hidden: true, title: "forget what moves this", "aria-label": `Forget what moves ${row.name}` }, "×");
  learn.addEventListener("click", () => context.learn(row.name));
  forget.addEventListener("click", () => context.unlearn(row.name));
  if (row.learn !== false) context.learners.set(row.name, { learn, forget });
  return { id, title, learn: [learn, forget] };
}

export function slider(row, label, context) {
  const { id, title, learn } = head(row, label, context);
  const unit = UNITS[row.unit] || row.unit;
  const input = el("input", { type: "range", id, min: 0, max: STEPS, step: 1, title: row.what });
  const number = el("input", { class: "value", type: "text", inputmode: "decimal", "aria-label": `${words(label)}, as a number`, size: 5, autocomplete: "off" });
  const reset = el("button", { class: "reset", type: "button", title: "back to its default", "aria-label": `Reset ${words(label)}` }, "↺");
  const zero = row.low < 0 && row.high > 0 ? toShare(row, 0) : 0;
  const whole = row.kind === "int" ? Math.max(1, row.high - row.low) : 0;
  if (whole && whole <= STEPS) input.max = whole;
  input.classList.toggle("hue", Boolean(row.circular));
  let value = row.default;
  let target = null; // what the program said while a hand was on the slider
  let down = false;
  let still = 0;

  const paint = (share) => {
    input.style.setProperty("--from", Math.min(zero, share));
    input.classList.toggle("from-end", zero <= 0);
    input.style.setProperty("--to", Math.max(zero, share));
  };
  const draw = () => {
    const share = toShare(row, value);
    input.value = Math.round(share * input.max);
    input.setAttribute("aria-valuetext", `${written(row, value)} ${unit}`.trim());
    if (document.activeElement !== number) number.value = written(row, value);
    reset.classList.toggle("idle", Math.abs(value - row.default) < 1e-6);
    if (!still) paint(share);
  };
  const put = (next) => {
    value = Math.min(row.high, Math.max(row.low, next));
    still = 0;
    draw();
    context.set(row.name, value);
  };
  input.addEventListener("input", () => put(fromShare(row, input.value / input.max)));
  input.addEventListener("pointerdown", () => (down = true));
  const up = () => {
    down = false;
    if (target !== null && !context.holds(row.name)) show(target);
  };
  for (const end of ["pointerup", "pointercancel", "change", "blur"]) input.addEventListener(end, up);
  input.addEventListener("dblclick", () => put(row.default));
  reset.addEventListener("click", () => put(row.default));
  number.addEventListener("change", () => {
    const next = parseFloat(number.value.replace(",", "."));
    if (Number.isFinite(next)) put(row.kind === "int" ? Math.round(next) : next);
    number.value = written(row, value);
  });
  number.addEventListener("keydown", (event) => {
    if (event.key === "Enter") number.blur();
    if (event.key === "Escape") {
      number.value = written(row, value);
      number.blur();
    }
  });
  number.addEventListener("focus", () => number.select());

  const show = (next) => {
    target = next;
    if (down || context.holds(row.name)) return;
    target = null;
    if (next !== value || input.value === "") value = next;
    draw();
  };
  const moving = (now) => {
    still = now === undefined ? 0 : 1;
    paint(toShare(row, now === undefined ? value : now));
  };
  draw();
  const node = el("div", { class: "control slider" }, title, el("span", { class: "tools" }, ...learn, reset), el("span", { class: "figure" }, number, el("span", { class: "unit" }, unit)), input);
  return { node, show, moving, settle: () => target !== null && show(target) };
}

export function toggle(row, label, context) {
  const { id, title, learn } = head(row, label, context);
  const button = el("button", { id, class: "switch", type: "button", role: "switch", "aria-checked": "false", title: row.what });
  let value = false;
  const draw = () => button.setAttribute("aria-checked", String(value));
  button.addEventListener("click", () => {
    value = !value;
    draw();
    context.set(row.name, value);
  });
  const show = (next) => {
    if (context.holds(row.name)) return;
    value = next;
    draw();
  };
  return { node: el("div", { class: "control toggle" }, title, el("span", { class: "tools" }, ...learn), button), show };
}

export function choice(row, label, context) {
  const { id, title, learn } = head(row, label, context);
  const select = el("select", { id, title: row.what }, ...row.choices.map((one) => el("option", { value: one }, words(one))));
  select.addEventListener("change", () => context.set(row.name, select.value));
  const show = (next) => {
    if (!context.holds(row.name)) select.value = next;
  };
  return { node: el("div", { class: "control choice" }, title, el("span", { class: "tools" }, ...learn), select), show };
}

export function trigger(row, label, context) {
  const button = el("button", { class: "trigger", type: "button", title: row.what, "data-name": row.name }, words(label));
  button.addEventListener("click", () => context.fire(row.name));
  const { learn } = head(row, label, context);
  const node = el("div", { class: "control press" }, button, el("span", { class: "tools" }, ...learn));
  return { node, show: () => {}, fired: () => flash(button), button };
}

export function command(row, label, context) {
  const id = `c${++last}`;
  const input = el("input", { id, type: "text", autocomplete: "off", spellcheck: "false", maxlength: 80, placeholder: "name", title: row.what });
  if (row.name === "preset/recall") input.setAttribute("list", "preset-names");
  const button = el("button", { class: "trigger", type: "submit" }, words(label));
  const form = el("form", { class: "control command" }, el("label", { for: id, class: "hidden" }, `${words(label)}: ${row.what}`), input, button);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const text = input.value.trim();
    if (text) context.fire(row.name, text);
    input.value = "";
  });
  return { node: form, show: () => {}, fired: () => flash(button) };
}

function flash(button) {
  button.classList.add("fired");
  setTimeout(() => button.classList.remove("fired"), 350);
}

const KINDS = { float: slider, int: slider, bool: toggle, str: choice, trigger, command };

export const control = (row, label, context) => KINDS[row.kind](row, label, context);
