// The connection to the program: comes back by itself, sends what a hand did once a frame, and knows which of it was heard.

const FIRST_WAIT = 400; // ms until the first attempt to come back
const LONGEST_WAIT = 4000;

export class Link {
  constructor(path, { onMessage, onState, binary = false }) {
    this.path = path;
    this.onMessage = onMessage;
    this.onState = onState;
    this.binary = binary;
    this.wait = FIRST_WAIT;
    this.open();
    // A phone that wakes up should not wait for its turn.
    document.addEventListener("visibilitychange", () => {
      if (!document.hidden && this.timer) this.open();
    });
  }

  open() {
    clearTimeout(this.timer);
    this.timer = 0;
    const scheme = location.protocol === "https:" ? "wss://" : "ws://";
    const socket = new WebSocket(scheme + location.host + this.path);
    socket.binaryType = "blob";
    this.socket = socket;
    socket.onopen = () => {
      this.wait = FIRST_WAIT;
      this.onState(true);
    };
    socket.onmessage = (event) => this.onMessage(this.binary ? event.data : JSON.parse(event.data));
    socket.onclose = () => {
      if (socket !== this.socket) return;
      this.onState(false);
      this.timer = setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(LONGEST_WAIT, this.wait * 1.6);
    };
  }

  get live() {
    return this.socket.readyState === WebSocket.OPEN;
  }

  send(text) {
    if (this.live) this.socket.send(text);
    return this.live;
  }
}

export class Hand {
  // What this panel sets. A control's own value is not taken from the program until it has heard this hand's last move.
  constructor() {
    this.number = 0;
    this.heard = 0;
    this.waiting = new Map(); // name -> value, until the next frame
    this.sent = new Map(); // name -> number of the message that moved it last
    this.link = null;
  }

  set(name, value) {
    if (!this.waiting.size) requestAnimationFrame(() => this.flush());
    this.waiting.set(name, value);
    this.sent.set(name, this.number + 1);
  }

  fire(name, value = true) {
    this.flush();
    this.link.send(JSON.stringify({ set: { [name]: value }, n: ++this.number }));
  }

  learn(name) {
    this.link.send(JSON.stringify({ learn: name, n: ++this.number }));
  }

  unlearn(name) {
    this.link.send(JSON.stringify({ unlearn: name, n: ++this.number }));
  }

  flush() {
    if (!this.waiting.size) return;
    const values = Object.fromEntries(this.waiting);
    this.waiting.clear();
    this.link.send(JSON.stringify({ set: values, n: ++this.number }));
  }

  hear(number) {
    this.heard = number;
    for (const [name, sent] of this.sent) if (sent <= number && !this.waiting.has(name)) this.sent.delete(name);
  }

  forget() {
    this.number = this.heard = 0;
    this.sent.clear();
    this.waiting.clear();
  }

  holds(name) {
    return this.sent.has(name);
  }
}
