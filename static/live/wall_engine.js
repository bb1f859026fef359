// How Sentinel itself is: asked every ten seconds. No answer is never shown as a good one.

import { byId, el, say, show, words } from "./dom.js";
import { LATE_SECONDS, MEANS } from "./health.js";

const EVERY_MS = 10000;
const TIMEOUT_MS = 8000;
const OLD_MS = 30000;
const PARTS = [["database", "Database"], ["watchdog", "Watchdog"], ["worker", "Worker"], ["monitor", "Monitor"], ["channel_layer", "Redis"]];

export class Engine {
  constructor(address) {
    this.address = address;
    this.report = null;
    this.heardAt = -Infinity;
    this.ask();
    setInterval(() => this.ask(), EVERY_MS);
  }

  async ask() {
    try {
      const response = await fetch(this.address, { cache: "no-store", credentials: "omit", signal: AbortSignal.timeout(TIMEOUT_MS) });
      const report = await response.json();
      if (typeof report.status !== "string") return;
      this.report = report;
      this.heardAt = performance.now();
    } catch {
      // what was heard grows old, and show() says so
    }
    this.show();
  }

  /** Once a second. */
  show() {
    const known = this.report !== null && performance.now() - this.heardAt < OLD_MS;
    const state = (part) => (!known ? "unknown" : this.report[part] === "ok" ? "good" : "bad");
    const sign = { good: "✓", bad: "✕", unknown: "?" };
    const chips = PARTS.map(([part, name]) => [part, state(part), `${sign[state(part)]} ${words(name)}`]);
    const late = known ? this.report.oldest_due_seconds : 0;
    const box = byId("health");
    const seen = JSON.stringify([chips, late > LATE_SECONDS]);
    if (box.dataset.seen !== seen) {
      box.dataset.seen = seen;
      box.replaceChildren(...chips.map(([part, how, text]) => el("span", { class: "chip", "data-part": part, "data-state": how, text })));
    }
    const found = known ? PARTS.filter(([part]) => state(part) === "bad").map(([part]) => words(MEANS[part])) : [];
    if (late > LATE_SECONDS) found.push(say("A step or a message should have gone out {seconds} seconds ago and has not.", { seconds: late }));
    const list = byId("engine");
    if (list.dataset.said !== found.join("\n")) {
      list.dataset.said = found.join("\n");
      list.firstElementChild.replaceChildren(...found.map((text) => el("li", { text })));
      show(list, found.length > 0);
    }
  }
}
