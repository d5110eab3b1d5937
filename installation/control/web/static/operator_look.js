// A live picture: asked for one at a time, only while the page is seen, and where it may be shown.

import { Link } from "/panel/link.js";

export class Look {
  // onPicture(canvas): after each one.
  constructor(path, canvas, nothing, onPicture = () => {}) {
    this.path = path;
    this.canvas = canvas;
    this.nothing = nothing;
    this.onPicture = onPicture;
    this.link = null;
    this.asked = false;
    document.addEventListener("visibilitychange", () => this.next());
  }

  // allowed: whether there is a picture to ask for; why: what stands in its place otherwise.
  allow(allowed, why) {
    if (allowed && !this.link) {
      this.say("no picture yet");
      this.link = new Link(this.path, { binary: true, onMessage: (blob) => this.picture(blob), onState: (state) => this.become(state) });
    } else if (!allowed) {
      this.canvas.getContext("2d").clearRect(0, 0, this.canvas.width, this.canvas.height);
      this.say(why);
    }
    this.allowed = allowed;
    this.next();
  }

  say(text) {
    this.nothing.textContent = text;
    this.nothing.hidden = !text;
    this.nothing.parentElement.classList.toggle("empty", Boolean(text));
  }

  become(state) {
    this.asked = false;
    if (state === "live") this.next();
  }

  next() {
    if (this.link && this.allowed && !this.asked && !document.hidden) this.asked = this.link.send("next");
  }

  async picture(blob) {
    this.asked = false;
    if (!this.allowed) return;
    try {
      const bitmap = await createImageBitmap(blob);
      Object.assign(this.canvas, { width: bitmap.width, height: bitmap.height });
      this.canvas.getContext("2d").drawImage(bitmap, 0, 0);
      bitmap.close();
      this.canvas.dataset.pictures = Number(this.canvas.dataset.pictures || 0) + 1;
      this.say("");
      this.onPicture(this.canvas);
    } catch {
      /* half a picture: the next one will be whole */
    }
    this.next();
  }
}
