// The websocket. A message is a hint: after a gap, a reset or a long silence the page begins again from a snapshot.

import { setServerNow } from "./time.js";

const SILENT_MS = 12000; // the server says something every five seconds
const CLOSED_MS = 3000;
const LONGEST_MS = 20000;
const STOP = { 4401: "login", 4403: "forbidden", 4404: "unknown" };

export class Feed {
  /** onEvent(event), onReset() -> Promise of the event id to go on from, onState(state, sinceMs): live, connecting, stale or a STOP word. */
  constructor({ since, onEvent, onReset, onState }) {
    Object.assign(this, { last: since, onEvent, onReset, onState });
    this.heard = Date.now();
    this.failures = 0;
    this.stopped = false;
    this.timer = 0;
    this.connect();
    setInterval(() => this.look(), 1000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.look(); });
    window.addEventListener("online", () => this.soon(0));
    window.addEventListener("pagehide", () => { if (this.socket) this.socket.close(); });
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.again(); });
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = 0;
    const url = new URL(`/ws/alerts/?since=${this.last}`, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, ["sentinel.v1"]);
    this.socket = socket;
    socket.addEventListener("message", (message) => { if (socket === this.socket) this.take(JSON.parse(message.data)); });
    socket.addEventListener("close", (event) => { if (socket === this.socket) this.closed(event.code); });
  }

  take(message) {
    this.heard = Date.now();
    this.failures = 0;
    if (message.sent_at) setServerNow(message.sent_at);
    this.onState("live", 0);
    if (message.type === "reset") this.again();
    else if (message.type === "event" && message.id > this.last) {
      if (message.id !== this.last + 1) { this.again(); return; }
      this.last = message.id;
      this.onEvent(message);
    }
  }

  /** Begin again from a snapshot. */
  async again() {
    this.drop();
    try {
      this.last = await this.onReset();
      this.connect();
    } catch {
      this.failures += 1;
      this.timer = setTimeout(() => this.again(), this.pause());
    }
  }

  drop() {
    const socket = this.socket;
    this.socket = null;
    if (socket) socket.close();
  }

  closed(code) {
    this.socket = null;
    if (STOP[code]) {
      this.stopped = true;
      this.onState(STOP[code], 0);
      return;
    }
    this.failures += 1;
    this.soon(code === 4408 ? 0 : code === 4429 ? 60000 : this.pause());
  }

  soon(ms) {
    if (this.stopped || this.socket) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), ms);
  }

  pause() {
    return Math.min(LONGEST_MS, 500 * 1.7 ** Math.min(this.failures, 12)) * (0.5 + Math.random());
  }

  /** Once a second: is the connection what it seems? */
  look() {
    if (this.stopped) return;
    const silent = Date.now() - this.heard;
    if (this.socket && this.socket.readyState === WebSocket.OPEN && silent > SILENT_MS) {
      this.drop();
      this.soon(0);
    }
    const down = !this.socket || this.socket.readyState !== WebSocket.OPEN;
    if (silent > SILENT_MS || (down && silent > CLOSED_MS)) this.onState("stale", silent);
  }
}
