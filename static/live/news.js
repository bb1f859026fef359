// What happens among the alerts, for the ear: a P1 at once, and once; that it is taken or over; the others calmly, and many as a number.

import { inWords, say, sayMany } from "./dom.js";
import { callsAgain, isOpen, isTaken, rank, taken } from "./looks.js";
import { resolutionLabel } from "./answers.js";
import { speak } from "./spoken.js";

const GATHER_MS = 3000;
const MOST = 3; // said one by one

/** Says the first thing at once, and what comes shortly after it together. */
class Gathered {
  constructor(urgent, many) {
    Object.assign(this, { urgent, many, held: [], timer: 0 });
  }

  add(text) {
    this.held.push(text);
    if (!this.timer) this.flush();
  }

  flush() {
    const { held, urgent } = this;
    this.held = [];
    this.timer = held.length ? setTimeout(() => this.flush(), GATHER_MS) : 0;
    if (held.length > MOST) speak(this.many(held.length), { urgent });
    else for (const text of held) speak(text, { urgent });
  }
}

function stateOf(alert) {
  if (!isOpen(alert)) return "over";
  return isTaken(alert) && !callsAgain(alert) ? "taken" : "waits";
}

const named = (alert) => ({ priority: alert.priority, title: [inWords(alert, "title"), alert.subject].filter(Boolean).join(", ") });

export class News {
  /** alerts: those that are known; only: the id of the one that the page is about, whatever its priority. */
  constructor(alerts = [], only = null) {
    this.only = only;
    this.urgent = new Gathered(true, (n) => sayMany("{n} more alert of P1", "{n} more alerts of P1", n));
    this.calm = new Gathered(false, (n) => sayMany("{n} alert is new or has changed", "{n} alerts are new or have changed", n));
    this.states = new Map(alerts.map((alert) => [alert.id, this.key(alert)]));
  }

  key(alert) {
    const state = stateOf(alert);
    return rank(alert) === 1 && state === "waits" ? "urgent" : state;
  }

  /**
   * Say what is new about `alert`; `own`: the reader has just answered it; `kind`: of the event, on pages that do not know every alert,
   * where the first that is heard of one may be a remark on an old one. Returns whether it is a P1 that waits and did not before.
   */
  hear(alert, { own = false, kind = "raised" } = {}) {
    const before = this.states.get(alert.id), now = this.key(alert), again = kind === "escalated";
    this.states.set(alert.id, now);
    if (before === now || (before === undefined && kind !== "raised" && !again)) return false;
    if (now === "urgent") this.urgent.add(say(before === "taken" || again ? "Calling again, {priority}: {title}" : "New alert, {priority}: {title}", named(alert)));
    else if (before === undefined && now === "waits") this.calm.add(say("New alert, {priority}: {title}", named(alert)));
    else if (before !== undefined && (own || rank(alert) === 1 || alert.id === this.only)) this.calm.add(`#${alert.number} ${inWords(alert, "title")}: ${this.end(alert, now)}`);
    return now === "urgent";
  }

  end(alert, now) {
    if (now === "over") return alert.resolution ? say("It is over: {how}.", { how: resolutionLabel(alert.resolution) }) : say("It is over.");
    return now === "taken" ? taken(alert) || say("Taken") : say("Nobody has it.");
  }
}
