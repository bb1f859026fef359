// The live values of one device, or of all. Every message stands for itself: after a gap the newest is enough.

import { Line } from "./line.js";

const SILENT_MS = 25000; // the server says something every ten seconds
const HIDDEN_MS = 60000; // after this a page that nobody sees looks away, so that the device may rest

export class DeviceFeed {
  /** path: /ws/devices/<slug>/ or /ws/devices/. onMessage(message): a frame or a status. onState: see Line. */
  constructor({ path, onMessage, onState }) {
    this.line = new Line({
      path: () => path, silentMs: SILENT_MS, onState,
      onMessage: (message) => { if (message.type === "frame" || message.type === "status") onMessage(message); },
    });
    document.addEventListener("visibilitychange", () => this.seen());
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.line.soon(0); });
  }

  seen() {
    clearTimeout(this.hidden);
    if (document.hidden) this.hidden = setTimeout(() => this.line.drop(), HIDDEN_MS);
    else this.line.soon(0);
  }
}
