// The ways in: a file that is chosen, dropped or pasted, a sample, and the camera.

import { el } from "/panel/parts.js";

const $ = (id) => document.getElementById(id);
const CAMERA_PX = 1920;
const HEIC = "image/heic,image/heif,.heic,.heif"; // some systems know the names alone

export class Problem extends Error {
  constructor(text, status = 0) {
    super(text);
    this.status = status;
  }
}

const AWAY = "The mirror does not answer. Is it still running, and are you in its network?";
const LOCKED = "The mirror asks for a new link: press I at the mirror, or have it pressed, and scan the code.";

async function checked(reply) {
  if (reply.ok) return reply;
  if (reply.status === 401) throw new Problem(LOCKED, 401);
  const told = await reply.json().catch(() => ({}));
  throw new Problem(told.error || `The mirror could not do this (${reply.status}).`, reply.status);
}

export async function ask(path, body) {
  const post = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const reply = await fetch(`/studio/${path}`, { cache: "no-store", ...post }).catch(() => {
    throw new Problem(AWAY);
  });
  return checked(reply);
}

// A file on its way: its share 0…1 is told, then that it is being looked at.
export function send(path, file, onShare) {
  return new Promise((done, failed) => {
    const request = new XMLHttpRequest();
    request.open("POST", `/studio/${path}`);
    request.responseType = "json";
    request.upload.onprogress = (event) => event.lengthComputable && onShare(event.loaded / event.total);
    request.upload.onload = () => onShare(1);
    request.onerror = () => failed(new Problem(AWAY));
    request.onload = () => {
      if (request.status === 200 && request.response) done(request.response);
      else if (request.status === 401) failed(new Problem(LOCKED, 401));
      else failed(new Problem(request.response?.error || `The mirror could not do this (${request.status}).`, request.status));
    };
    request.send(file);
  });
}

export class Bringing {
  // onFile(file), onSample(number), onFail(error).
  constructor({ onFile, onSample, onFail }) {
    Object.assign(this, { onFile, onSample, onFail });
    // Safari turns HEIC into JPEG for a page that does not ask for it, tiles and all, which cannot be read here.
    if (!("GestureEvent" in window)) $("choose").accept += `,${HEIC}`;
    for (const id of ["choose", "capture", "open-code"]) {
      const input = $(id);
      input.addEventListener("change", () => {
        const file = input.files[0];
        if (file) onFile(file);
        input.value = ""; // the same one may come again
      });
      input.closest("label").addEventListener("keydown", (event) => {
        if (event.key === "Enter" || event.key === " ") {
          event.preventDefault();
          input.click();
        }
      });
    }
    this.dropping();
    this.camera();
  }

  dropping() {
    const files = (event) => [...(event.dataTransfer?.types || [])].includes("Files");
    let depth = 0;
    addEventListener("dragenter", (event) => files(event) && ++depth && document.body.classList.add("over"));
    addEventListener("dragleave", (event) => files(event) && --depth <= 0 && document.body.classList.remove("over"));
    addEventListener("dragover", (event) => event.preventDefault());
    addEventListener("drop", (event) => {
      event.preventDefault();
      depth = 0;
      document.body.classList.remove("over");
      const file = event.dataTransfer?.files[0];
      if (file) this.onFile(file, event.target);
    });
    addEventListener("paste", (event) => {
      const file = event.clipboardData?.files[0];
      if (file) this.onFile(file);
    });
  }

  samples(count) {
    const of = (number) => el("button", { type: "button", "aria-label": `Sample ${number}` }, el("img", { src: `/studio/samples/${number}`, alt: "", loading: "lazy" }));
    const made = Array.from({ length: count }, (_, k) => of(k + 1));
    made.forEach((button, k) => button.addEventListener("click", () => this.onSample(k + 1)));
    $("samples").replaceChildren(...made);
  }

  // Where the page may not open a camera itself, a phone's own camera takes the picture.
  camera() {
    const own = Boolean(window.isSecureContext && navigator.mediaDevices?.getUserMedia);
    $("take").hidden = !own;
    $("take-plain").hidden = own || !matchMedia("(pointer: coarse)").matches;
    this.facing = "user";
    $("take").addEventListener("click", () => this.open());
    $("camera-close").addEventListener("click", () => $("camera").close());
    $("camera").addEventListener("close", () => this.shut());
    $("camera-turn").addEventListener("click", () => {
      this.facing = this.facing === "user" ? "environment" : "user";
      this.start();
    });
    $("shutter").addEventListener("click", () => this.take());
  }

  async open() {
    $("camera").showModal();
    await this.start();
  }

  async start() {
    this.shut();
    try {
      const video = { facingMode: this.facing, width: { ideal: CAMERA_PX }, height: { ideal: CAMERA_PX } };
      this.stream = await navigator.mediaDevices.getUserMedia({ video, audio: false });
      if (!$("camera").open) return this.shut();
      $("finder").srcObject = this.stream;
      $("finder").classList.toggle("own", this.facing === "user");
      const cameras = (await navigator.mediaDevices.enumerateDevices()).filter((one) => one.kind === "videoinput");
      $("camera-turn").style.visibility = cameras.length > 1 ? "visible" : "hidden";
    } catch (error) {
      $("camera").close();
      const denied = error.name === "NotAllowedError";
      $("take").hidden = true;
      $("take-plain").hidden = !matchMedia("(pointer: coarse)").matches;
      this.onFail(new Problem(denied ? "The browser may not use the camera; allow it in the address bar, or choose a picture." : "There is no camera that can be used here; choose a picture instead."));
    }
  }

  take() {
    const video = $("finder");
    if (!video.videoWidth) return;
    const canvas = el("canvas", { width: video.videoWidth, height: video.videoHeight });
    canvas.getContext("2d").drawImage(video, 0, 0);
    $("camera").close();
    canvas.toBlob((blob) => this.onFile(new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.95);
  }

  shut() {
    for (const track of this.stream?.getTracks() || []) track.stop();
    this.stream = null;
    $("finder").srcObject = null;
  }
}

// Something made here, into the browser's downloads.
export function download(blob, name) {
  const url = URL.createObjectURL(blob);
  const link = el("a", { href: url, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(url), 60000);
}
