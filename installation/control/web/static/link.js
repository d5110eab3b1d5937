// The connection to the program: comes back by itself, notices when nothing comes any more, sends what a hand did once a frame,
// and knows which of it was heard.

const FIRST_WAIT = 400; // ms until the first attempt to come back
const LONGEST_WAIT = 4000;
const SILENCE = 2500; // ms without a word, after which nobody is there
const GIVEN_UP = 8000; // ms without a word, after which the connection is made anew
const CONFIRMED = 1000; // ms in which the program hears a hand's move; otherwise the move is taken back
const LOOK = 250; // ms

export class Link {
  // onState(state, fresh): "live" (fresh: on a new connection), "silent" (connected, but nothing comes), "lost", or "locked" (the program wants another token).
  constructor(path, { onMessage, onState, binary = false, watched = false }) {
    this.path = path;
    this.onMessage = onMessage;
    this.onState = onState;
    this.binary = binary;
    this.wait = FIRST_WAIT;
    this.state = "";
    this.open();
    if (watched) setInterval(() => this.watch(), LOOK);
    // A phone that wakes up, or finds its network again, should not wait for its turn.
    const now = () => !document.hidden && this.timer && this.open();
    document.addEventListener("visibilitychange", now);
    addEventListener("online", now);
  }

  open() {
    clearTimeout(this.timer);
    this.timer = 0;
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    const socket = new WebSocket(scheme + location.host + this.path);
    let opened = false;
    socket.binaryType = "blob";
    this.socket = socket;
    this.heard = performance.now();
    socket.onopen = () => {
      opened = true;
      this.wait = FIRST_WAIT;
      this.heard = performance.now();
      this.become("live", true);
    };
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.heard = performance.now();
      this.become("live");
      this.onMessage(this.binary ? event.data : JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (socket === this.socket) this.closed(opened);
    };
  }

  closed(opened) {
    this.become("lost");
    if (!opened) this.ask();
    this.timer = setTimeout(() => this.open(), this.wait);
    this.wait = Math.min(LONGEST_WAIT, this.wait * 1.6);
  }

  async ask() {
    // A WebSocket does not say why it was turned away; a file of the panel does.
    try {
      const reply = await fetch("/panel/icon.svg", { cache: "no-store" });
      if (reply.status === 401 && this.state === "lost") this.become("locked");
    } catch {
      /* nobody is there */
    }
  }

  watch() {
    const quiet = performance.now() - this.heard;
    if (this.socket.readyState === WebSocket.OPEN && quiet > SILENCE) this.become("silent");
    if (this.socket.readyState <= WebSocket.OPEN && quiet > GIVEN_UP) {
      const socket = this.socket;
      this.socket = { readyState: WebSocket.CLOSED };
      socket.close();
      this.closed(true);
    }
  }

  become(state, fresh = false) {
    if (state === this.state) return;
    this.state = state;
    this.onState(state, fresh);
  }

  get live() {
    return this.state === "live" && this.socket.readyState === WebSocket.OPEN;
  }

  send(text) {
    if (this.socket.readyState === WebSocket.OPEN) this.socket.send(text);
    return this.socket.readyState === WebSocket.OPEN;
  }
}

export class Hand {
  // What this panel sets. A control's own value is not taken from the program until it has heard this hand's last move; a move
  // that it has not heard within a second is taken back. onLost(names): of the controls that are to go back.
  constructor(onLost) {
    this.number = 0;
    this.waiting = new Map(); // name -> value, until the next frame
    this.sent = new Map(); // name -> number of the message that moved it last
    this.unheard = []; // { number, at } of messages, the oldest first
    this.answers = new Map(); // number of a message -> who waits for its answer
    this.onLost = onLost;
    this.link = null;
    setInterval(() => this.watch(), LOOK);
  }

  set(name, value) {
    if (!this.waiting.size) requestAnimationFrame(() => this.flush());
    this.waiting.set(name, value);
    this.sent.set(name, this.number + 1);
  }

  send(message) {
    this.flush();
    this.number += 1;
    return this.link.send(JSON.stringify({ ...message, n: this.number })) ? this.number : 0;
  }

  fire(name) {
    this.send({ set: { [name]: true } });
  }

  // Something that is answered in words; undefined where the connection went before the answer came.
  ask(message) {
    const number = this.send(message);
    return new Promise((done) => (number ? this.answers.set(number, done) : done(undefined)));
  }

  flush() {
    if (!this.waiting.size) return;
    const values = Object.fromEntries(this.waiting);
    this.waiting.clear();
    this.number += 1;
    this.unheard.push({ number: this.number, at: performance.now() });
    this.link.send(JSON.stringify({ set: values, n: this.number }));
  }

  hear(number) {
    while (this.unheard.length && this.unheard[0].number <= number) this.unheard.shift();
    for (const [name, sent] of this.sent) if (sent <= number && !this.waiting.has(name)) this.sent.delete(name);
  }

  answer(told) {
    this.answers.get(told.n)?.(told);
    this.answers.delete(told.n);
  }

  watch() {
    if (this.unheard.length && performance.now() - this.unheard[0].at > CONFIRMED) this.lose();
  }

  // What was not heard was not done.
  lose() {
    const names = [...this.sent.keys()];
    this.unheard = [];
    this.sent.clear();
    this.waiting.clear();
    if (names.length) this.onLost(names);
  }

  // Another connection counts from the start.
  forget() {
    this.lose();
    this.number = 0;
    const waiting = [...this.answers.values()];
    this.answers.clear();
    for (const done of waiting) done(undefined);
  }

  holds(name) {
    return this.sent.has(name);
  }
}
