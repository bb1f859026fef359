// The websocket of one device or of all of them. Every message stands for itself: what was missed is fetched by REST.

const SILENT_MS = 27000; // the server says something at least every 25 seconds
const CLOSED_MS = 3000;
const LONGEST_MS = 20000;
const STOP = { 4401: "login", 4403: "forbidden", 4404: "unknown" };

export class DeviceFeed {
  /** path: of the websocket; onMessage(message): a frame or a status; onState(state, silentMs): live, connecting, stale or a STOP word. */
  constructor({ path, onMessage, onState }) {
    Object.assign(this, { path, onMessage, onState });
    this.heard = Date.now();
    this.failures = 0;
    this.stopped = false;
    this.timer = 0;
    this.connect();
    setInterval(() => this.look(), 1000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.look(); });
    window.addEventListener("online", () => this.soon(0));
    window.addEventListener("pagehide", () => this.drop());
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.soon(0); });
  }

  connect() {
    clearTimeout(this.timer);
    const url = new URL(this.path, window.location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(url, ["sentinel.v1"]);
    this.socket = socket;
    socket.addEventListener("message", (event) => { if (socket === this.socket) this.take(JSON.parse(event.data)); });
    socket.addEventListener("close", (event) => { if (socket === this.socket) this.closed(event.code); });
  }

  take(message) {
    this.heard = Date.now();
    this.failures = 0;
    this.onState("live", 0);
    if (message.type === "frame" || message.type === "status") this.onMessage(message);
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
