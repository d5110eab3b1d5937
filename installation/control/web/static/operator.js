// The operator's page: it asks once a second how everything stands, so that two of them are in step, and tells what it is asked to do.

import { Cameras } from "./operator_camera.js";
import { Look } from "./operator_look.js";
import { Room } from "./operator_room.js";
import { el } from "/panel/parts.js";

const $ = (id) => document.getElementById(id);
const PERIOD = 1000; // ms
const MARKS = { good: ["ok", "ok"], note: ["warn", "warn"], hand: ["fail", "fail"] };
const ENDS = {
  restart: ["Restart", "Restart the show? Visitors see it begin anew, in some seconds.", "Yes, restart"],
  "shut-down": ["Shut down", "End the show? From here nobody can begin it again.", "Yes, end it"],
  "power-off": ["Shut down the machine", "Shut down the machine? Somebody has to switch it on again.", "Yes, turn it off"],
};
const ENDING = { restart: "The show begins again …", "shut-down": "The show ends …", "power-off": "The machine shuts down …" };

let ending = ""; // what was asked for, and is under way
let sure = null; // the word for what is asked about once more
let stands = null;

async function ask(path, wish) {
  try {
    const reply = await fetch(`/operator/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(wish) });
    return reply.status === 401 ? { error: LOCKED } : await reply.json();
  } catch {
    return { error: "The show does not answer; what holds is shown again." };
  }
}

const LOCKED = "The show wants to know anew who you are: open the panel with the code on the canvas (key I, or the hidden corner).";

// Does it, says beneath it what stands against it, and looks at how things stand at once.
async function act(path, wish, said) {
  $(said).textContent = "";
  const answer = await ask(path, wish);
  $(said).textContent = answer.error || "";
  $(said).classList.toggle("refused", Boolean(answer.error));
  await look();
  return answer.error || "";
}

const room = new Room($("room"), { keep: (crop) => act("crop", { crop }, "room-said") });
const cameras = new Cameras($("cameras"), $("settings"), {
  choose: (source) => act("camera", { source }, "camera-said"),
  set: (name, value) => act("control", { name, value }, "camera-said"),
});
const canvas = new Look("/panel/preview", $("canvas"), $("canvas").parentElement.querySelector(".nothing"));
const tracker = new Look("/operator/tracker", $("camera"), $("room").querySelector(".nothing"));
$("crop").addEventListener("click", () => room.begin());
$("whole").addEventListener("click", () => room.keep(null));
$("look").addEventListener("click", () => act("doctor", { thorough: false }, "doctor-said"));
$("thorough").addEventListener("click", () => act("doctor", { thorough: true }, "doctor-said"));

// ---- how everything stands -------------------------------------------------------------------------------------------

let pictures = "";

function show(told) {
  stands = told;
  const shown = JSON.stringify([told.pictures, told.why]);
  if (shown !== pictures) {
    pictures = shown;
    canvas.allow(told.pictures, told.why.replace(" The frame is what the camera sees.", ""));
    tracker.allow(told.pictures, told.why);
  }
  room.show(told);
  cameras.show(told);
  $("whole").disabled = !told.crop;
  $("seen").textContent = told.faces === 1 ? "1 face" : `${told.faces} faces`;
  $("camera-state").textContent = told.camera;
  $("how").textContent = told.how;
  $("pins").textContent = told.pins;
  doctor(told.doctor);
  ends(told.offered);
  if (told.ending) under(told.ending);
}

function doctor({ running, thorough, finished, findings, fault }) {
  document.body.classList.toggle("stale", running);
  $("look").disabled = $("thorough").disabled = running;
  $("doctor-state").textContent = running ? `looking it over${thorough ? ", thoroughly" : ""} …` : fault || (finished ? `as it was at ${new Date(1000 * finished).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : "not looked over yet");
  const order = { hand: 0, note: 1, good: 2 };
  const key = JSON.stringify(findings);
  if ($("findings").dataset.key === key) return;
  $("findings").dataset.key = key;
  $("findings").replaceChildren(...[...findings].sort((a, b) => order[a.state] - order[b.state]).map(finding));
  const hands = findings.filter((one) => one.state === "hand").length;
  $("verdict").textContent = findings.length ? (hands ? `${hands} need${hands === 1 ? "s" : ""} a hand` : "nothing needs a hand") : "";
}

function finding({ subject, state, text, todo }) {
  const [kind, mark] = MARKS[state] || MARKS.note;
  return el("li", { class: `finding ${kind}` }, el("span", { class: "mark" }, mark), el("b", {}, subject), el("p", {}, text), ...(todo && state !== "good" ? [el("p", { class: "todo" }, `→ ${todo}`)] : []));
}

function ends(offered) {
  const key = offered.join();
  if ($("ends").dataset.key === key) return;
  $("ends").dataset.key = key;
  $("ends").replaceChildren(...offered.map((wish) => el("button", { class: "trigger", type: "button", "data-wish": wish, onclick: () => once(wish) }, ENDS[wish][0])));
}

// ---- the end, asked for twice -----------------------------------------------------------------------------------------

async function once(wish) {
  if (ending) return;
  const answer = await ask("end", { wish });
  $("end-said").textContent = answer.error || "";
  $("end-said").classList.toggle("refused", Boolean(answer.error));
  if (answer.done) return under(wish);
  if (!answer.sure) return;
  sure = { wish, word: answer.sure };
  $("question-text").textContent = ENDS[wish][1];
  $("yes").textContent = ENDS[wish][2];
  $("question").hidden = false;
  $("no").focus();
}

$("no").addEventListener("click", () => {
  sure = null;
  $("question").hidden = true;
});

$("yes").addEventListener("click", async () => {
  if (!sure) return;
  const { wish, word } = sure;
  sure = null;
  $("question").hidden = true;
  const answer = await ask("end", { wish, sure: word });
  $("end-said").textContent = answer.error || "";
  $("end-said").classList.toggle("refused", Boolean(answer.error));
  if (answer.done) under(wish);
});

function under(wish) {
  ending = wish;
  $("end-said").textContent = ENDING[wish];
  $("end-said").classList.remove("refused");
  for (const button of $("ends").children) button.disabled = true;
}

// ---- asking, once a second --------------------------------------------------------------------------------------------

let timer = 0;
let looking = null;

function look() {
  looking ||= fetch("/operator/desk", { cache: "no-store" })
    .then(async (reply) => {
      if (!reply.ok) throw reply.status === 401 ? LOCKED : "the show does not answer";
      became(true, "live");
      show(await reply.json());
      document.body.classList.add("ready");
    })
    .catch((why) => became(false, typeof why === "string" ? why : ending === "restart" ? "it begins again …" : ending ? "it has ended" : "nobody is there"))
    .finally(() => {
      looking = null;
      clearTimeout(timer);
      timer = setTimeout(() => document.hidden || look(), PERIOD);
    });
  return looking;
}

function became(there, text) {
  const was = document.body.classList.contains("lost");
  document.body.classList.toggle("lost", !there);
  $("link").textContent = text;
  if (there && was) again();
}

// It is back, another show maybe: what was under way is over.
function again() {
  ending = "";
  $("end-said").textContent = "";
  for (const button of $("ends").children) button.disabled = false;
}

document.addEventListener("visibilitychange", () => document.hidden || look());
look();
