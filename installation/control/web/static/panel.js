// Puts the panel together from the table that the program sends, and keeps it so when rows come and go.

import { control } from "./controls.js";
import { Health } from "./health.js";
import { Hand, Link } from "./link.js";
import { el, roving, words } from "./parts.js";
import { Place, Sight } from "./place.js";
import { Presets } from "./presets.js";
import { Takeaways } from "./takeaways.js";
import { Waves } from "./waves.js";
import { Zones } from "./zones.js";

const $ = (id) => document.getElementById(id);
const TITLES = { edit: "Edit", identity: "Identity", blend: "Blend", smile: "Smile", facets: "Facets", style: "Painters' styles", look: "Look", preset: "Presets", transport: "Stage", schedule: "Opening hours", takeaway: "Takeaways" };
const BESIDE = ["preset", "transport", "takeaway", "schedule"]; // groups beside the picture: what a show needs at hand

const values = new Map(); // what is seen, a hand's moves that are not confirmed yet among it
const confirmed = new Map(); // what the program said
const hand = new Hand(revert);
const controls = new Map();
const made = new Map(); // group -> { signature, node, names }
const waves = new Waves((name) => values.get(name));
const place = new Place();
let moving = {};
let midi = null;

const context = {
  learners: new Map(), // by control: its button to learn, and the one to forget
  set(name, value) {
    values.set(name, value);
    hand.set(name, value);
  },
  fire: (name) => hand.fire(name),
  holds: (name) => hand.holds(name),
  learn: (name) => hand.send({ learn: midi && midi.learning === name ? null : name }),
  unlearn: (name) => hand.send({ unlearn: name }),
};
const presets = new Presets(context, make, (message) => hand.ask(message));
const health = new Health($("health"), $("faults"));
const takeaways = new Takeaways((text) => say(text, 6000));
const sight = new Sight($("groups"), $("sections"));
const zones = new Zones($("zones"), { ask: (message) => hand.ask(message), mirrored: () => values.get("look/mirror") !== false });
place.fold($("zones"));
const rove = roving($("groups"), () => $("groups").querySelector("[aria-current]"));

// ---- the table -----------------------------------------------------------------------------------------------------

function groupOf(row) {
  const first = row.name.split("/")[0];
  return row.name.includes("/") ? first : "identity"; // /facets/truncation stands alone
}

function build(table) {
  const groups = new Map();
  for (const row of table) {
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
  for (const [group, members] of groups) renew(group, members);
  navigate([...groups.keys()].filter((group) => !BESIDE.includes(group)));
}

function renew(group, members) {
  const signature = JSON.stringify(members);
  const old = made.get(group);
  if (old && old.signature === signature) return;
  const names = members.map((row) => row.name);
  if (old) forget(old, names);
  if (old && group === "preset") {
    made.set(group, { signature, node: old.node, names }); // what is being typed there stays
  } else {
    const node = section(group, members);
    node.hidden = group === "takeaway" && !takeaways.there;
    if (old) old.node.replaceWith(node);
    else if (group === "transport") $("side").prepend(node); // a blackout is never far
    else (BESIDE.includes(group) ? $("side") : $("sections")).append(node);
    made.set(group, { signature, node, names });
  }
  if (group === "preset") presets.rows(members);
}

function forget(old, kept = []) {
  for (const name of old.names) if (!kept.includes(name)) {
    for (const store of [controls, values, confirmed, context.learners]) store.delete(name);
  }
  if (!kept.length) old.node.remove();
}

function navigate(groups) {
  const links = groups.map((group) => el("a", { href: `#group-${group}` }, TITLES[group] || words(group)));
  if ([...$("groups").children].map((link) => link.textContent).join() !== links.map((link) => link.textContent).join()) $("groups").replaceChildren(...links);
  rove();
  sight.look();
}

$("groups").addEventListener("click", (event) => {
  const link = event.target.closest("a");
  const target = link && $(link.hash.slice(1));
  if (!target) return;
  event.preventDefault();
  fold(link.hash.slice(7), false);
  target.scrollIntoView();
  target.querySelector("h2 button")?.focus({ preventScroll: true });
});

function make(row, label) {
  const one = control(row, label, context);
  controls.set(row.name, one);
  one.node.dataset.name = row.name;
  return one.node;
}

// A group under its heading, which folds it where it is not beside the picture.
function section(group, members) {
  const title = TITLES[group] || words(group);
  const beside = BESIDE.includes(group);
  const body = el("div", { class: "body", id: `body-${group}` }, ...inside(group, members));
  const heading = beside
    ? el("h2", { id: `title-${group}` }, title)
    : el("h2", {}, el("button", { id: `title-${group}`, class: "fold", type: "button", "aria-expanded": "true", "aria-controls": body.id }, title));
  const node = el("section", { id: `group-${group}`, class: `group ${group}`, "aria-labelledby": `title-${group}` }, heading, body);
  heading.querySelector("button")?.addEventListener("click", () => fold(group, !place.folded.has(group)));
  if (!beside && place.folded.has(group)) unfold(node, false);
  return node;
}

function unfold(node, open) {
  node.querySelector(".body").hidden = !open;
  node.querySelector(".fold").setAttribute("aria-expanded", String(open));
}

function fold(group, folded) {
  if (folded) place.folded.add(group);
  else place.folded.delete(group);
  const node = $(`group-${group}`);
  if (node) unfold(node, !folded);
  place.keep();
}

function inside(group, members) {
  if (group === "preset") return presets.body(members);
  if (group === "edit" || group === "blend") return [el("div", { class: "cards" }, ...cards(group, members))];
  if (group === "style") return styles(members);
  if (group === "takeaway") return [el("div", { class: "steps" }, ...members.map((row) => make(row, row.name.split("/").pop()))), takeaways.node];
  if (group === "transport") return [el("div", { class: "rows" }, ...ordered(members).map((row) => make(row, row.name.split("/").pop())))];
  return [el("div", { class: "card rows wide" }, ...members.map((row) => make(row, row.name.split("/").slice(-1)[0])))];
}

// Each style beside a small picture of the live face in it, then what holds for all of them.
function styles(members) {
  const own = (row) => row.name.split("/").length === 3 && row.name.endsWith("/amount") && !row.name.startsWith("style/walk/");
  const tiles = members.filter(own).map((row) => {
    const name = row.name.split("/")[1];
    const img = el("img", { alt: "", "data-style": name, hidden: true });
    return el("div", { class: "card painted" }, el("span", { class: "sketch", "aria-hidden": "true" }, img), make(row, name));
  });
  const rest = members.filter((row) => !own(row)).map((row) => make(row, row.name.split("/").slice(1).join(" ")));
  return [el("div", { class: "cards" }, ...tiles), el("div", { class: "card rows wide" }, ...rest)];
}

const sketched = new Map(); // style -> number of the picture that is shown
function showSketches(numbers) {
  for (const img of document.querySelectorAll("img[data-style]")) {
    const name = img.dataset.style;
    const number = numbers[name];
    if (number === undefined) img.hidden = true;
    else if (img.hidden || sketched.get(name) !== number) {
      if (img.closest("[hidden]:not(img)")) continue; // folded away
      img.src = `/panel/styles/${name}?n=${number}`;
      img.hidden = false;
      sketched.set(name, number);
    }
  }
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
  const more = el("details", { "data-key": `${group}/${subject}` });
  if (group === "edit") {
    const canvas = el("canvas", { class: "wave", "aria-hidden": "true" });
    waves.add(subject, canvas);
    more.append(el("summary", { "aria-label": `Oscillator of ${words(subject)}` }, canvas));
  } else more.append(el("summary", { "aria-label": `Layers of ${words(subject)}` }, el("span", {}, "layers")));
  more.append(el("div", { class: "rows" }, ...rest.map((row) => make(row, row.name.split("/").slice(3).join(" ") + (group === "blend" ? " px" : "")))));
  place.fold(more);
  node.append(more);
  return node;
}

// ---- MIDI ----------------------------------------------------------------------------------------------------------

let teaching = false; // whether every control shows its learn button; otherwise only those that have learned something
$("learning").addEventListener("click", () => {
  teaching = !teaching;
  $("learning").setAttribute("aria-pressed", String(teaching));
  if (!teaching && midi && midi.learning) hand.send({ learn: null });
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
    $("studio").hidden = !told.studio;
    takeaways.studio = Boolean(told.studio);
    $("operator").hidden = !told.operator;
    moving = {};
    showMidi(midi);
  }
  for (const [name, value] of Object.entries(told.values || {})) {
    confirmed.set(name, value);
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
  if (told.health) {
    health.show(told.health);
    document.body.classList.toggle("fading", told.health.fading);
  }
  if (told.presets) presets.show(told.presets);
  if ("takeaways" in told) takeaways.show(told.takeaways, $("group-takeaway"));
  if ("pictures" in told) allow(told.pictures);
  if ("zones" in told) zones.show(told.zones);
  if (told.values || told.rows) zones.flip();
  if (told.sketches) showSketches(told.sketches);
  if ("midi" in told) showMidi(told.midi);
  for (const answer of told.answers || []) hand.answer(answer);
  if (told.rows) place.settle((name) => controls.get(name)?.node);
}

// Controls whose move was not heard show again what holds.
function revert(names) {
  for (const name of names) {
    if (!confirmed.has(name)) continue;
    values.set(name, confirmed.get(name));
    controls.get(name)?.revert?.(confirmed.get(name));
  }
  if (document.body.classList.contains("ready")) say("The last move was not confirmed and has gone back.", 4000);
}

const OFFLINE = {
  silent: "The mirror does not answer. What is shown is what was heard last; nothing can be moved until it answers.",
  lost: "Not connected to the mirror. What is shown is what was heard last; nothing can be moved. Trying again …",
  locked: "The mirror asks for a new link: press I at the mirror, or have it pressed, and scan the code.",
};
const SHORT = { live: "live", silent: "no answer", lost: "not connected; trying again", locked: "locked out" };

let quiet = 0;
function say(text, milliseconds = 0) {
  clearTimeout(quiet);
  if ($("banner").textContent !== text) $("banner").textContent = text;
  $("banner").hidden = !text;
  if (milliseconds) quiet = setTimeout(() => say(OFFLINE[hand.link.state] || ""), milliseconds);
}

let first = true;
let focused = null; // what had the keyboard when the connection went
function become(state, fresh) {
  const up = state === "live";
  if (!up) {
    const active = document.activeElement;
    if (active?.matches("#side *, #sections *")) focused = active;
  }
  if (fresh || state === "lost") hand.forget();
  else if (!up) hand.lose();
  document.body.classList.toggle("lost", !up);
  for (const id of ["side", "sections", "learning"]) $(id).disabled = !up;
  $("link").textContent = !up && first && state === "lost" ? "connecting" : SHORT[state];
  say(OFFLINE[state] || "");
  if (up) {
    if (focused?.isConnected && document.activeElement === document.body) focused.focus({ preventScroll: true });
    focused = null;
  }
  first = first && !up;
}
$("side").disabled = $("sections").disabled = true;
hand.link = new Link("/panel/socket", { onMessage: hear, onState: become, watched: true });

// ---- the preview: the next picture is asked for when the last one was drawn ------------------------------------------

const picture = $("picture");
// A live camera's picture is shown only where that is configured.
const FORBIDDEN = "A live camera's picture is shown here only with privacy.allow_recording: true";
function allow(pictures) {
  zones.allow(pictures);
  $("nothing").textContent = pictures ? "no picture yet" : FORBIDDEN;
  if (pictures) return;
  $("nothing").hidden = false;
  picture.getContext("2d").clearRect(0, 0, picture.width, picture.height);
}

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
  onState(state) {
    asked = false;
    if (state === "live") ask();
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
// The navigation of a phone stands beneath the picture, whatever its size.
new ResizeObserver(() => document.documentElement.style.setProperty("--picture", `${$("preview").offsetHeight}px`)).observe($("preview"));
