// Whether Sentinel itself works, asked every fifteen seconds and said on top of every page.

import { byId, el, say, setText, show, words } from "./dom.js";
import { speak } from "./spoken.js";

const EVERY_MS = 15000;
export const MEANS = {
  database: "The database cannot be reached: nothing can be reported, escalated or sent.",
  channel_layer: "Redis cannot be reached. No alert is lost.",
  watchdog: "The watchdog is dead: escalations and messages are up to a minute late.",
  worker: "The worker is dead: AI opinions, scans and clean-ups stand still, and escalation has lost its second runner.",
  monitor: "The monitor is dead: no device is measured.",
};
export const LATE_SECONDS = 60;

let told = new Set();

/** Each thing once, when it stops working: how long ago ticks on, for eyes. */
function tell(found) {
  for (const [part, text] of found) if (!told.has(part)) speak(text, { urgent: true });
  told = new Set(found.map(([part]) => part));
}

async function look() {
  const box = byId("health");
  try {
    const response = await fetch("/healthz", { cache: "no-store" });
    const report = await response.json();
    const found = Object.keys(MEANS).filter((part) => report[part] && report[part] !== "ok").map((part) => [part, words(MEANS[part])]);
    if (report.oldest_due_seconds > LATE_SECONDS) {
      found.push(["late", say("A step or a message should have gone out {seconds} seconds ago and has not.", { seconds: report.oldest_due_seconds })]);
    }
    tell(found);
    const list = box.querySelector("ul");
    while (list.children.length > found.length) list.lastElementChild.remove();
    found.forEach(([, text], place) => setText(list.children[place] || list.appendChild(el("li")), text));
    show(box, found.length > 0);
  } catch {
    // the connection's own banner says it
  }
}

export function watchHealth() {
  if (byId("health")) setInterval(look, EVERY_MS);
}
