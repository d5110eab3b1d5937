// A slider under a mouse, a finger, a pen and the keyboard.
//
// A finger that lands on a slider is more often on its way down the page than at the slider: it takes hold only once it has moved
// clearly sideways, and then the value follows from where it was. A swipe that the browser takes for scrolling puts it back.

import { OWN, el, fromShare, head, toShare, written } from "./parts.js";

const STEPS = 1000; // of a slider's way
const SLOP = 8; // px that a finger moves before it is clear where it goes
const SIDEWAYS = 1.5; // times as far sideways as up or down
const EDGE = 2; // px in which the ends of the way hold on to a mouse

class Grip {
  // way: what pointers touch; input: the slider in it; slider: share(), put(share) and back(), let().
  constructor(way, input, slider) {
    this.input = input;
    this.slider = slider;
    this.way = way;
    this.hand = null;
    way.addEventListener("pointerdown", (event) => this.down(event));
    way.addEventListener("pointermove", (event) => this.move(event));
    way.addEventListener("pointerup", (event) => this.up(event));
    way.addEventListener("lostpointercapture", (event) => this.up(event));
    way.addEventListener("pointercancel", (event) => this.cancel(event));
  }

  get holds() {
    return Boolean(this.hand?.holds);
  }

  down(event) {
    if (this.hand || event.button || this.input.matches(":disabled")) return;
    const mouse = event.pointerType === "mouse";
    this.hand = { id: event.pointerId, mouse, holds: false, x: event.clientX, y: event.clientY, share: this.slider.share(), moved: false };
    if (!mouse) return;
    event.preventDefault(); // no text is selected by it
    this.hold();
    if (Math.abs(event.clientX - this.thumbAt()) > this.thumb()) this.put(this.at(event.clientX));
  }

  move(event) {
    const hand = this.hand;
    if (!hand || hand.id !== event.pointerId) return;
    const [dx, dy] = [event.clientX - hand.x, event.clientY - hand.y];
    if (!hand.holds) {
      if (Math.hypot(dx, dy) < SLOP) return;
      if (Math.abs(dx) < SIDEWAYS * Math.abs(dy)) {
        this.hand = null; // on its way up or down the page
        return;
      }
      hand.x = event.clientX; // from here on, so that nothing jumps
      this.hold();
      return;
    }
    if (hand.mouse && !dx && !hand.moved) return;
    this.put(hand.mouse ? this.at(event.clientX) : hand.share + dx / this.travel());
  }

  up(event) {
    if (this.hand?.id === event.pointerId) this.let();
  }

  cancel(event) {
    if (this.hand?.id !== event.pointerId) return;
    if (this.hand.moved) this.slider.back();
    this.let();
  }

  hold() {
    this.hand.holds = true;
    this.way.setPointerCapture(this.hand.id);
    this.way.classList.add("held");
    this.slider.hold();
    this.input.focus({ preventScroll: true });
  }

  put(share) {
    this.hand.moved = true;
    this.slider.put(Math.min(1, Math.max(0, share)));
  }

  let() {
    const held = this.hand.holds;
    this.hand = null;
    this.way.classList.remove("held");
    if (held) this.slider.let();
  }

  thumb() {
    return parseFloat(getComputedStyle(this.input).getPropertyValue("--thumb"));
  }

  travel() {
    return Math.max(1, this.input.clientWidth - this.thumb());
  }

  thumbAt() {
    return this.input.getBoundingClientRect().left + this.thumb() / 2 + this.slider.share() * this.travel();
  }

  at(x) {
    const from = x - this.input.getBoundingClientRect().left - this.thumb() / 2;
    if (from < EDGE) return 0;
    return from > this.travel() - EDGE ? 1 : from / this.travel();
  }
}

const UNITS = { "beats per minute": "bpm" };

export function slider(row, label, context) {
  const { id, title, learn, full } = head(row, label, context);
  const unit = UNITS[row.unit] || row.unit;
  const input = el("input", {
    type: "range", id, min: 0, max: STEPS, step: 1, title: row.what, "aria-label": full, "aria-keyshortcuts": "Enter Delete",
  });
  // The keyboard reaches these two from the slider: by Enter and by Delete.
  const number = el("input", {
    class: "value", type: "text", inputmode: "decimal", "aria-label": `${full}, as a number`, size: 5, autocomplete: "off", tabindex: -1,
  });
  const reset = el("button", { class: "reset", type: "button", title: "back to its default (Delete)", "aria-label": `Reset ${full}`, tabindex: -1 }, "↺");
  const measure = el("span", { class: "unit", "aria-hidden": "true" }, unit);
  const zero = row.low < 0 && row.high > 0 ? toShare(row, 0) : 0;
  const whole = row.kind === "int" ? Math.max(1, row.high - row.low) : 0;
  if (whole && whole <= STEPS) input.max = whole;
  input.classList.toggle("hue", Boolean(row.circular));
  let value = row.default;
  let began = value; // where it was when a hand took hold
  let target = null; // what the program said while a hand was on the slider
  let still = 0;

  const paint = (share) => {
    input.style.setProperty("--from", Math.min(zero, share));
    input.classList.toggle("from-end", zero <= 0);
    input.style.setProperty("--to", Math.max(zero, share));
  };
  const draw = () => {
    const share = toShare(row, value);
    const text = written(row, value);
    input.value = Math.round(share * input.max);
    measure.textContent = text === OWN ? "" : unit;
    input.setAttribute("aria-valuetext", `${text} ${measure.textContent}`.trim());
    if (document.activeElement !== number) number.value = text;
    reset.classList.toggle("idle", Math.abs(value - row.default) < 1e-6);
    if (!still) paint(share);
  };
  const put = (next) => {
    value = Math.min(row.high, Math.max(row.low, next));
    still = 0;
    draw();
    context.set(row.name, value);
  };
  const show = (next) => {
    target = next;
    if (grip.holds || context.holds(row.name)) return;
    target = null;
    if (next !== value || input.value === "") value = next;
    draw();
  };
  const way = el("div", { class: "way" }, input);
  const grip = new Grip(way, input, {
    share: () => toShare(row, value),
    put: (share) => put(fromShare(row, share)),
    hold: () => (began = value),
    back: () => put(began),
    let: () => target !== null && show(target),
  });
  let mouse = false;
  way.addEventListener("pointerdown", (event) => (mouse = event.pointerType === "mouse"), true);
  way.addEventListener("dblclick", () => mouse && !input.matches(":disabled") && put(row.default));

  input.addEventListener("input", () => put(fromShare(row, input.value / input.max)));
  input.addEventListener("keydown", (event) => {
    if (event.key === "Enter") number.focus();
    else if (event.key === "Delete" || event.key === "Backspace") put(row.default);
    else return;
    event.preventDefault();
  });
  reset.addEventListener("click", () => put(row.default));
  const leave = () => {
    number.value = written(row, value);
    input.focus();
  };
  number.addEventListener("change", () => {
    const next = parseFloat(number.value.replace(",", ".").replace("−", "-"));
    if (Number.isFinite(next)) put(row.kind === "int" ? Math.round(next) : next);
    number.value = written(row, value);
  });
  number.addEventListener("keydown", (event) => {
    if (event.key === "Enter") number.dispatchEvent(new Event("change"));
    if (event.key === "Enter" || event.key === "Escape") leave();
  });
  number.addEventListener("focus", () => number.select());

  const moving = (now) => {
    still = now === undefined ? 0 : 1;
    paint(toShare(row, now === undefined ? value : now));
  };
  // The program has not heard of it: it is where it was.
  const revert = (known) => {
    if (grip.hand) grip.let();
    target = null;
    value = known;
    draw();
  };
  draw();
  const node = el("div", { class: "control slider" }, title, el("span", { class: "tools" }, ...learn, reset), el("span", { class: "figure" }, number, measure), way);
  return { node, show, moving, revert, settle: () => target !== null && show(target) };
}
