// How the show fares: a row of figures, and the faults with their times.

import { el } from "./parts.js";

const FIGURES = [
  ["canvas", "fps", (h) => h.presented_fps.toFixed(0)],
  ["portraits", "fps", (h) => h.portrait_fps.toFixed(0)],
  ["delay", "ms", (h) => h.delay_ms.toFixed(0)],
  ["faces", "", (h) => h.faces],
  ["memory", "MB", (h) => h.memory_mb.toFixed(0)],
  ["dropped", "", (h) => h.dropped],
  ["faults", "", (h) => h.fault_count],
  ["schedule", "", (h) => (h.schedule ? (h.schedule.open ? "open" : "closed") : "")],
];
const EPOCH = 1e9; // larger numbers are seconds since 1970, smaller ones are of the show's clock
const CLOCK = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });

function moment(seconds) {
  if (seconds > EPOCH) return CLOCK.format(seconds * 1000);
  const whole = Math.max(0, Math.floor(seconds));
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")} in`;
}

// "14:03:10 – 14:05:00 · ×3": when, how often.
function when(fault) {
  const times = [fault.first, fault.last].filter((one) => one !== undefined).map(moment);
  const span = times[0] === times[1] ? times.slice(0, 1) : times;
  return [span.join(" – "), fault.count > 1 ? `×${fault.count}` : "", fault.ended ? "over" : ""].filter(Boolean).join(" · ");
}

export class Health {
  constructor(list, faults) {
    this.faults = faults;
    this.summary = faults.querySelector("summary");
    this.lines = faults.querySelector("ul");
    this.said = "";
    this.opened = false; // by itself, for the first fault
    this.figures = FIGURES.map(([label, unit]) => {
      const figure = el("span", { class: "number" }, "–");
      const value = el("dd", {}, figure, el("span", { class: "unit" }, unit && ` ${unit}`));
      list.append(el("div", { "data-figure": label }, el("dt", {}, label), value));
      return figure;
    });
    this.count = list.querySelector('[data-figure="faults"]');
    this.schedule = list.querySelector('[data-figure="schedule"]');
    this.tellSchedule(null);
  }

  // Where nothing is scheduled there is nothing to tell; otherwise the row that shows and the next change stand behind the word.
  tellSchedule(schedule) {
    this.schedule.hidden = !schedule;
    const change = schedule && schedule.next_change ? `until ${schedule.next_change.slice(0, 16).replace("T", " ")}` : "";
    this.schedule.title = schedule ? [schedule.row, schedule.override === "auto" ? "" : "by hand", change].filter(Boolean).join(", ") : "";
  }

  show(health) {
    FIGURES.forEach(([, , say], i) => {
      const text = String(say(health));
      if (this.figures[i].textContent !== text) this.figures[i].textContent = text;
    });
    this.tellSchedule(health.schedule);
    this.count.classList.toggle("bad", health.fault_count > 0);
    this.list(health.faults.map((fault) => (typeof fault === "string" ? { text: fault } : fault)));
  }

  list(faults) {
    const said = JSON.stringify(faults);
    if (said === this.said) return;
    this.said = said;
    const open = faults.filter((fault) => !fault.ended).length;
    this.faults.hidden = !faults.length;
    this.faults.classList.toggle("calm", !open);
    this.summary.textContent = open ? `${open} fault${open > 1 ? "s" : ""}` : `${faults.length} fault${faults.length > 1 ? "s" : ""}, all over`;
    if (open && !this.opened) this.opened = this.faults.open = true;
    const newest = [...faults].reverse();
    this.lines.replaceChildren(
      ...newest.map((fault) => el("li", { class: fault.ended ? "over" : "" }, el("span", {}, fault.text), el("span", { class: "when" }, when(fault)))),
    );
  }
}
