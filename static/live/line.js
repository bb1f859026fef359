// A websocket that comes back by itself, and says when what stands on the page is no longer of now.

import { setServerNow } from "./time.js";

const CLOSED_MS = 3000;
const LONGEST_MS = 20000;
const FULL_MS = 60000;
const STOP = { 4401: "login", 4403: "forbidden", 4404: "unknown" };
const TOO_SLOW = 4408, TOO_MANY = 4429;

export class Line {
  /**
   * path() -> where to connect. silentMs: without a word for so long the line is dead. onMessage(message).
   * onState(state, sinceMs): live, connecting, stale or a STOP word, after which it does not try again.
   */
  constructor({ path, silentMs, onMessage, onState }) {
    Object.assign(this, { path, silentMs, onMessage, onState });
    this.hear();
    this.failures = 0;
    this.stopped = false;
    this.timer = 0;
    this.connect();
    setInterval(() => this.look(), 1000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.look(); });
    window.addEventListener("online", () => this.soon(0));
    window.addEventListener("pagehide", () => { if (this.socket) this.socket.close(); });
  }

  connect() {
    clearTimeout(this.timer);
    this.timer = 0;
    const url = new URL(this.path(), window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, ["sentinel.v1"]);
    this.socket = socket;
    socket.addEventListener("message", (message) => { if (socket === this.socket) this.take(JSON.parse(message.data)); });
    socket.addEventListener("close", (event) => { if (socket === this.socket) this.closed(event.code); });
  }

  hear() {
    this.heard = Date.now();
    this.heardRunning = performance.now();
  }

  /** For how long nothing was heard. A clock that is set back does not hide a silence, and neither does a machine that slept. */
  silent() {
    return Math.max(Date.now() - this.heard, performance.now() - this.heardRunning);
  }

  take(message) {
    this.hear();
    this.failures = 0;
    if (message.sent_at && !message.known) setServerNow(message.sent_at);
    this.onState("live", 0);
    this.onMessage(message);
  }

  /** Close it, without coming back by itself. */
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
    this.soon(code === TOO_SLOW ? 0 : code === TOO_MANY ? FULL_MS : this.pause());
  }

  soon(ms) {
    if (this.stopped || this.socket) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.connect(), ms);
  }

  /** How long to wait before the next try: longer each time, and not all pages at once. */
  pause() {
    return Math.min(LONGEST_MS, 500 * 1.7 ** Math.min(this.failures, 12)) * (0.5 + Math.random());
  }

  /** Once a second: is the connection what it seems? */
  look() {
    if (this.stopped) return;
    const silent = this.silent();
    if (this.socket && this.socket.readyState === WebSocket.OPEN && silent > this.silentMs) {
      this.drop();
      this.soon(0);
    }
    const down = !this.socket || this.socket.readyState !== WebSocket.OPEN;
    if (silent > this.silentMs || (down && silent > CLOSED_MS)) this.onState("stale", silent);
  }
}
