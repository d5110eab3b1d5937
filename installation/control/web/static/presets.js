// The presets: recall by a press or by what is typed, save under any title, put an earlier state back. What is refused is said
// beside the field that it is about, and what was typed stays until it is saved.

import { el, flash, nextId, roving } from "./parts.js";

const DRAFT = "facets-title"; // a title that was typed and not saved, through a reload
const GONE = "The connection went before there was an answer. What you typed is still here.";

const draft = {
  get: () => {
    try {
      return sessionStorage.getItem(DRAFT) || "";
    } catch {
      return "";
    }
  },
  set: (text) => {
    try {
      sessionStorage.setItem(DRAFT, text);
    } catch {
      /* a browser that keeps nothing */
    }
  },
};

// A field with a button, and a line beneath for what there is to say.
function field(name, label, attributes) {
  const id = nextId();
  const said = el("p", { class: "said", role: "status", "aria-live": "polite", id: `${id}-said` });
  const input = el("input", { id, type: "text", autocomplete: "off", spellcheck: "false", maxlength: 80, "aria-describedby": said.id, ...attributes });
  const button = el("button", { class: "trigger", type: "submit" }, label);
  const form = el("form", { class: "control command", "data-name": name }, el("label", { for: id, class: "hidden" }, attributes["aria-label"]), input, button, said);
  const say = (text, bad) => {
    said.textContent = text;
    said.classList.toggle("refused", Boolean(bad));
    if (bad) input.setAttribute("aria-invalid", "true");
    else input.removeAttribute("aria-invalid");
  };
  input.addEventListener("input", () => say(""));
  return { form, input, button, say };
}

class Save {
  constructor(row, ask) {
    const made = field(row.name, "save", { placeholder: "title", "aria-label": "Save preset as", title: row.what });
    Object.assign(this, made);
    this.ask = ask;
    this.input.value = draft.get();
    this.input.addEventListener("input", () => {
      draft.set(this.input.value);
      this.question.hidden = true;
    });
    this.words = el("p", { id: nextId() });
    const yes = el("button", { class: "trigger", type: "button" }, "Save over it");
    const no = el("button", { class: "trigger", type: "button" }, "Cancel");
    yes.addEventListener("click", () => this.send(true));
    no.addEventListener("click", () => this.leave());
    this.question = el("div", { class: "question", role: "group", "aria-labelledby": this.words.id, hidden: true }, this.words, yes, no);
    this.question.addEventListener("keydown", (event) => event.key === "Escape" && this.leave());
    this.form.append(this.question);
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send(false);
    });
    this.safe = no;
  }

  leave() {
    this.question.hidden = true;
    this.say("");
    this.input.focus();
  }

  async send(over) {
    const title = this.input.value;
    this.question.hidden = true;
    if (!title.trim()) return this.say("Not saved: a preset needs a name.", true);
    this.say("Saving …");
    const answer = await this.ask({ save: title, over });
    if (!answer) return this.say(GONE, true);
    if (answer.asks) {
      this.say("");
      this.words.textContent = answer.text;
      this.question.hidden = false;
      this.safe.focus();
      return;
    }
    this.say(answer.text, !answer.done);
    if (!answer.done) return;
    if (this.input.value === title) {
      this.input.value = "";
      draft.set("");
    }
    flash(this.button);
  }
}

class Recall {
  constructor(row, ask) {
    Object.assign(this, field(row.name, "recall", { placeholder: "name or number", list: "preset-names", "aria-label": "Recall preset", title: row.what }));
    this.form.addEventListener("submit", async (event) => {
      event.preventDefault();
      const text = this.input.value.trim();
      if (!text) return;
      const answer = await ask({ recall: text });
      if (!answer) return this.say(GONE, true);
      this.say(answer.text, !answer.done);
      if (!answer.done) return;
      if (this.input.value.trim() === text) this.input.value = "";
      flash(this.button);
    });
  }
}

const DAY = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" });

class Backups {
  // The states before of the preset that shows.
  constructor(ask) {
    this.ask = ask;
    this.name = "";
    this.summary = el("summary");
    this.list = el("ul");
    this.said = el("p", { class: "said", role: "status", "aria-live": "polite" });
    this.node = el("details", { class: "backups", hidden: true }, this.summary, this.list, this.said);
    this.node.addEventListener("toggle", () => this.look());
  }

  show(name, title) {
    this.node.hidden = !name;
    this.summary.textContent = `Earlier states of ${title}`;
    if (name === this.name) return;
    this.name = name;
    this.said.textContent = "";
    this.look();
  }

  async look() {
    if (!this.node.open || !this.name) return;
    const answer = await this.ask({ backups: this.name });
    if (!answer) return;
    const lines = answer.backups.map(({ key, saved }) => {
      const when = DAY.format(saved * 1000);
      const button = el("button", { class: "trigger", type: "button", "aria-label": `Put back the state of ${when}` }, "put back");
      button.addEventListener("click", () => this.put(key));
      return el("li", {}, el("span", {}, when), button);
    });
    this.list.replaceChildren(...(lines.length ? lines : [el("li", {}, "none yet")]));
  }

  async put(key) {
    this.said.textContent = "Putting it back …";
    const answer = await this.ask({ restore: this.name, key });
    this.said.textContent = answer ? answer.text : GONE;
    this.said.classList.toggle("refused", !answer?.done);
    if (!document.activeElement || document.activeElement === document.body) this.summary.focus();
    await this.look();
    if (!this.node.contains(document.activeElement)) this.summary.focus();
  }
}

export class Presets {
  // make(row, label): a control of the panel's; ask(message): promises an answer; context: as controls want it.
  constructor(context, make, ask) {
    Object.assign(this, { context, make, ask });
    this.told = { names: [], titles: {}, numbers: {}, current: "" };
    this.buttons = new Map(); // by name: what recalls it
    this.chips = el("div", { class: "chips", role: "group", "aria-label": "Recall a preset" });
    this.names = el("datalist", { id: "preset-names" });
    this.rove = roving(this.chips, () => this.buttons.get(this.told.current));
    this.backups = new Backups(ask);
  }

  // The fixed part, once: what is typed in it outlives any change of the table.
  body(rows) {
    const row = (name) => rows.find((one) => one.name === `preset/${name}`);
    const steps = ["previous", "next"].filter(row).map((name) => this.make(row(name), name));
    this.save = row("save") && new Save(row("save"), this.ask);
    this.recall = row("recall") && new Recall(row("recall"), this.ask);
    const fade = row("fade") ? [this.make(row("fade"), "fade")] : [];
    const forms = [this.save, this.recall].filter(Boolean).map((one) => one.form);
    return [this.chips, this.names, el("div", { class: "steps" }, ...steps), ...fade, ...forms, this.backups.node];
  }

  // A button for each preset; those that stay are left alone.
  rows(rows) {
    const wanted = new Map(rows.filter((row) => row.name.split("/").length === 3).map((row) => [row.name.split("/")[1], row]));
    for (const [name, button] of this.buttons) {
      if (wanted.has(name)) continue;
      button.closest(".control").remove();
      this.buttons.delete(name);
    }
    let before = null;
    for (const [name, row] of wanted) {
      if (!this.buttons.has(name)) {
        const node = this.make(row, name);
        if (before) before.after(node);
        else this.chips.prepend(node);
        this.buttons.set(name, node.querySelector(".trigger"));
      }
      before = this.buttons.get(name).closest(".control");
    }
    this.names.replaceChildren(...[...wanted.keys()].map((name) => el("option", { value: this.title(name) })));
    this.show(this.told);
  }

  title(name) {
    return this.told.titles[name] || name.replaceAll("-", " ");
  }

  show(told) {
    this.told = told;
    for (const [name, button] of this.buttons) {
      const number = told.numbers[name];
      const title = this.title(name);
      if (button.textContent !== title) button.textContent = title;
      button.setAttribute("aria-label", `Recall ${title}`);
      button.title = number == null ? "fades to this preset" : `fades to this preset; its number is ${number}`;
      button.setAttribute("aria-pressed", String(name === told.current));
    }
    const options = [...this.names.children];
    [...this.buttons.keys()].forEach((name, i) => options[i] && (options[i].value = this.title(name)));
    this.backups.show(told.current, `“${this.title(told.current)}”`);
    this.rove();
  }
}

