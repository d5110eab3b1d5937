// The picture: before and after by a divider, faces to choose from, and drawings that come as fast as they are made.

import { el } from "/panel/parts.js";

const $ = (id) => document.getElementById(id);
const SLOW = 350; // ms after which a drawing under way is shown to be
const STEP = 5; // % of an arrow key

export class Stage {
  // onChoose(number): a face was clicked on.
  constructor(onChoose) {
    this.frame = $("frame");
    this.onChoose = onChoose;
    this.divider();
  }

  divider() {
    const wipe = $("wipe");
    const put = (percent) => {
      const x = Math.min(100, Math.max(0, percent));
      wipe.value = x;
      this.frame.style.setProperty("--x", `${x}%`);
      this.frame.classList.toggle("parked", x < 1);
    };
    const at = (event) => {
      const box = this.frame.getBoundingClientRect();
      put((100 * (event.clientX - box.left)) / box.width);
    };
    const handle = $("divider");
    handle.addEventListener("pointerdown", (event) => {
      if (event.button) return;
      event.preventDefault();
      handle.setPointerCapture(event.pointerId);
      this.frame.classList.add("held");
    });
    handle.addEventListener("pointermove", (event) => handle.hasPointerCapture(event.pointerId) && at(event));
    for (const end of ["pointerup", "pointercancel", "lostpointercapture"]) handle.addEventListener(end, () => this.frame.classList.remove("held"));
    handle.addEventListener("dblclick", () => put(wipe.value > 1 ? 0 : 50));
    wipe.addEventListener("input", () => put(Number(wipe.value)));
    wipe.step = STEP;
    put(0);
  }

  ratio(width, height) {
    this.frame.style.setProperty("--ratio", String(width / height));
  }

  async put(id, blob) {
    const bitmap = await createImageBitmap(blob);
    const canvas = $(id);
    canvas.width = bitmap.width;
    canvas.height = bitmap.height;
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    canvas.dataset.pictures = Number(canvas.dataset.pictures || 0) + 1;
  }

  faces(people, chosen) {
    $("faces").replaceChildren(...(people.length < 2 ? [] : people.map((one) => this.box(one, one.number === chosen))));
  }

  box(one, chosen) {
    const label = one.why ? `Face ${one.number}, ${one.why}: cannot be edited` : `Face ${one.number}`;
    const button = el("button", { type: "button", "aria-pressed": String(chosen), "aria-label": label, title: label, "data-number": one.number, "aria-disabled": one.why ? "true" : null });
    const [x, y, width, height] = one.box;
    const grown = 0.12;
    const place = { left: x - grown * width, top: y - grown * height, width: (1 + 2 * grown) * width, height: (1 + 2 * grown) * height };
    for (const [side, share] of Object.entries(place)) button.style.setProperty(side, `${100 * share}%`);
    button.addEventListener("click", () => this.onChoose(one));
    return button;
  }
}

export class Drawing {
  // One question at a time; of those that come meanwhile the newest is asked next. ask(fine) -> Blob; show(blob, fine); fail(error).
  constructor(ask, show, fail) {
    Object.assign(this, { ask, show, fail, under: false, wanted: null });
  }

  // fine: to be looked at, and no hand moves; otherwise a smaller one, which comes sooner.
  want(fine) {
    this.wanted = fine;
    if (!this.under) this.next();
  }

  stop() {
    this.wanted = null;
  }

  async next() {
    this.under = true;
    document.body.classList.add("drawing"); // until what is shown is what was asked for last
    const slow = setTimeout(() => ($("working").hidden = false), SLOW);
    try {
      while (this.wanted !== null) {
        const fine = this.wanted;
        this.wanted = null;
        const blob = await this.ask(fine);
        if (blob) await this.show(blob, fine);
      }
    } catch (error) {
      this.wanted = null;
      this.fail(error);
    } finally {
      clearTimeout(slow);
      $("working").hidden = true;
      this.under = false;
    }
    if (this.wanted !== null) this.next();
    else document.body.classList.remove("drawing");
  }
}
