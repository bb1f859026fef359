// The sound of a new P1. Browsers allow none before a gesture, unless they are started so: the page says when it would be silent.

import { byId, setText, show, words } from "./dom.js";

const AGAIN_MS = 30000;

export class Sound {
  /** mode: off, once, or repeat (again and again while ring() is told of an untaken P1). */
  constructor(mode) {
    this.mode = mode;
    this.known = new Set();
    this.rangAt = -Infinity;
    this.context = null;
    const wake = () => this.wake();
    for (const kind of ["pointerdown", "keydown", "touchend"]) document.addEventListener(kind, wake);
    this.wake();
  }

  /** Try to be allowed. */
  wake() {
    if (this.mode === "off") return;
    try {
      this.context = this.context && this.context.state !== "closed" ? this.context : new AudioContext();
      if (this.context.state !== "running") this.context.resume().then(() => this.tell(), () => this.tell());
    } catch {
      this.context = null;
    }
    this.tell();
  }

  get works() {
    return this.context !== null && this.context.state === "running";
  }

  /** Say whether it would be heard. */
  tell() {
    const off = this.mode === "off";
    show(byId("sound-blocked"), !off && !this.works);
    setText(byId("sound"), off ? words("Sound off") : this.works ? words("Sound on") : words("Sound blocked"));
    byId("sound").dataset.state = off ? "off" : this.works ? "good" : "bad";
  }

  /** Once a second and at every change: the ids of the P1s that nobody has taken. */
  look(untaken) {
    const fresh = untaken.filter((id) => !this.known.has(id));
    this.known = new Set(untaken);
    const again = this.mode === "repeat" && untaken.length > 0 && performance.now() - this.rangAt > AGAIN_MS;
    if (this.mode !== "off" && (fresh.length > 0 || again)) this.ring();
  }

  /** Three rising calls, loud and unlike anything else in a room. */
  ring() {
    this.rangAt = performance.now();
    document.body.dataset.rang = String(Number(document.body.dataset.rang || 0) + 1);
    if (!this.works) { this.wake(); return; }
    for (let turn = 0; turn < 3; turn += 1) {
      this.tone(740, turn * 0.9, 0.28);
      this.tone(988, turn * 0.9 + 0.3, 0.42);
    }
  }

  tone(hertz, after, seconds) {
    const oscillator = this.context.createOscillator();
    const volume = this.context.createGain();
    const at = this.context.currentTime + after;
    oscillator.type = "triangle";
    oscillator.frequency.value = hertz;
    volume.gain.setValueAtTime(0.0001, at);
    volume.gain.exponentialRampToValueAtTime(0.6, at + 0.02);
    volume.gain.setValueAtTime(0.6, at + seconds - 0.06);
    volume.gain.exponentialRampToValueAtTime(0.0001, at + seconds);
    oscillator.connect(volume).connect(this.context.destination);
    oscillator.start(at);
    oscillator.stop(at + seconds + 0.02);
  }
}
