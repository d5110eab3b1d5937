// Puts the panel together from the table that the program sends, and keeps it so when rows come and go.

import { control, el, words } from "./controls.js";
import { Hand, Link } from "./link.js";
import { Waves } from "./waves.js";

const $ = (id) => document.getElementById(id);
const TITLES = { edit: "Edit", identity: "Identity", blend: "Blend", smile: "Smile", look: "Look", preset: "Presets", transport: "Transport" };
const BESIDE = ["preset", "transport"]; // groups beside the picture: what a show needs at hand
const PLACE = "facets-place"; // where a reload finds its place again

const values = new Map();
const hand = new Hand();
const controls = new Map();
const made = new Map(); // group -> { signature, node, names }
const waves = new Waves((name) => values.get(name));
const place = read(PLACE);
let rows = [];
let moving = {};
let midi = null;

const context = {
  learners: new Map(), // by control: its button to learn, and the one to forget
  set(name, value) {
    values.set(name, value);
    hand.set(name, value);
  },
  fire: (name, value) => hand.fire(name, value),
  holds: (name) => hand.holds(name),
  learn: (name) => hand.learn(midi && midi.learning === name ? null : name),
  unlearn: (name) => hand.unlearn(name),
};

// ---- the table -----------------------------------------------------------------------------------------------------

function groupOf(row) {
  const first = row.name.split("/")[0];
  return row.name.includes("/") ? first : "identity"; // /facets/truncation stands alone
}

function build(table) {
  rows = table;
  const groups = new Map();
  for (const row of rows) {
    const group = groupOf(row);
    if (!groups.has(group)) groups.set(group, []);
    groups.get(group).push(row);
  }
  for (const [group, old] of made) {
    if (!groups.has(group)) {
      forget(old);
      made.delete(group);
    }
  }
  for (const [group, members] of groups) {
    const signature = JSON.stringify(members);
    const old = made.get(group);
    if (old && old.signature === signature) continue;
    const fresh = { signature, node: section(group, members), names: members.map((row) => row.name) };
    if (old) {
      forget(old, fresh.names);
      old.node.replaceWith(fresh.node);
    } else (BESIDE.includes(group) ? $("side") : $("sections")).append(fresh.node);
    made.set(group, fresh);
  }
  navigate([...groups.keys()].filter((group) => !BESIDE.includes(group)));
}

function forget(old, kept = []) {
  for (const name of old.names) if (!kept.includes(name)) {
    controls.delete(name);
    values.delete(name);
    context.learners.delete(name);
  }
  if (!kept.length) old.node.remove();
}

function navigate(groups) {
  const links = groups.map((group) => el("a", { href: `#group-${group}` }, TITLES[group] || words(group)));
  if ([...$("groups").children].map((link) => link.textContent).join() !== links.map((link) => link.textContent).join()) $("groups").replaceChildren(...links);
  spy();
}

function make(row, label) {
  const one = control(row, label, context);
  controls.set(row.name, one);
  one.node.dataset.name = row.name;
  return one.node;
}

function section(group, members) {
  const node = el("section", { id: `group-${group}`, class: `group ${group}`, "aria-labelledby": `title-${group}` });
  node.append(el("h2", { id: `title-${group}` }, TITLES[group] || words(group)));
  if (group === "preset") node.append(...presets(members));
  else if (group === "edit" || group === "blend") node.append(el("div", { class: "cards" }, ...cards(group, members)));
  else if (group === "transport") node.append(el("div", { class: "rows" }, ...ordered(members).map((row) => make(row, row.name.split("/").pop()))));
  else node.append(el("div", { class: "card rows wide" }, ...members.map((row) => make(row, row.name.split("/").slice(-1)[0]))));
  return node;
}

const ordered = (members) => [...members].sort((a, b) => (a.kind === "bool" ? 0 : 1) - (b.kind === "bool" ? 0 : 1));

function cards(group, members) {
  const subjects = new Map();
  for (const row of members) {
    const subject = row.name.split("/")[1];
    if (!subjects.has(subject)) subjects.set(subject, []);
    subjects.get(subject).push(row);
  }
  return [...subjects].map(([subject, list]) => card(group, subject, list));
}

function card(group, subject, list) {
  const heads = list.filter((row) => row.name.split("/").length <= 3);
  const rest = list.filter((row) => row.name.split("/").length > 3);
  const node = el("div", { class: "card", role: "group", "aria-label": words(subject) });
  node.append(...heads.map((row) => make(row, heads.length > 1 ? row.name.split("/").pop() : subject)));
  if (!rest.length) return node;
  const key = `${group}/${subject}`;
  const more = el("details", { "data-key": key });
  if ((place.open || []).includes(key)) more.open = true;
  if (group === "edit") {
    const canvas = el("canvas", { class: "wave", "aria-hidden": "true" });
    waves.add(subject, canvas);
    more.append(el("summary", { "aria-label": `Oscillator of ${words(subject)}` }, canvas));
  } else more.append(el("summary", {}, el("span", {}, "layers")));
  more.append(el("div", { class: "rows" }, ...rest.map((row) => make(row, row.name.split("/").slice(3).join(" ") + (group === "blend" ? " px" : "")))));
  more.addEventListener("toggle", keep);
  node.append(more);
  return node;
}

// ---- presets -------------------------------------------------------------------------------------------------------

function presets(members) {
  const recalls = members.filter((row) => row.name.split("/").length === 3);
  const others = members.filter((row) => row.name.split("/").length === 2);
  const list = el("div", { class: "chips", role: "group", "aria-label": "Recall a preset" }, ...recalls.map((row) => make(row, row.name.split("/")[1])));
  const names = el("datalist", { id: "preset-names" }, ...recalls.map((row) => el("option", { value: row.name.split("/")[1] })));
  const pick = (kinds) => others.filter((row) => kinds.includes(row.kind)).map((row) => make(row, row.name.split("/")[1]));
  const steps = el("div", { class: "steps" }, ...pick(["trigger"]).reverse()); // previous, next
  return [...(recalls.length ? [list] : []), names, steps, ...pick(["float", "int", "bool", "str"]), ...pick(["command"])];
}

function showPreset(told) {
  for (const [name, one] of controls) {
    if (!name.startsWith("preset/") || !one.button) continue;
    if (name.endsWith("/recall") && name.split("/").length === 3) one.button.setAttribute("aria-pressed", String(name.split("/")[1] === told.current));
  }
}

// ---- health --------------------------------------------------------------------------------------------------------

const FIGURES = [
  ["canvas", "fps", (h) => h.presented_fps.toFixed(0)],
  ["portraits", "fps", (h) => h.portrait_fps.toFixed(0)],
  ["delay", "ms", (h) => h.delay_ms.toFixed(0)],
  ["faces", "", (h) => h.faces],
  ["memory", "MB", (h) => h.memory_mb.toFixed(0)],
  ["dropped", "", (h) => h.dropped],
  ["faults", "", (h) => h.fault_count],
];
const figures = FIGURES.map(([label, unit]) => {
  const figure = el("dd", {}, "–");
  $("health").append(el("div", { "data-figure": label }, el("dt", {}, label), el("div", { class: "with-unit" }, figure, el("span", { class: "unit" }, unit))));
  return figure;
});

function showHealth(health) {
  FIGURES.forEach(([, , say], i) => {
    const text = String(say(health));
    if (figures[i].textContent !== text) figures[i].textContent = text;
  });
  document.body.classList.toggle("fading", health.fading);
  document.querySelector('[data-figure="faults"]').classList.toggle("bad", health.fault_count > 0);
  $("faults").hidden = !health.faults.length;
  const said = [...$("faults").children].map((line) => line.textContent).join("\n");
  if (said !== health.faults.join("\n")) $("faults").replaceChildren(...health.faults.map((fault) => el("p", {}, fault)));
}

let teaching = false; // whether every control shows its learn button; otherwise only those that have learned something
$("learning").addEventListener("click", () => {
  teaching = !teaching;
  $("learning").setAttribute("aria-pressed", String(teaching));
  if (!teaching && midi && midi.learning) hand.learn(null);
  showMidi(midi);
});

function showMidi(told) {
  midi = told;
  $("learning").hidden = !told;
  for (const [name, { learn: button, forget }] of context.learners) {
    const what = told && told.learned[name];
    forget.hidden = !(teaching && what);
    button.hidden = !told || !(teaching || what || told.learning === name);
    button.textContent = what || "M";
    button.classList.toggle("learned", Boolean(what));
    button.setAttribute("aria-pressed", String(Boolean(told && told.learning === name)));
  }
}

// ---- the connection ------------------------------------------------------------------------------------------------

function hear(told) {
  hand.hear(told.heard);
  if (told.rows) {
    build(told.rows);
    moving = {};
    showMidi(midi);
  }
  for (const [name, value] of Object.entries(told.values || {})) {
    if (!hand.holds(name)) values.set(name, value);
    controls.get(name)?.show(value);
  }
  for (const one of controls.values()) one.settle?.();
  for (const name of told.fired || []) controls.get(name)?.fired?.();
  if (told.moving) {
    for (const name of Object.keys({ ...moving, ...told.moving })) controls.get(name)?.moving?.(told.moving[name]);
    moving = told.moving;
  }
  if (told.phases) waves.phases(told.phases);
  if (told.health) showHealth(told.health);
  if (told.presets) showPreset(told.presets);
  if ("midi" in told) showMidi(told.midi);
  if (told.rows) settle();
}

let first = true;
hand.link = new Link("/panel/socket", {
  onMessage: hear,
  onState(up) {
    hand.forget();
    document.body.classList.toggle("lost", !up);
    $("link").textContent = up ? "live" : first ? "connecting" : "not connected; trying again";
    first = first && !up;
  },
});

// ---- the preview: the next picture is asked for when the last one was drawn ------------------------------------------

const picture = $("picture");
let looking = true;
let asked = false;
const look = new Link("/panel/preview", {
  binary: true,
  async onMessage(blob) {
    asked = false;
    try {
      const bitmap = await createImageBitmap(blob);
      if (picture.width !== bitmap.width) picture.width = bitmap.width;
      if (picture.height !== bitmap.height) picture.height = bitmap.height;
      picture.getContext("2d").drawImage(bitmap, 0, 0);
      bitmap.close();
      $("nothing").hidden = true;
      picture.dataset.pictures = Number(picture.dataset.pictures || 0) + 1;
    } catch {
      /* half a picture: the next one will be whole */
    }
    ask();
  },
  onState(up) {
    asked = false;
    if (up) ask();
  },
});

function ask() {
  if (asked || document.hidden || !looking) return;
  asked = look.send("next");
}

new IntersectionObserver((entries) => {
  looking = entries[0].isIntersecting;
  ask();
}).observe(picture);
document.addEventListener("visibilitychange", ask);

// ---- a reload in mid-show finds its place ----------------------------------------------------------------------------

function read(key) {
  try {
    return JSON.parse(sessionStorage.getItem(key)) || {};
  } catch {
    return {};
  }
}

const topOf = (node) => node.getBoundingClientRect().top;

function keep() {
  const open = [...document.querySelectorAll("details[open]")].map((one) => one.dataset.key);
  try {
    const anchor = scrollY > 0 && [...document.querySelectorAll("[data-name]")].find((one) => !one.closest("#stage > #side") && topOf(one) > 0);
    const focus = document.activeElement?.closest?.("[data-name]")?.dataset.name;
    sessionStorage.setItem(PLACE, JSON.stringify({ anchor: anchor?.dataset?.name, at: anchor && topOf(anchor), open, focus }));
  } catch {
    /* a browser that keeps nothing */
  }
}

let settled = false;
function settle() {
  if (settled) return;
  settled = true;
  history.scrollRestoration = "manual";
  const anchor = controls.get(place.anchor)?.node;
  if (anchor) scrollBy({ top: topOf(anchor) - place.at, behavior: "instant" });
  if (place.focus) controls.get(place.focus)?.node.querySelector("input,button,select")?.focus({ preventScroll: true });
  document.body.classList.add("ready");
}
addEventListener("pagehide", () => settled && keep());

// ---- which group is in sight -----------------------------------------------------------------------------------------

const inSight = new Map();
const sight = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) inSight.set(entry.target.id, entry.isIntersecting);
    const here = [...$("sections").children].find((one) => inSight.get(one.id));
    for (const link of $("groups").children) {
      const current = here && link.hash === `#${here.id}`;
      if (current) link.setAttribute("aria-current", "true");
      else link.removeAttribute("aria-current");
    }
  },
  { rootMargin: "-16% 0px -74% 0px" },
);

function spy() {
  sight.disconnect();
  for (const one of $("sections").children) sight.observe(one);
}
