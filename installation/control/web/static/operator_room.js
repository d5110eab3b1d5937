// The crop of the room, drawn over what the camera sees with the mouse, a finger or the keys, with the ignored zones beneath it.

import { el } from "/panel/parts.js";

const SLIP = 0.03; // of the picture's side; a smaller one was no drag
const STEP = 0.01; // of it, for an arrow key
const FIRST = [0.15, 0.1, 0.85, 0.95]; // a crop that the button asked for
const CORNERS = ["left top", "right top", "right bottom", "left bottom"];
const clamp = (value, low = 0, high = 1) => Math.min(Math.max(value, low), high);

export class Room {
  // box: the frame; keep(crop): asks for it, and gives what there is to say against it.
  constructor(box, { keep }) {
    this.box = box;
    this.layer = box.querySelector(".layer");
    this.canvas = box.querySelector("canvas");
    this.keepIt = keep;
    this.crop = null;
    this.zones = [];
    this.least = 0.2;
    this.mirrored = false;
    this.hand = null; // what is being dragged
    this.busy = 0; // answers that are on their way
    this.told = "";
    this.layer.addEventListener("pointerdown", (event) => this.down(event));
    this.layer.addEventListener("pointermove", (event) => this.move(event));
    for (const end of ["pointerup", "pointercancel"]) this.layer.addEventListener(end, (event) => this.up(event, end === "pointercancel"));
    this.layer.addEventListener("keydown", (event) => this.key(event));
  }

  show({ crop, zones, least, size, mirror }) {
    const [width, height] = size || [16, 9];
    Object.assign(this.box.style, { aspectRatio: `${width} / ${height}`, width: `min(100%, ${(62 * width) / height}vh)` });
    const told = JSON.stringify([crop, zones, mirror]);
    if (this.hand || this.busy || told === this.told) return;
    Object.assign(this, { told, crop, zones, least, mirrored: mirror });
    this.draw();
  }

  // On the page left is left as on the canvas: the same turn both ways.
  turned([left, top, right, bottom]) {
    return this.mirrored ? [1 - right, top, 1 - left, bottom] : [left, top, right, bottom];
  }

  draw() {
    this.canvas.classList.toggle("mirrored", this.mirrored);
    const focused = this.layer.contains(document.activeElement);
    const zones = this.zones.map((zone) => place(el("div", { class: "zone fixed", title: "an ignored zone" }), this.turned(zone)));
    this.layer.replaceChildren(...zones, ...(this.crop ? [this.one()] : []));
    if (focused) this.layer.querySelector(".crop")?.focus({ preventScroll: true });
  }

  one() {
    const corners = CORNERS.map((corner) => el("span", { class: `corner ${corner}`, "data-corner": corner }));
    const label = "The crop; arrows move it, with Shift they change its size, Delete takes it away";
    return place(el("div", { class: "crop", tabindex: "0", role: "group", "aria-label": label }, ...corners), this.turned(this.crop));
  }

  at(event) {
    const box = this.layer.getBoundingClientRect();
    return [clamp((event.clientX - box.left) / box.width), clamp((event.clientY - box.top) / box.height)];
  }

  down(event) {
    if (this.hand || event.button) return;
    event.preventDefault();
    const node = event.target.closest(".crop");
    const [x, y] = this.at(event);
    const from = node ? this.turned(this.crop) : [x, y, x, y];
    const corner = node ? event.target.dataset.corner || "" : "right bottom";
    this.hand = { pointer: event.pointerId, x, y, from, corner, fresh: !node, before: this.crop, crop: from };
    this.layer.setPointerCapture(event.pointerId);
    if (node) node.focus({ preventScroll: true });
  }

  move(event) {
    const hand = this.hand;
    if (!hand || event.pointerId !== hand.pointer) return;
    const [x, y] = this.at(event);
    let [left, top, right, bottom] = hand.from;
    if (!hand.corner) {
      const dx = clamp(x - hand.x, -left, 1 - right);
      const dy = clamp(y - hand.y, -top, 1 - bottom);
      [left, top, right, bottom] = [left + dx, top + dy, right + dx, bottom + dy];
    } else {
      const least = hand.fresh ? 0 : this.least;
      if (hand.fresh) [left, right, top, bottom] = [Math.min(left, x), Math.max(left, x), Math.min(top, y), Math.max(top, y)];
      else {
        if (hand.corner.includes("left")) left = Math.min(x, right - least);
        else right = Math.max(x, left + least);
        if (hand.corner.includes("top")) top = Math.min(y, bottom - least);
        else bottom = Math.max(y, top + least);
      }
    }
    hand.crop = [left, top, right, bottom].map((side) => clamp(side));
    if (hand.fresh && !this.layer.querySelector(".crop")) {
      this.crop = this.turned(hand.crop);
      this.draw();
    }
    place(this.layer.querySelector(".crop"), hand.crop);
  }

  up(event, lost) {
    const hand = this.hand;
    if (!hand || event.pointerId !== hand.pointer) return;
    this.hand = null;
    const [left, top, right, bottom] = hand.crop;
    const slipped = hand.fresh && (right - left < SLIP || bottom - top < SLIP);
    if (lost || slipped) {
      this.crop = hand.before;
      this.draw();
    } else this.keep(this.turned(hand.crop), hand.before);
  }

  key(event) {
    if (!this.crop || !event.target.classList.contains("crop")) return;
    const way = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] }[event.key];
    if (event.key === "Delete" || event.key === "Backspace") this.keep(null);
    else if (way) {
      let [left, top, right, bottom] = this.turned(this.crop);
      if (event.shiftKey) [right, bottom] = [clamp(right + way[0], left + this.least), clamp(bottom + way[1], top + this.least)];
      else {
        const dx = clamp(way[0], -left, 1 - right);
        const dy = clamp(way[1], -top, 1 - bottom);
        [left, top, right, bottom] = [left + dx, top + dy, right + dx, bottom + dy];
      }
      this.keep(this.turned([left, top, right, bottom]));
    } else return;
    event.preventDefault();
  }

  begin() {
    this.keep(this.crop || FIRST);
    this.layer.querySelector(".crop")?.focus({ preventScroll: true });
  }

  async keep(crop, before = this.crop) {
    this.crop = crop && crop.map((side) => Math.round(side * 1e4) / 1e4);
    this.draw();
    this.busy += 1;
    const refused = await this.keepIt(this.crop);
    this.busy -= 1;
    this.told = "";
    if (refused && !this.busy) {
      this.crop = before;
      this.draw();
    }
  }
}

function place(node, [left, top, right, bottom]) {
  Object.assign(node.style, { left: `${100 * left}%`, top: `${100 * top}%`, width: `${100 * (right - left)}%`, height: `${100 * (bottom - top)}%` });
  return node;
}
