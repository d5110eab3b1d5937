// What is set: of each face by its number, and of the whole picture's style, and which code that was found a face is drawn from; with the way
// back and forth. Only what was moved is kept.

const copy = (state) => structuredClone(state);
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

export class Edits {
  // onChange(): something was set, undone, or another face counts.
  constructor(onChange) {
    this.onChange = onChange;
    this.begin();
  }

  // Another picture. faces, style: as they are to be from the start.
  begin(faces = {}, style = {}, face = null, codes = {}) {
    this.state = { faces: copy(faces), style: copy(style), codes: copy(codes) };
    this.past = [copy(this.state)];
    this.here = 0;
    this.face = face;
  }

  choose(face) {
    this.face = face;
    this.onChange();
  }

  store(name) {
    if (name.startsWith("style/")) return this.state.style;
    return (this.state.faces[this.face] ??= {});
  }

  value(row) {
    const value = row.name.startsWith("style/") ? this.state.style[row.name] : this.state.faces[this.face]?.[row.name];
    return value ?? row.default;
  }

  // values: control -> value, undefined to let it be as it comes.
  set(values) {
    for (const [name, value] of Object.entries(values)) {
      const store = this.store(name);
      if (value === undefined) delete store[name];
      else store[name] = value;
    }
    this.onChange();
  }

  // The number of the code that a face is drawn from, 0 for the encoder's.
  get code() {
    return this.state.codes[this.face] ?? 0;
  }

  draw(face, code) {
    this.commit(); // a hand may be at work meanwhile
    this.state.codes[face] = code;
    this.commit();
  }

  // Codes that are not there any more: nothing leads back to them.
  forgetCodes() {
    for (const one of [this.state, ...this.past]) one.codes = {};
    this.past = this.past.filter((one, k) => k === this.here || k === 0 || !same(one, this.past[k - 1]));
    this.here = this.past.findLastIndex((one) => same(one, this.state));
    if (this.here < 0) this.here = this.past.length - 1;
  }

  // The hand has let go: from here one can come back to.
  commit() {
    for (const [face, values] of Object.entries(this.state.faces)) if (!Object.keys(values).length) delete this.state.faces[face];
    if (same(this.state, this.past[this.here])) return;
    this.past = [...this.past.slice(0, this.here + 1), copy(this.state)].slice(-200);
    this.here = this.past.length - 1;
    this.onChange();
  }

  get canUndo() {
    return this.here > 0 || !same(this.state, this.past[this.here]);
  }

  get canRedo() {
    return this.here < this.past.length - 1;
  }

  get touched() {
    return Object.values(this.state.faces).some((values) => Object.keys(values).length) || Object.keys(this.state.style).length > 0 || Object.keys(this.state.codes).length > 0;
  }

  undo() {
    this.commit();
    if (this.here > 0) this.step(-1);
  }

  redo() {
    if (this.canRedo) this.step(1);
  }

  step(by) {
    this.here += by;
    this.state = copy(this.past[this.here]);
    this.onChange();
  }

  reset() {
    this.state = { faces: {}, style: {}, codes: {} };
    this.commit();
    this.onChange();
  }

  // What the program is asked for.
  wish(portrait, fine) {
    const wish = { faces: this.state.faces, style: this.state.style, codes: this.state.codes, fine };
    if (portrait) wish.portrait = this.face;
    return wish;
  }
}
