// A page that is asked for anew every so often, and says honestly how old it is.

import { showLink } from "./link.js";

export class Poll {
  /** address() → where to ask; onAnswer(answer) takes the JSON. */
  constructor({ address, everyMs, onAnswer, login }) {
    Object.assign(this, { address, everyMs, onAnswer, login, heardAt: Date.now(), turn: 0 });
    showLink("live", 0, login);
    setInterval(() => { if (!document.hidden) this.ask(); }, everyMs);
    document.addEventListener("visibilitychange", () => { if (!document.hidden && Date.now() - this.heardAt > everyMs) this.ask(); });
  }

  /** Ask now. Of several questions at once only the last one's answer counts. */
  async ask() {
    this.turn += 1;
    const turn = this.turn;
    let state = "stale";
    try {
      const response = await fetch(this.address(), { credentials: "same-origin", cache: "no-store", redirect: "manual" });
      if (response.type === "opaqueredirect" || response.status === 401) state = "login";
      else if (response.status === 403) state = "forbidden";
      else if (response.ok) {
        const answer = await response.json();
        if (turn !== this.turn) return;
        this.heardAt = Date.now();
        state = "live";
        this.onAnswer(answer);
      }
    } catch {
      // said below
    }
    if (turn === this.turn) showLink(state, Date.now() - this.heardAt, this.login);
  }
}
