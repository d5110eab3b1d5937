// The sliders and the styles, made of the controls that the program has.

import { control } from "/panel/controls.js";
import { el, words } from "/panel/parts.js";
import { slider } from "/panel/slider.js";

const $ = (id) => document.getElementById(id);
const LABELS = { coarse: "shape", middle: "features", fine: "colour" };
const SHORT = { "eye-eyebrow-distance": "eye to brow", "nose-mouth-distance": "nose to mouth" }; // where a phone has room for so much
const REACH = 2; // of an edit to either side: beyond it nobody looks like anybody
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const mean = (numbers) => numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
const plain = (row) => ({ ...row, learn: false, access: "rw" });

export class Tools {
  // edits: what is set; onMove(): a hand moves something; onPainting(file): somebody's own painting; sketch(style) -> URL.
  constructor(edits, { onMove, onPainting, sketch }) {
    Object.assign(this, { edits, onMove, onPainting, sketch, shown: [], paints: new Map() });
    this.context = { learners: new Map(), holds: () => false, learn() {}, unlearn() {}, fire() {}, set: (name, value) => this.move({ [name]: value }) };
    this.tabs();
    this.seen = new IntersectionObserver((entries) => entries.forEach((entry) => entry.isIntersecting && this.draw(entry.target)), { rootMargin: "80px" });
  }

  move(values) {
    const rows = this.rows;
    const kept = Object.entries(values).map(([name, value]) => [name, value === rows.get(name)?.default ? undefined : value]);
    this.edits.set(Object.fromEntries(kept));
    this.onMove();
  }

  // longer: the card that looks longer at a face.
  build(desk, longer) {
    this.rows = new Map([...desk.edits, ...desk.face, ...desk.styles, ...desk.styling, ...desk.blends.map((one) => one.amount)].map((row) => [row.name, row]));
    $("pane-face").replaceChildren(this.card("", "", "pair", desk.edits.map((row) => this.edit(row))), longer, this.drawn(desk.face));
    $("pane-mix").replaceChildren(...desk.blends.map((one) => this.blend(one)));
    if (!desk.blends.length) $("pane-mix").replaceChildren(el("p", { class: "note" }, "There are no other generators on this machine."));
    this.styles(desk);
  }

  card(title, note, kind, nodes) {
    const body = el("div", { class: kind }, ...nodes);
    return el("div", { class: "card" }, ...(title ? [el("h2", {}, title)] : []), ...(note ? [el("p", { class: "note" }, note)] : []), body);
  }

  one(row, label) {
    const made = row.kind === "float" ? slider(plain(row), label, this.context) : control(plain(row), label, this.context);
    made.node.dataset.name = row.name;
    this.shown.push(() => made.show(this.edits.value(row)));
    return made.node;
  }

  edit(row) {
    const word = row.name.split("/")[1];
    return this.one({ ...row, low: Math.max(row.low, -REACH), high: Math.min(row.high, REACH) }, SHORT[word] || word);
  }

  drawn(rows) {
    const note = "Glass keeps the photograph's own pixels and changes only what an edit changes; without it the face is painted anew.";
    return this.card("How it is drawn", note, "pair", rows.map((row) => this.one(row, row.title)));
  }

  blend(told) {
    const groups = Object.entries(told.groups).map(([word, names]) => this.group(told, word, names));
    return this.card(capital(words(told.name)), "", "", [this.one(told.amount, "amount"), el("div", { class: "triple" }, ...groups)]);
  }

  // Layers that are moved as one; untouched they are as the mirror has them.
  group(told, word, names) {
    const usual = mean(names.map((name) => told.defaults[name]));
    const px = names.map((name) => name.split("/").pop()).join(", ");
    const row = { name: `blend/${told.name}/${word}`, kind: "float", low: 0, high: 1, curve: "linear", unit: "", default: usual, what: `its share of the layers of ${px} px`, learn: false };
    const set = (_, value) => {
      const back = Math.abs(value - usual) < 1e-6;
      this.edits.set(Object.fromEntries(names.map((name) => [name, back ? undefined : value])));
      this.onMove();
    };
    const made = slider(row, LABELS[word] || word, { ...this.context, set });
    made.node.dataset.name = row.name;
    this.shown.push(() => made.show(mean(names.map((name) => this.edits.value({ name, default: told.defaults[name] })))));
    return made.node;
  }

  styles(desk) {
    if (!desk.styles.length) {
      $("pane-style").replaceChildren(el("p", { class: "note" }, "There are no styles on this machine."));
      return;
    }
    this.grid = el("div", { class: "paints", role: "group", "aria-label": "Styles; several are mixed" });
    this.usual = desk.styles;
    const input = el("input", { type: "file", accept: $("choose").accept, tabindex: -1 });
    input.addEventListener("change", () => {
      if (input.files[0]) this.onPainting(input.files[0]);
      input.value = "";
    });
    this.add = el("label", { class: "paint add", tabindex: 0, role: "button", "aria-label": "A painting of your own" }, el("span", { class: "swatch" }, "+"), el("span", { class: "name" }, "your own"), input);
    this.add.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && (event.preventDefault(), input.click()));
    const styling = desk.styling.map((row) => (row.kind === "str" ? this.scope(row) : this.one(row, row.name.split("/")[1])));
    $("pane-style").replaceChildren(el("div", { class: "card" }, el("div", { class: "pair" }, ...styling)), this.grid);
    this.paintings([]);
  }

  // Whether the people alone are painted.
  scope(row) {
    const [whole, alone] = row.choices;
    const made = control({ name: row.name, kind: "bool", default: false, what: row.what, learn: false }, "people alone", {
      ...this.context,
      set: (name, on) => this.move({ [name]: on ? alone : whole }),
    });
    made.node.dataset.name = row.name;
    this.shown.push(() => made.show(this.edits.value(row) === alone));
    return made.node;
  }

  // own: styles that somebody brought, beside those that there are.
  paintings(own) {
    if (!this.grid) return;
    this.seen.disconnect();
    this.paints.clear();
    for (const one of own) this.rows.set(one.name, { name: one.name, kind: "float", default: 0, what: one.title, low: 0, high: 1 });
    const tiles = [...own.map((one) => this.paint(one.name, one.title, one.title)), ...this.usual.map((row) => this.paint(row.name, words(row.name.split("/")[1]), row.what))];
    this.grid.replaceChildren(...tiles, this.add);
    this.show();
    this.sketches();
  }

  paint(name, title, what) {
    const button = el("button", { class: "paint", type: "button", "aria-pressed": "false", title: what, "data-name": name }, el("span", { class: "swatch" }, el("img", { alt: "" })), el("span", { class: "name" }, title));
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") === "true";
      this.edits.set({ [name]: on ? undefined : 1 });
      this.onMove(true);
    });
    this.paints.set(name, button);
    return button;
  }

  // Small pictures of the face in each style, one after the other, of those that are in sight.
  sketches() {
    this.seen.disconnect();
    this.due = [];
    for (const button of this.paints.values()) {
      button.querySelector("img").classList.remove("there");
      button.dataset.due = "1";
      this.seen.observe(button);
    }
  }

  draw(button) {
    if (!button.dataset.due) return;
    delete button.dataset.due;
    this.due.push(button);
    if (!this.sketching) this.sketchNext();
  }

  async sketchNext() {
    this.sketching = true;
    while (this.due.length) {
      const button = this.due.shift();
      const img = button.querySelector("img");
      const url = this.sketch(button.dataset.name.split("/")[1]);
      if (!url) break;
      img.src = url;
      await img.decode().then(() => img.classList.add("there"), () => {});
      await new Promise((done) => setTimeout(done, 30)); // whoever moves a slider meanwhile comes first
    }
    this.sketching = false;
  }

  show() {
    for (const one of this.shown) one();
    for (const [name, button] of this.paints) button.setAttribute("aria-pressed", String((this.edits.state.style[name] ?? 0) > 0));
    const values = Object.keys(this.edits.state.faces[this.edits.face] || {});
    const touched = { face: this.edits.code > 0 || values.some((name) => !name.startsWith("blend/")), mix: values.some((name) => name.startsWith("blend/")), style: Object.keys(this.edits.state.style).length > 0 };
    for (const [tab, on] of Object.entries(touched)) $(`tab-${tab}`).classList.toggle("touched", on);
  }

  tabs() {
    const all = [...document.querySelectorAll("#tabs button")];
    for (const tab of all) tab.append(el("i", { "aria-hidden": "true" }));
    const open = (tab) => {
      for (const one of all) {
        const on = one === tab;
        one.setAttribute("aria-selected", String(on));
        one.tabIndex = on ? 0 : -1;
        $(one.getAttribute("aria-controls")).hidden = !on;
      }
      $("panes").scrollTop = 0;
    };
    for (const tab of all) tab.addEventListener("click", () => open(tab));
    $("tabs").addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!step) return;
      const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
      open(next);
      next.focus();
    });
  }
}
