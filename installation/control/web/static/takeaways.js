// What visitors take home, as far as it is the operator's: how many are kept, and what was offered for the gallery.

import { el } from "./parts.js";

export class Takeaways {
  constructor(complain) {
    this.complain = complain;
    this.said = el("p", { class: "said", role: "status" });
    this.list = el("ul", { class: "offers" });
    this.clear = el("button", { class: "trigger", type: "button", onclick: () => this.ask() }, "delete all of them now");
    this.question = el("div", { class: "question", hidden: true },
      el("p", {}, "Every picture that is kept is deleted, and every code that was given out leads nowhere."),
      el("button", { class: "trigger", type: "button", onclick: () => this.answer(true) }, "delete"),
      el("button", { class: "trigger", type: "button", onclick: () => this.answer(false) }, "keep"));
    this.node = el("div", { class: "takeaways" }, this.said, this.list, el("div", { class: "command" }, this.clear, this.question));
    this.drawn = "";
    this.studio = false; // whether there is a photo page
    this.there = false; // whether visitors take anything home
  }

  // told: null where visitors take nothing home. group: the section of their controls, which is hidden then.
  show(told, group) {
    this.there = Boolean(told);
    if (group) group.hidden = !told;
    const drawn = JSON.stringify([told, this.studio]);
    if (!told || drawn === this.drawn) return;
    this.drawn = drawn;
    const count = told.kept === 1 ? "1 picture is kept." : `${told.kept} pictures are kept.`;
    const waiting = told.offers.filter((one) => !one.shown).length;
    const offers = waiting ? ` ${waiting} offered for the gallery.` : "";
    const going = told.going ? ` ${told.going} could not be deleted yet: no code leads there any more, and it is tried again.` : "";
    this.said.textContent = count + offers + going + (told.refusal ? ` No more just now: ${told.refusal}.` : "");
    this.said.classList.toggle("refused", Boolean(told.refusal || told.going));
    this.clear.parentNode.hidden = !told.kept;
    this.list.replaceChildren(...told.offers.map((one) => this.offer(one)));
  }

  offer(one) {
    const does = (act) => () => this.post(`/panel/takeaways/${one.id}/${act}`);
    const buttons = [el("button", { class: "trigger", type: "button", onclick: does("refuse") }, one.shown ? "take down" : "refuse")];
    if (one.shown && this.studio) buttons.unshift(el("a", { class: "trigger", href: `/studio?takeaway=${one.id}`, title: "Open it in the studio, to look at and to edit" }, "Studio"));
    if (!one.shown) buttons.unshift(el("button", { class: "trigger", type: "button", onclick: does("show") }, "show"));
    const words = one.shown ? `in the gallery until ${one.until}` : `offered; here until ${one.until}`;
    const picture = el("img", { src: `/panel/takeaways/${one.id}.jpg`, alt: "what a visitor offers for the gallery", loading: "lazy" });
    return el("li", {}, picture, el("div", {}, el("span", {}, words), el("div", { class: "steps" }, ...buttons)));
  }

  ask() {
    this.question.hidden = false;
    this.question.querySelector("button").focus();
  }

  answer(yes) {
    this.question.hidden = true;
    this.clear.focus();
    if (yes) this.post("/panel/takeaways/delete-all");
  }

  async post(path) {
    try {
      const answer = await fetch(path, { method: "POST" });
      if (!answer.ok) this.complain(await answer.text());
    } catch {
      this.complain("The mirror did not answer; nothing was done.");
    }
  }
}
