// The studio: one photograph at a time, which the program keeps in memory for as long as this page works on it.

import { Bringing, ask, download, send } from "./studio_bring.js";
import { Edits } from "./studio_edits.js";
import { Drawing, Stage } from "./studio_picture.js";
import { Search } from "./studio_search.js";
import { Tools } from "./studio_tools.js";

const $ = (id) => document.getElementById(id);
const LOOK = 60000; // ms between two looks at whether the picture is still kept
const TOLD = 9000; // ms that a notice stays
const FORGOTTEN = "The picture was forgotten, as nobody had touched it for a while. Your edits are still here: bring the same picture again, and it looks as it did.";
const TAKEN_BACK = "This picture is not here any more: its visitor took it back, or its time was over.";

let desk = null; // the controls that there are
let visit = null; // the photograph that is kept
let portrait = false; // whether one face's square is shown, and not the photograph
let paintings = []; // styles that were brought with it
const OWN = "style/own-"; // their controls

const edits = new Edits(refresh);
const tools = new Tools(edits, {
  onMove: (whole) => (whole ? settle() : (hold(), drawing.want(false))),
  onPainting: bringPainting,
  sketch: (style) => visit && edits.face !== null && !gone() && `/studio/pictures/${visit.id}/styles/${edits.face}/${style}`,
});
const search = new Search(edits, { onFound: found, onTell: tell, onFail: failed });
const stage = new Stage((one) => (one.why ? tell(`This face is ${one.why}, so nothing can be drawn in its place.`) : choose(one.number)));
const drawing = new Drawing(
  async (fine) => visit && !gone() && (await ask(`pictures/${visit.id}/drawn`, edits.wish(portrait, fine))).blob(),
  async (blob, fine) => {
    await stage.put("after", blob);
    $("after").dataset.fine = fine;
  },
  failed,
);
const bringing = new Bringing({ onFile: bring, onSample: (number) => take(() => send(`pictures?sample=${number}`, null, () => {})), onFail: failed });

// ---- what is said ---------------------------------------------------------------------------------------------------

let quiet = 0;
function tell(text, bad = false) {
  clearTimeout(quiet);
  $("told").querySelector("p").textContent = text;
  $("told").classList.toggle("bad", bad);
  $("told").hidden = !text;
  if (text) quiet = setTimeout(() => tell(""), TOLD + 40 * text.length);
}
$("told").querySelector("button").addEventListener("click", () => tell(""));

function failed(error) {
  if (error.status !== 410) tell(error.message, true);
  else if (gone()) tell(whyGone());
  else forgotten();
}

// A code takes the place of the face's own; the edits stay.
function found(face, code) {
  edits.draw(face, code);
  drawing.want(true);
}

const gone = () => document.body.classList.contains("forgotten");

function whyGone() {
  if (visit?.lent) return TAKEN_BACK;
  const lost = titles(ownIn(edits.state.style));
  return lost ? `${FORGOTTEN} ${bringAgain(lost)}` : FORGOTTEN;
}

// lost: what own paintings that are not kept any more are called.
const bringAgain = (lost) => `Your own painting is not here any more, so bring it again, too: ${lost}.`;
const ownIn = (style) => Object.keys(style || {}).filter((name) => name.startsWith(OWN));
const titles = (names, among = paintings) => names.map((name) => among.find((one) => one.name === name)?.title ?? "").filter(Boolean).join(", ");

function forgotten() {
  if (!visit || gone()) return;
  document.body.classList.add("forgotten", "bringing");
  $("back").hidden = true;
  $("panes").disabled = true;
  drawing.stop();
  search.use(null);
  edits.forgetCodes();
  tell(whyGone());
}

// ---- a picture comes ------------------------------------------------------------------------------------------------

const isCode = (file) => /\.npz$/i.test(file.name);

function bring(file, where) {
  if (where?.closest?.("#pane-style") && visit && !gone() && !isCode(file)) return bringPainting(file);
  const most = isCode(file) ? desk?.limits.code : desk?.limits.bytes;
  if (most && file.size > most) return tell(`${file.name} has ${Math.round(file.size / 1e6)} MB; ${Math.round(most / 1e6)} MB are the most that is taken, so scale it down first.`, true);
  const name = encodeURIComponent(file.name.slice(-120));
  return take((share) => send(`${isCode(file) ? "codes" : "pictures"}?name=${name}`, file, share));
}

async function take(sent) {
  if (document.body.classList.contains("busy")) return;
  tell("");
  busy("bringing it here …");
  if (visit) document.body.classList.add("bringing");
  try {
    const told = await sent((share) => {
      if (share < 1) busy(`bringing it here … ${Math.round(100 * share)} %`, share);
      else busy("looking for faces …");
    });
    await arrived(told);
  } catch (error) {
    failed(error);
    if (visit && !gone()) document.body.classList.remove("bringing");
  } finally {
    busy("");
  }
}

function busy(text, share) {
  document.body.classList.toggle("busy", Boolean(text));
  $("progress").hidden = !text;
  $("progress-text").textContent = text;
  $("progress").classList.toggle("searching", share === undefined);
  $("progress-bar").style.setProperty("--done", share || 0);
}

// The edits stay where it is the same picture; a code's own edits come with it.
async function arrived(told) {
  const before = visit;
  const again = before && before.digest === told.digest;
  if (told.code && again && !before.code && !gone()) return putInPlace(told);
  const taken = again && !told.code && !gone() ? await adopted(told.id, before.id, before.face ?? 1) : NOTHING;
  if (before) free(before.id);
  const lost = again && !told.code ? leftBehind(edits.state.style, paintings, taken) : [];
  visit = told;
  paintings = taken.paintings ?? told.paintings;
  if (told.code) edits.begin(numbered(told.chosen, told.values), told.style, told.chosen);
  else if (again) resume(before, told, taken);
  else edits.begin({}, {}, told.chosen);
  document.body.classList.remove("forgotten", "bringing", "empty");
  show(told);
  tell([...told.notices, ...about(told, again), ...lost].join(" "));
}

// A file of code and edits of the photograph that is here.
async function putInPlace(told) {
  const taken = await adopted(visit.id, told.id, told.face);
  free(told.id);
  document.body.classList.remove("bringing");
  if (taken.paintings) tools.paintings((paintings = taken.paintings));
  if (visit.people.some((one) => one.number === told.face && !one.why)) edits.choose(told.face);
  edits.set({ ...told.values, ...placed(told.style, taken) });
  if (taken.codes[told.face]) edits.state.codes[told.face] = taken.codes[told.face].at(-1);
  else delete edits.state.codes[told.face];
  edits.commit();
  tell([...told.notices, ...taken.notices, ...leftBehind(told.style, told.paintings, taken)].join(" "));
  settle();
}

// What was found and brought for the same picture under its other id, with the numbers and names that it has here. What cannot be had is
// found and brought again; paintings are then null.
const NOTHING = { codes: {}, styles: {}, paintings: null, notices: [] };
async function adopted(id, other, face) {
  try {
    return await (await ask(`pictures/${id}/adopt?of=${other}&face=${face}`, {})).json();
  } catch {
    return NOTHING;
  }
}

const numbered = (number, values) => (number !== null && Object.keys(values || {}).length ? { [number]: values } : {});
// Own paintings go with the picture that they were brought for, and may have another name here.
const placed = (style, { styles }) => {
  const here = Object.entries(style || {}).map(([name, value]) => [name.startsWith(OWN) ? styles[name] : name, value]);
  return Object.fromEntries(here.filter(([name]) => name));
};
const leftBehind = (style, among, taken) => {
  const lost = taken.paintings ? "" : titles(ownIn(style), among);
  return lost ? [bringAgain(lost)] : [];
};

function resume(before, told, taken) {
  const { codes } = taken;
  const number = before.code ? (before.face ?? told.chosen) : edits.face;
  const can = told.people.some((one) => one.number === number && !one.why);
  const face = can ? number : told.chosen;
  const faces = before.code ? numbered(face, edits.state.faces[before.chosen]) : edits.state.faces;
  const past = edits.past;
  const here = edits.here;
  const drawn = before.code ? (codes[face] ? { [face]: codes[face].at(-1) } : {}) : edits.state.codes;
  edits.begin(faces, placed(edits.state.style, taken), face, drawn);
  if (!before.code) {
    Object.assign(edits, { past: past.map((one) => ({ ...one, style: placed(one.style, taken) })), here });
    if (!Object.keys(codes).length) edits.forgetCodes();
  }
}

// What is to be known of a picture that has come.
function about(told, again) {
  const said = [];
  if (told.lent) said.push("A visitor's picture out of the gallery: to look at and to edit here, not to save. It is gone when they take it back.");
  if (told.code) said.push("Drawn from its code alone. Bring the photograph, too, and the edits are put in place there.");
  else if (again && edits.touched) said.push("The same picture again: your edits are back.");
  else if (told.chosen === null) said.push(`${told.people.length > 1 ? "Every face" : "The face"} in this picture is ${told.people[0].why}; only a style can be laid over it.`);
  else if (told.people.length > 1) said.push(`${told.people.length} faces: click on the one to edit.`);
  return said;
}

function show(told) {
  $("frame").hidden = $("strip").hidden = false;
  $("panes").disabled = false;
  $("pane-face").inert = $("pane-mix").inert = told.chosen === null;
  for (const id of ["tile-original", "tile-code"]) $(id).removeAttribute("src");
  tools.paintings(paintings);
  search.use(told);
  document.body.classList.toggle("lent", Boolean(told.lent));
  view(portrait && told.chosen !== null);
  refresh();
}

async function view(alone) {
  portrait = alone;
  document.body.classList.toggle("portrait", alone);
  for (const button of document.querySelectorAll("#views button")) button.setAttribute("aria-pressed", String((button.dataset.view === "portrait") === alone));
  document.querySelector("#views [data-view=portrait]").disabled = visit.chosen === null;
  const mine = visit.id;
  try {
    const blob = await (await ask(`pictures/${mine}/before`, edits.wish(portrait, true))).blob();
    if (visit.id !== mine || portrait !== alone) return;
    stage.ratio(alone ? 1 : visit.width, alone ? 1 : visit.height);
    await stage.put("before", blob);
    if (!edits.touched) await stage.put("after", blob);
    drawing.want(true);
    await beside();
  } catch (error) {
    failed(error);
  }
}

let tiled = ""; // of which face and code the small pictures are
// The face as it was cut out, and what the generator draws of its code.
async function beside() {
  if (edits.face === null) return;
  const now = () => `${visit.id} ${edits.face} ${edits.code}`;
  const mine = (tiled = now());
  const still = () => mine === now();
  const original = await ask(`pictures/${visit.id}/before`, { portrait: edits.face, fine: false });
  put("tile-original", await original.blob(), still);
  const code = await ask(`pictures/${visit.id}/codes/${edits.face}?found=${edits.code}`);
  put("tile-code", await code.blob(), still);
}

function put(id, blob, still) {
  if (!still()) return;
  URL.revokeObjectURL($(id).src);
  $(id).src = URL.createObjectURL(blob);
}

function choose(number) {
  if (number === edits.face) return;
  edits.choose(number);
  tools.sketches();
  if (portrait) view(true);
  else {
    drawing.want(true);
    beside().catch(failed);
  }
}

async function bringPainting(file) {
  if (file.size > desk.limits.bytes) return tell(`${file.name} is too large; scale it down first.`, true);
  try {
    const told = await send(`pictures/${visit.id}/paintings?name=${encodeURIComponent(file.name.slice(-120))}`, file, () => {});
    paintings = [...paintings, told];
    tools.paintings(paintings);
    edits.set({ [told.name]: 1 });
    settle();
  } catch (error) {
    failed(error);
  }
}

// ---- a hand ---------------------------------------------------------------------------------------------------------

const REST = 350; // ms without a move, after which a hand rests
let resting = 0;
let down = false; // whether a finger or a button is
function hold() {
  document.body.classList.add("tools-held");
  clearTimeout(resting);
  resting = setTimeout(() => (down ? drawing.want(true) : settle()), REST);
}

function settle() {
  clearTimeout(resting);
  document.body.classList.remove("tools-held");
  edits.commit();
  drawing.want(true);
}
addEventListener("pointerdown", () => (down = true), true);
for (const end of ["pointerup", "pointercancel"]) {
  addEventListener(end, () => {
    down = false;
    if (document.body.classList.contains("tools-held")) settle();
  });
}

function refresh() {
  if (!desk) return;
  tools.show();
  $("undo").disabled = !edits.canUndo;
  $("redo").disabled = !edits.canRedo;
  $("reset").disabled = !edits.touched;
  if (!visit) return;
  stage.faces(visit.people, edits.face);
  if (edits.face !== null && !gone() && tiled.startsWith(`${visit.id} ${edits.face} `) && !tiled.endsWith(` ${edits.code}`)) beside().catch(failed);
  $("tile-code").nextElementSibling.textContent = edits.code ? "found" : "from its code";
  const which = visit.people.length > 1 && edits.face !== null ? `Face ${edits.face} of ${visit.people.length}. ` : "";
  $("who").textContent = `${which}${visit.name}${visit.code ? "" : `, ${visit.width} × ${visit.height}`}`;
}

const back = (step) => () => {
  step();
  if (visit && !gone()) drawing.want(true);
};
const undo = back(() => edits.undo());
const redo = back(() => edits.redo());
$("undo").addEventListener("click", undo);
$("redo").addEventListener("click", redo);
$("reset").addEventListener("click", back(() => edits.reset()));
addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || event.target.matches?.("input.value")) return;
  const key = event.key.toLowerCase();
  if (key !== "z" && key !== "y") return;
  event.preventDefault();
  if (key === "y" || event.shiftKey) redo();
  else undo();
});
for (const button of document.querySelectorAll("#views button")) button.addEventListener("click", () => view(button.dataset.view === "portrait"));
$("another").addEventListener("click", () => {
  document.body.classList.add("bringing");
  $("back").hidden = false;
});
$("back").addEventListener("click", () => document.body.classList.remove("bringing"));
addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  $("save").open = false;
  if (!gone() && !document.body.classList.contains("busy")) document.body.classList.remove("bringing");
});
addEventListener("pointerdown", (event) => !event.target.closest?.("#save") && ($("save").open = false));

async function save(path, kind) {
  $("save").open = false;
  if (gone()) return tell(whyGone(), true);
  edits.commit();
  tell("making the file …");
  try {
    const blob = await (await ask(`pictures/${visit.id}/${path}`, edits.wish(portrait, true))).blob();
    download(blob, `${visit.name.replace(/\.[^.]*$/, "")}-edited.${kind}`);
    tell("");
  } catch (error) {
    failed(error);
  }
}
$("save-png").addEventListener("click", () => save("file.png", "png"));
$("save-npz").addEventListener("click", () => {
  if (edits.face === null) tell("There is no face in this picture whose code could be saved.", true);
  else save(`file.npz?face=${edits.face}`, "npz");
});

// ---- whether it is still kept ----------------------------------------------------------------------------------------

function free(id) {
  navigator.sendBeacon(`/studio/pictures/${id}/forget`);
}

async function look() {
  if (!visit || gone() || document.hidden) return;
  try {
    await ask(`pictures/${visit.id}`);
  } catch (error) {
    if (error.status === 410) failed(error);
  }
}
setInterval(look, LOOK);
document.addEventListener("visibilitychange", look);
addEventListener("pagehide", () => visit && free(visit.id));
addEventListener("pageshow", (event) => event.persisted && forgotten());

// ---- the beginning ---------------------------------------------------------------------------------------------------

async function open() {
  try {
    desk = await (await ask("desk")).json();
  } catch (error) {
    failed(error);
    setTimeout(open, 3000);
    return;
  }
  if (desk.alone) $("home").removeAttribute("href");
  tools.build(desk, search.node);
  search.build(desk.longer);
  bringing.samples(desk.samples);
  refresh();
  document.body.classList.add("ready");
  lend();
}
open();

// A still of the gallery, which the panel has led here with; the address is then the studio's own again.
function lend() {
  const id = new URLSearchParams(location.search).get("takeaway");
  if (!id) return;
  history.replaceState(null, "", "/studio");
  take(() => send(`pictures?takeaway=${encodeURIComponent(id)}`, null, () => {}));
}
