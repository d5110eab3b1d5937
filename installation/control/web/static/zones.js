// The zones in which faces do not count, drawn over what the camera sees: drag over free space for a new one, drag a zone to move it, a
// corner to change its size. The picture is asked for only while the editor is open; where it may not be shown, the frame is empty.

import { Link } from "./link.js";
import { el } from "./parts.js";

const LEAST = 0.02; // of the picture's side; smaller ones were a slip of the hand
const STEP = 0.01; // of it, for an arrow key
const FIRST = [0.35, 0.25, 0.65, 0.75]; // a zone that the keyboard asked for
const CORNERS = ["left top", "right top", "right bottom", "left bottom"];
const clamp = (value, low = 0, high = 1) => Math.min(Math.max(value, low), high);

export class Zones {
  // box: the <details> around it all; ask(message): sends it, and gives the answer in time; mirrored(): whether the canvas is a mirror.
  constructor(box, { ask, mirrored }) {
    this.box = box;
    this.ask = ask;
    this.mirrored = mirrored;
    this.fixed = [];
    this.drawn = [];
    this.told = "";
    this.pictures = true;
    this.hand = null; // what is being dragged
    this.busy = 0; // answers that are on their way
    this.look = null;
    this.canvas = el("canvas", { width: 640, height: 360, "aria-hidden": "true" });
    this.nothing = el("p", { class: "nothing" });
    this.layer = el("div", { class: "layer" });
    this.room = el("div", { class: "camera", role: "group", "aria-label": "Zones over the camera's picture" }, this.canvas, this.nothing, this.layer);
    this.said = el("p", { class: "said", role: "status", "aria-live": "polite" });
    this.count = el("span", { class: "unit" });
    this.adding = el("button", { class: "trigger", type: "button", onclick: () => this.add(FIRST) }, "Add a zone");
    this.clearing = el("button", { class: "trigger", type: "button", onclick: () => this.keep([]) }, "Remove all");
    this.hint = el("p", { class: "hint" }, "Faces in a zone are left alone: draw one over a painting, a poster, a till. Who only walks past keeps their portrait.");
    box.append(
      el("summary", {}, el("span", {}, "Ignored zones"), " ", this.count),
      el("div", { class: "zones" }, this.hint, this.room, el("div", { class: "steps" }, this.adding, this.clearing), this.said),
    );
    box.addEventListener("toggle", () => this.open());
    this.layer.addEventListener("pointerdown", (event) => this.down(event));
    this.layer.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) this.layer.addEventListener(end, (event) => this.up(event, end === "pointercancel"));
    this.layer.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("visibilitychange", () => this.next());
  }

  // ---- what the program says ---------------------------------------------------------------------------------------

  show(zones) {
    this.box.hidden = !zones;
    if (!zones) return;
    const [width, height] = zones.size || [16, 9];
    Object.assign(this.room.style, { aspectRatio: `${width} / ${height}`, width: `min(100%, ${(60 * width) / height}vh)` });
    const told = JSON.stringify([zones.fixed, zones.drawn]);
    if (this.hand || this.busy || told === this.told) return;
    this.told = told;
    this.fixed = zones.fixed;
    this.drawn = zones.drawn;
    this.draw();
  }

  allow(pictures) {
    this.pictures = pictures;
    this.empty();
  }

  empty() {
    this.nothing.textContent = this.pictures ? "no picture yet" : "A live camera's picture is shown here only with privacy.allow_recording: true. The frame is what the camera sees.";
    this.nothing.hidden = false;
    this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
  }

  // ---- the picture ---------------------------------------------------------------------------------------------------

  open() {
    if (!this.box.open || this.look) return this.next();
    this.empty();
    this.asked = false;
    this.look = new Link("/panel/camera", {
      binary: true,
      onMessage: (blob) => this.picture(blob),
      onState: (state) => {
        this.asked = false;
        if (state === "live") this.next();
      },
    });
  }

  next() {
    if (!this.look || this.asked || document.hidden || !this.box.open) return;
    this.asked = this.look.send("next");
  }

  async picture(blob) {
    this.asked = false;
    try {
      const bitmap = await createImageBitmap(blob);
      Object.assign(this.canvas, { width: bitmap.width, height: bitmap.height });
      this.canvas.getContext("2d").drawImage(bitmap, 0, 0);
      bitmap.close();
      this.canvas.dataset.pictures = Number(this.canvas.dataset.pictures || 0) + 1;
      this.nothing.hidden = true;
    } catch {
      /* half a picture: the next one will be whole */
    }
    this.flip();
    this.next();
  }

  // ---- the zones -----------------------------------------------------------------------------------------------------

  // On the panel left is left as on the canvas.
  flip() {
    const mirrored = this.mirrored();
    if (mirrored === this.flipped) return;
    this.flipped = mirrored;
    this.canvas.classList.toggle("mirrored", mirrored);
    this.draw();
  }

  // Where a zone lies on the panel, and back: the same turn both ways.
  turned([left, top, right, bottom]) {
    return this.flipped ? [1 - right, top, 1 - left, bottom] : [left, top, right, bottom];
  }

  draw() {
    this.flipped = this.mirrored();
    this.canvas.classList.toggle("mirrored", this.flipped);
    const focused = this.layer.contains(document.activeElement) ? document.activeElement.dataset.number : undefined;
    this.layer.replaceChildren(...this.fixed.map((zone) => this.still(zone)), ...this.drawn.map((zone, number) => this.one(zone, number)));
    if (focused !== undefined) this.layer.querySelector(`[data-number="${Math.min(focused, this.drawn.length - 1)}"]`)?.focus({ preventScroll: true });
    const count = this.fixed.length + this.drawn.length;
    this.count.textContent = count ? String(count) : "none";
    this.clearing.disabled = !this.drawn.length;
  }

  still(zone) {
    const node = el("div", { class: "zone fixed", title: "of the configuration (faces.ignore_zones)" });
    place(node, this.turned(zone));
    return node;
  }

  one(zone, number) {
    const remove = el("button", { class: "remove", type: "button", "aria-label": `Remove zone ${number + 1}`, onclick: () => this.keep(this.drawn.filter((_, i) => i !== number)) }, "×");
    const corners = CORNERS.map((corner) => el("span", { class: `corner ${corner}`, "data-corner": corner }));
    const label = `Zone ${number + 1}; arrows move it, with Shift they change its size, Delete removes it`;
    const node = el("div", { class: "zone", tabindex: "0", role: "group", "aria-label": label, "data-number": number }, ...corners, remove);
    place(node, this.turned(zone));
    return node;
  }

  at(event) {
    const box = this.layer.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  }

  down(event) {
    if (this.hand || event.button || event.target.closest(".remove")) return;
    event.preventDefault();
    const node = event.target.closest("[data-number]");
    const number = node ? Number(node.dataset.number) : this.drawn.length;
    const [x, y] = this.at(event);
    const from = node ? this.turned(this.drawn[number]) : [x, y, x, y];
    const corner = node ? event.target.dataset.corner || "" : "right bottom";
    this.hand = { pointer: event.pointerId, number, x, y, from, corner, fresh: !node, zone: from };
    if (!node) {
      this.drawn = [...this.drawn, this.turned(from)];
      this.draw();
    }
    this.layer.setPointerCapture(event.pointerId);
    this.layer.querySelector(`[data-number="${number}"]`).focus({ preventScroll: true });
  }

  move(event) {
    const hand = this.hand;
    if (!hand || event.pointerId !== hand.pointer) return;
    const [x, y] = this.at(event);
    let [left, top, right, bottom] = hand.from;
    if (hand.corner) {
      if (hand.corner.includes("left")) left = x;
      else right = x;
      if (hand.corner.includes("top")) top = y;
      else bottom = y;
    } else {
      const dx = clamp(x - hand.x, -left, 1 - right);
      const dy = clamp(y - hand.y, -top, 1 - bottom);
      [left, top, right, bottom] = [left + dx, top + dy, right + dx, bottom + dy];
    }
    hand.zone = [Math.min(left, right), Math.min(top, bottom), Math.max(left, right), Math.max(top, bottom)];
    place(this.layer.querySelector(`[data-number="${hand.number}"]`), hand.zone);
  }

  up(event, lost) {
    const hand = this.hand;
    if (!hand || event.pointerId !== hand.pointer) return;
    this.hand = null;
    const [left, top, right, bottom] = hand.zone;
    const small = right - left < LEAST || bottom - top < LEAST;
    const others = this.drawn.filter((_, i) => i !== hand.number);
    if (lost || small) {
      this.drawn = hand.fresh ? others : this.drawn;
      this.draw();
    } else this.keep(this.drawn.map((zone, i) => (i === hand.number ? this.turned(hand.zone) : zone)));
  }

  add(zone) {
    this.keep([...this.drawn, zone]);
    this.layer.querySelector(`[data-number="${this.drawn.length - 1}"]`)?.focus({ preventScroll: true });
  }

  key(event) {
    const node = event.target.closest?.("[data-number]");
    if (!node || event.target !== node) return;
    const number = Number(node.dataset.number);
    const way = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.keep(this.drawn.filter((_, i) => i !== number));
    else if (way) {
      let [left, top, right, bottom] = this.turned(this.drawn[number]);
      if (event.shiftKey) [right, bottom] = [clamp(right + way[0], left + LEAST), clamp(bottom + way[1], top + LEAST)];
      else {
        const dx = clamp(way[0], -left, 1 - right);
        const dy = clamp(way[1], -top, 1 - bottom);
        [left, top, right, bottom] = [left + dx, top + dy, right + dx, bottom + dy];
      }
      this.keep(this.drawn.map((zone, i) => (i === number ? this.turned([left, top, right, bottom]) : zone)));
    } else return;
    event.preventDefault();
  }

  async keep(zones) {
    this.drawn = zones.map((zone) => zone.map((one) => Math.round(one * 1e4) / 1e4));
    this.draw();
    this.said.textContent = "";
    this.busy += 1;
    const answer = await this.ask({ zones: this.drawn });
    this.busy -= 1;
    this.told = "";
    this.said.classList.toggle("refused", !answer?.done);
    if (!answer) this.said.textContent = "The connection went before there was an answer; what holds is shown again.";
    else if (!answer.done) this.said.textContent = answer.text;
  }
}

function place(node, [left, top, right, bottom]) {
  Object.assign(node.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%` });
}
