// A longer look at a face: asked for here, told of while it goes on, and taken over when it has found something.

import { ask } from "./studio_bring.js";
import { el } from "/panel/parts.js";

const POLL = 400; // ms between two questions; the program ends what nobody asks about
const UNDER_WAY = ["waiting", "starting", "looking"];
const NOTE = "A face is read at a glance. A longer look finds what draws it more truly. Your edits stay as they are, and undo brings the first reading back.";
const DONE = { nothing: "There was nothing more to find.", cancelled: "The longer look was ended; everything is as it was." };
const words = (seconds) => (seconds === 60 ? "1 min" : `${seconds} s`);
const queue = (before) => (before ? `waiting; ${before === 1 ? "one other comes" : `${before} others come`} first` : "waiting …");

export class Search {
  // edits: what is set; onFound(face, code): a code that is to take the place of the face's own; onTell(text, bad), onFail(error).
  constructor(edits, { onFound, onTell, onFail }) {
    Object.assign(this, { edits, onFound, onTell, onFail, visit: null, seconds: 10, timer: 0, shown: 0 });
    this.times = el("div", { class: "pills", role: "group", "aria-label": "How long" });
    this.begin = el("button", { id: "look-longer", class: "deed wide", type: "button", onclick: () => this.start() }, "Look longer");
    this.why = el("p", { class: "note why", role: "status" });
    this.image = el("img", { alt: "The face as it is found by now" });
    this.said = el("p", { role: "status", "aria-live": "polite" });
    this.bar = el("i", { class: "share", role: "progressbar", "aria-label": "How far the longer look is", "aria-valuemin": 0, "aria-valuemax": 100 }, el("b"));
    this.keep = el("button", { id: "look-keep", class: "deed wide", type: "button", onclick: () => this.end("keep") }, "That will do");
    this.stop = el("button", { id: "look-cancel", class: "deed wide", type: "button", onclick: () => this.end("cancel") }, "Cancel");
    this.asking = el("div", { class: "asking" }, this.times, this.begin);
    this.going = el("div", { class: "going", hidden: true }, this.image, el("div", {}, this.said, this.bar, el("div", { class: "ends" }, this.keep, this.stop)));
    this.node = el("div", { class: "card longer" }, el("h2", {}, "More like me"), el("p", { class: "note" }, NOTE), this.asking, this.going, this.why);
  }

  build({ seconds, why }) {
    this.never = why; // there is no looking longer with these models
    const one = (count) => el("button", { type: "button", "aria-pressed": String(count === this.seconds), onclick: () => this.choose(count) }, words(count));
    this.buttons = new Map(seconds.map((count) => [count, one(count)]));
    this.times.replaceChildren(...this.buttons.values());
    this.show();
  }

  choose(seconds) {
    this.seconds = seconds;
    for (const [count, button] of this.buttons) button.setAttribute("aria-pressed", String(count === seconds));
  }

  // Another picture, or null where there is none.
  use(visit) {
    if (this.visit?.id !== visit?.id) this.finish();
    this.visit = visit;
    this.show();
  }

  show() {
    const why = this.never || (this.visit?.code ? "There is only a code here: bring the photograph, too, to look at it longer." : "");
    this.why.textContent = why;
    this.why.hidden = !why;
    this.begin.disabled = Boolean(why) || !this.visit;
    this.times.inert = Boolean(why);
  }

  finish() {
    clearTimeout(this.timer);
    this.timer = 0;
    this.going.hidden = true;
    this.asking.hidden = false;
    URL.revokeObjectURL(this.image.src);
    this.image.removeAttribute("src");
    this.shown = 0;
  }

  async start() {
    const { visit } = this;
    const face = this.edits.face;
    if (!visit || face === null || this.timer) return;
    this.timer = -1; // it is being asked for
    this.asking.hidden = true;
    this.going.hidden = false;
    this.tell("getting ready …");
    this.stop.focus({ preventScroll: true });
    try {
      const told = await (await ask(`pictures/${visit.id}/search?face=${face}&seconds=${this.seconds}`, this.edits.wish(false, true))).json();
      if (this.visit === visit) this.next(told);
    } catch (error) {
      this.lose(visit, error);
    }
  }

  next(told) {
    const { visit } = this;
    if (UNDER_WAY.includes(told.state)) {
      this.follow(told, visit);
      this.timer = setTimeout(() => this.look(visit), POLL);
      return;
    }
    const back = this.going.contains(document.activeElement);
    this.finish();
    if (back) this.begin.focus({ preventScroll: true });
    if (told.state === "found") {
      const by = Math.round(100 * told.gain);
      const ended = told.settled ? " It stopped by itself, as there was no more to gain." : "";
      this.onFound(told.face, told.code);
      this.onTell(`Found: ${by || "less than 1"} % of the difference is gone.${ended} It shows where the face is drawn: in your edits, and most with glass at 0.`);
    } else this.onTell(told.why || DONE[told.state], told.state === "failed");
  }

  async look(visit) {
    try {
      const told = await (await ask(`pictures/${visit.id}/search`)).json();
      if (this.visit === visit) this.next(told);
    } catch (error) {
      this.lose(visit, error);
    }
  }

  lose(visit, error) {
    if (this.visit !== visit) return;
    this.finish();
    this.onFail(error);
  }

  tell(text, share) {
    this.said.textContent = text;
    this.bar.classList.toggle("searching", share === undefined);
    this.bar.style.setProperty("--done", share || 0);
    if (share === undefined) this.bar.removeAttribute("aria-valuenow");
    else this.bar.setAttribute("aria-valuenow", Math.round(100 * share));
    this.keep.disabled = share === undefined;
  }

  follow(told, visit) {
    if (told.state === "waiting") this.tell(queue(told.before));
    else if (told.state === "starting") this.tell("getting ready …");
    else this.tell(`looking … ${Math.round(100 * told.share)} %`, told.share);
    if (told.pictures > this.shown) {
      this.shown = told.pictures;
      this.draw(visit).catch(() => {}); // the next one comes soon
    }
  }

  async draw(visit) {
    const blob = await (await ask(`pictures/${visit.id}/search/picture`)).blob();
    if (this.visit !== visit || this.going.hidden) return;
    URL.revokeObjectURL(this.image.src);
    this.image.src = URL.createObjectURL(blob);
  }

  end(how) {
    const { visit } = this;
    this.tell(how === "keep" ? "taking what there is …" : "ending …", how === "keep" ? 1 : undefined);
    this.keep.disabled = true;
    ask(`pictures/${visit.id}/search/${how}`, {}).catch((error) => this.lose(visit, error));
  }
}
