// The cameras that are here, and what can be set at the one in use.

import { el, nextId, words } from "/panel/parts.js";

const OFTEN = 150; // ms between two values of a slider that is being dragged

export class Cameras {
  // choose(source), set(name, value): ask for it.
  constructor(list, settings, { choose, set }) {
    this.list = list;
    this.settings = settings;
    this.choose = choose;
    this.set = set;
    this.told = this.shape = "";
    this.rows = new Map(); // name -> how its value is shown
    this.held = ""; // the slider under a hand
    list.addEventListener("keydown", (event) => this.key(event));
  }

  show({ cameras, controls }) {
    const told = JSON.stringify(cameras);
    if (told !== this.told) {
      this.told = told;
      const focused = document.activeElement?.dataset?.source;
      this.list.replaceChildren(...cameras.map((one) => this.one(one, cameras)));
      if (focused !== undefined) [...this.list.children].find((one) => one.dataset.source === focused)?.focus();
    }
    this.settings.hidden = !controls.length;
    const shape = JSON.stringify(controls.map((one) => [one.name, one.low, one.high, one.choices]));
    if (shape !== this.shape) {
      this.shape = shape;
      this.rows.clear();
      this.settings.replaceChildren(...controls.map((one) => this.row(one)));
    }
    for (const one of controls) this.rows.get(one.name)?.(one);
  }

  one(camera, cameras) {
    const reached = camera.chosen || (!cameras.some((one) => one.chosen) && camera === cameras[0]);
    const attributes = { class: "choose", type: "button", role: "radio", "aria-checked": String(camera.chosen), "data-source": camera.source, tabindex: reached ? "0" : "-1", onclick: () => this.choose(camera.source) };
    return el("button", attributes, el("span", {}, camera.name, el("small", {}, camera.source)), el("span", { class: "unit" }, camera.note));
  }

  key(event) {
    const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
    const all = [...this.list.children];
    const here = all.indexOf(document.activeElement);
    if (here < 0 || !(event.key in steps)) return;
    event.preventDefault();
    all[(here + steps[event.key] + all.length) % all.length].focus(); // choosing one changes the show: that is for Enter and Space
  }

  row(control) {
    const id = nextId();
    const label = el("label", { for: id }, sentence(control.label));
    if (control.kind === "switch") return this.turned(control, id, label);
    if (control.kind === "menu") return this.menu(control, id, label);
    return this.slider(control, id, label);
  }

  turned(control, id, label) {
    const button = el("button", { id, class: "switch", type: "button", role: "switch", onclick: () => this.set(control.name, Number(button.getAttribute("aria-checked") !== "true")) });
    const node = el("div", { class: "control toggle" }, label, button);
    this.rows.set(control.name, (now) => {
      button.setAttribute("aria-checked", String(now.value !== 0));
      node.classList.toggle("idle", now.idle);
    });
    return node;
  }

  menu(control, id, label) {
    const options = control.choices.map(([value, text]) => el("option", { value }, words(text.toLowerCase())));
    const select = el("select", { id, onchange: () => this.set(control.name, Number(select.value)) }, ...options);
    const node = el("div", { class: "control choice" }, label, select);
    this.rows.set(control.name, (now) => {
      if (document.activeElement !== select) select.value = now.value;
      node.classList.toggle("idle", now.idle);
    });
    return node;
  }

  slider(control, id, label) {
    const figure = el("output", { for: id });
    const input = el("input", { id, class: "from-end", type: "range", min: control.low, max: control.high, step: control.step });
    const node = el("div", { class: "control slider", "data-name": control.name }, label, el("div", { class: "figure" }, figure), el("div", { class: "way" }, input));
    const share = (value) => input.style.setProperty("--to", (value - control.low) / Math.max(1, control.high - control.low));
    const put = (value) => {
      figure.textContent = value;
      share(value);
    };
    let last = 0;
    input.addEventListener("input", () => {
      this.held = control.name;
      put(Number(input.value));
      if (performance.now() - last < OFTEN) return;
      last = performance.now();
      this.set(control.name, Number(input.value));
    });
    input.addEventListener("change", async () => {
      await this.set(control.name, Number(input.value));
      this.held = "";
    });
    this.rows.set(control.name, (now) => {
      node.classList.toggle("idle", now.idle);
      input.disabled = now.idle;
      if (this.held === control.name) return;
      input.value = now.value;
      put(now.value);
    });
    return node;
  }
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);
