// The oscillators as the program computes them, drawn while they move: a wave for each attribute, a dot that runs along it.

const CYCLES = 2; // shown at once
const FRAME = 1000 / 30; // ms
const CALM_FRAME = 500; // for those who asked their system for less motion
const calm = matchMedia("(prefers-reduced-motion: reduce)");

const TABLE = Array.from({ length: 256 }, (_, n) => {
  for (let k = 0; k < 8; k++) n = n & 1 ? (n >>> 1) ^ 0xedb88320 : n >>> 1;
  return n >>> 0;
});

function crc32(text) {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++) crc = (crc >>> 8) ^ TABLE[(crc ^ text.charCodeAt(i)) & 255];
  return (crc ^ 0xffffffff) >>> 0;
}

const mod = (a, b) => ((a % b) + b) % b;
const level = (cycle, seed) => crc32(`${seed}:${cycle}`) / 0x7fffffff - 1;

const SHAPES = {
  sine: (p) => Math.sin(2 * Math.PI * p),
  triangle: (p) => 1 - 4 * Math.abs(mod(p + 0.25, 1) - 0.5),
  saw: (p) => 2 * mod(p + 0.5, 1) - 1,
  square: (p) => (mod(p, 1) < 0.5 ? 1 : -1),
  random: (p, seed) => {
    const cycle = Math.floor(p);
    const x = p - cycle;
    const blend = x * x * x * (x * (6 * x - 15) + 10);
    return level(cycle, seed) * (1 - blend) + level(cycle + 1, seed) * blend;
  },
};

export class Waves {
  // value(name): what a control is set to. One wave for each attribute that add() is told of.
  constructor(value) {
    this.value = value;
    this.waves = new Map();
    this.then = 0;
    this.seen = new IntersectionObserver((entries) => {
      for (const entry of entries) {
        const wave = [...this.waves.values()].find((one) => one.canvas === entry.target);
        if (wave) wave.visible = entry.isIntersecting;
      }
    });
    requestAnimationFrame((now) => this.turn(now));
  }

  add(attribute, canvas) {
    const old = this.waves.get(attribute);
    if (old) this.seen.unobserve(old.canvas);
    this.waves.set(attribute, { canvas, phase: old ? old.phase : 0, seed: crc32(attribute), visible: false, still: "" });
    this.seen.observe(canvas);
  }

  phases(told) {
    for (const [attribute, phase] of Object.entries(told)) {
      const wave = this.waves.get(attribute);
      if (wave) wave.phase = phase;
    }
  }

  turn(now) {
    requestAnimationFrame((next) => this.turn(next));
    const passed = now - this.then;
    if (passed < (calm.matches ? CALM_FRAME : FRAME) - 2) return;
    this.then = now;
    const seconds = Math.min(passed, 1000) / 1000;
    const frozen = this.value("transport/freeze") === true;
    for (const [attribute, wave] of this.waves) {
      const base = `edit/${attribute}/lfo/`;
      const beats = this.value(base + "sync") === true ? (this.value("transport/bpm") || 120) / 60 : 1;
      if (!frozen) wave.phase += (this.value(base + "rate") || 0) * beats * seconds;
      if (wave.visible) this.draw(attribute, wave, base);
    }
  }

  draw(attribute, wave, base) {
    const { canvas } = wave;
    const depth = this.value(base + "depth") || 0;
    const amount = this.value(`edit/${attribute}/amount`) || 0;
    const shape = this.value(base + "shape");
    const start = this.value(base + "phase") || 0;
    const ratio = Math.min(devicePixelRatio || 1, 2);
    const width = Math.round(canvas.clientWidth * ratio);
    const height = Math.round(canvas.clientHeight * ratio);
    const key = depth > 0 && SHAPES[shape] ? "" : [width, height, depth, amount, shape].join();
    if (!width || (key && key === wave.still)) return;
    wave.still = key;
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const paint = canvas.getContext("2d");
    paint.clearRect(0, 0, width, height);
    const reach = Math.max(1.2, Math.abs(amount) + depth) * 1.12;
    const y = (v) => height / 2 - (v / reach) * (height / 2 - 3 * ratio);
    line(paint, "rgba(242,240,234,.13)", ratio, [[0, y(0)], [width, y(0)]]);
    const curve = SHAPES[shape];
    if (depth <= 0 || !curve) {
      paint.setLineDash(depth > 0 ? [4 * ratio, 4 * ratio] : []);
      line(paint, depth > 0 ? "rgba(226,178,114,.7)" : "rgba(226,178,114,.35)", 1.5 * ratio, [[0, y(amount)], [width, y(amount)]]);
      paint.setLineDash([]);
      return;
    }
    const phase = wave.phase + start;
    const first = Math.floor(phase / CYCLES) * CYCLES;
    const at = (p) => y(amount + depth * curve(p, wave.seed));
    const points = [];
    for (let x = 0; x <= width; x += 1.5 * ratio) points.push([x, at(first + (x / width) * CYCLES)]);
    const here = ((phase - first) / CYCLES) * width;
    const past = points.filter((point) => point[0] <= here);
    line(paint, "rgba(226,178,114,.32)", 1.5 * ratio, points);
    const fresh = paint.createLinearGradient(here - width * 0.45, 0, here, 0);
    fresh.addColorStop(0, "rgba(226,178,114,0)");
    fresh.addColorStop(1, "rgba(240,200,144,1)");
    line(paint, fresh, 2 * ratio, [...past, [here, at(phase)]]);
    paint.fillStyle = "#fff3df";
    paint.beginPath();
    paint.arc(here, at(phase), 3.4 * ratio, 0, 2 * Math.PI);
    paint.fill();
  }
}

function line(paint, colour, width, points) {
  paint.strokeStyle = colour;
  paint.lineWidth = width;
  paint.lineJoin = "round";
  paint.beginPath();
  for (const [x, y] of points) paint.lineTo(x, y);
  paint.stroke();
}
