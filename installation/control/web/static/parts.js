// What every part of the panel is made of.

export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value != null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

const SHORT = { bpm: "BPM", hud: "HUD", lfo: "LFO" };
export const words = (name) => SHORT[name] || name.replaceAll("-", " ");
const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);

// What a control is called where its group cannot be seen: "Smile depth", "Painted layer 32 px", "Look grain". Like its address
// it is the only one of its name.
export function fullName(name) {
  const [group, ...rest] = name.split("/");
  if (!rest.length) return capital(words(group));
  if (group === "edit") return capital(rest.filter((part) => part !== "lfo").map(words).join(" "));
  if (group === "blend") return capital(rest.map(words).join(" ")) + (rest.length > 2 ? " px" : "");
  return capital([group, ...rest].map(words).join(" "));
}

export function toShare(row, value) {
  if (row.curve === "log") return Math.log(Math.max(value, row.low) / row.low) / Math.log(row.high / row.low);
  return row.high > row.low ? (value - row.low) / (row.high - row.low) : 0;
}

export function fromShare(row, share) {
  const value = row.curve === "log" ? row.low * (row.high / row.low) ** share : row.low + (row.high - row.low) * share;
  return row.kind === "int" ? Math.round(value) : value;
}

export const OWN = "own"; // of a fade: each preset's

export function written(row, value) {
  if (row.name === "preset/fade" && value < 0) return OWN;
  if (row.kind === "int") return String(value);
  const span = row.high - row.low;
  return value.toFixed(span > 50 ? 1 : 2);
}

let last = 0;
export const nextId = () => `c${++last}`;

export function head(row, label, context) {
  const id = nextId();
  const title = el("label", { for: id, title: row.what }, words(label));
  const learn = el("button", { class: "learn", type: "button", hidden: true, title: "MIDI learn", "aria-label": `MIDI learn ${row.name}` }, "M");
  const forget = el("button", { class: "learn forget", type: "button", hidden: true, title: "forget what moves this", "aria-label": `Forget what moves ${row.name}` }, "×");
  learn.addEventListener("click", () => context.learn(row.name));
  forget.addEventListener("click", () => context.unlearn(row.name));
  if (row.learn !== false) context.learners.set(row.name, { learn, forget });
  return { id, title, learn: [learn, forget], full: fullName(row.name) };
}

export function flash(button) {
  button.classList.add("fired");
  setTimeout(() => button.classList.remove("fired"), 350);
}

// Of many buttons in a row one is a stop for the Tab key, the arrows reach the others. first(): which one it is, if any.
export function roving(node, first = () => null) {
  const all = () => [...node.querySelectorAll("button:not(.learn), a")].filter((one) => one.offsetParent);
  const stop = (one) => {
    for (const other of node.querySelectorAll("button:not(.learn), a")) other.tabIndex = other === one ? 0 : -1;
  };
  node.addEventListener("keydown", (event) => {
    const steps = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const these = all();
    const here = these.indexOf(document.activeElement);
    const ends = { Home: 0, End: these.length - 1 };
    if (here < 0 || !(event.key in steps || event.key in ends)) return;
    event.preventDefault();
    const next = these[event.key in ends ? ends[event.key] : (here + steps[event.key] + these.length) % these.length];
    stop(next);
    next.focus();
  });
  const renew = () => {
    if (!node.contains(document.activeElement)) stop(first() || node.querySelector("button:not(.learn), a"));
  };
  renew();
  return renew;
}
