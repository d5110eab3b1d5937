// The grids of the show's folder; a click on a face takes it into the mirror.

const which = document.getElementById("which"), said = document.getElementById("said"), home = document.getElementById("home");
const head = document.querySelector("thead"), body = document.querySelector("tbody"), how = document.getElementById("how");

function say(text, bad = false) {
  said.textContent = text;
  said.classList.toggle("bad", bad);
}

async function answer(path, options) {
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The show cannot be reached.");
  }
  const told = await response.json().catch(() => ({}));
  if (!response.ok) throw new Error(told.fault ?? `The show answers ${response.status}.`);
  return told;
}

function made(name, properties = {}, ...children) {
  const element = Object.assign(document.createElement(name), properties);
  element.append(...children);
  return element;
}

function face(grid, file, label) {
  const picture = made("img", { src: `/panel/grids/${encodeURIComponent(grid)}/${file}.jpg`, alt: label, loading: "lazy" });
  const button = made("button", { type: "button", className: "face", title: label }, picture);
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => take(grid, file, label, button));
  return button;
}

async function take(grid, file, label, button) {
  button.disabled = true;
  try {
    await answer(`/panel/grids/${encodeURIComponent(grid)}/${file}`, { method: "POST" });
    for (const other of document.querySelectorAll(".face")) other.setAttribute("aria-pressed", String(other === button));
    say(`${label} is in the mirror.`);
    home.hidden = false;
  } catch (fault) {
    say(fault.message, true);
  }
  button.disabled = false;
}

async function show(grid) {
  const told = await answer(`/panel/grids/${encodeURIComponent(grid)}/grid.json`);
  document.documentElement.style.setProperty("--count", told.columns.length + 1);
  how.textContent = `${told.generator} · ${told.space} · column's weight by layer ${told.weights.replaceAll(",", ", ")}`;
  const named = (file, label) => made("th", {}, face(grid, file, label), made("span", { textContent: label }));
  head.replaceChildren(made("tr", {}, made("td"), ...told.columns.map((label, k) => named(`column-${k + 1}`, label))));
  body.replaceChildren(...told.rows.map((row, j) => made("tr", {}, named(`row-${j + 1}`, row), ...told.columns.map(
    (column, k) => made("td", {}, face(grid, `r${j + 1}-c${k + 1}`, `${row} × ${column}`))))));
}

which.addEventListener("change", () => show(which.value).catch(fault => say(fault.message, true)));
home.addEventListener("click", async () => {
  try {
    await answer("/panel/grids/none", { method: "DELETE" });
    for (const other of document.querySelectorAll(".face")) other.setAttribute("aria-pressed", "false");
    say("The visitors are themselves again.");
    home.hidden = true;
  } catch (fault) {
    say(fault.message, true);
  }
});

try {
  const names = await answer("/panel/grids/list");
  which.replaceChildren(...names.map(name => made("option", { textContent: name, value: name })));
  which.parentElement.hidden = !names.length;
  if (names.length) await show(names[0]);
  else say("There are no grids yet: python -m installation grid --rows 1-4 --columns 5-9 --page grids/first");
} catch (fault) {
  say(fault.message, true);
}
document.body.classList.add("ready");
