// The live feed of alerts. A message is a hint: after a gap, a reset or a long silence the page begins again from a snapshot.

import { Line } from "./line.js";

const SILENT_MS = 12000; // the server says something every five seconds

export class Feed {
  /** onEvent(event), onReset() -> Promise of the event id to go on from, onState: see Line. */
  constructor({ since, onEvent, onReset, onState }) {
    Object.assign(this, { last: since, onEvent, onReset });
    this.line = new Line({ path: () => `/ws/alerts/?since=${this.last}`, silentMs: SILENT_MS, onMessage: (message) => this.take(message), onState });
    window.addEventListener("pageshow", (event) => { if (event.persisted) this.again(); });
  }

  take(message) {
    if (message.type === "reset") this.again();
    else if (message.type === "event" && message.id > this.last) {
      if (message.id !== this.last + 1) { this.again(); return; }
      this.last = message.id;
      this.onEvent(message);
    }
  }

  /** Begin again from a snapshot. */
  async again() {
    const { line } = this;
    line.drop();
    try {
      this.last = await this.onReset();
      line.connect();
    } catch {
      line.failures += 1;
      line.timer = setTimeout(() => this.again(), line.pause());
    }
  }
}
