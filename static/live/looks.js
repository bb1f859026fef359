// How an alert's state reads. Colour is never the only sign: every state has a symbol and a word.

import { el, say, setText, words } from "./dom.js";
import { duration, now, seconds } from "./time.js";
import { promiseLabel } from "./answers.js";

export const OPEN = ["PENDING", "DELIVERED", "SEEN", "ACKNOWLEDGED"];
export const isOpen = (alert) => OPEN.includes(alert.status);
export const isTaken = (alert) => alert.status === "ACKNOWLEDGED";
/** Taken, but the escalation runs again: somebody has to say it once more. */
export const callsAgain = (alert) => isTaken(alert) && (alert.next_step_at !== null || alert.unanswered);
export const rank = (alert) => Number(alert.priority.slice(1));

const STATUS = {
  PENDING: ["○", "Nobody yet"], DELIVERED: ["✉", "Delivered"], SEEN: ["◉", "Seen"],
  ACKNOWLEDGED: ["✓", "Taken"], RESOLVED: ["✔", "Over"], EXPIRED: ["✕", "Expired"],
};
/** Whether nobody is told of it for now. */
export const isHeld = (alert) => isOpen(alert) && alert.suppressed_by.length > 0;
export const whyHeld = (alert) => isHeld(alert) ? alert.suppressed_by.map((each) => say("Nobody is told: {reason}", { reason: heldBy(each) })).join(" ") : "";
const heldBy = (each) => `${each.reason || each.kind || ""}${each.number ? ` (#${each.number})` : ""}`;

const LATE_SECONDS = 10;

export function showStatus(node, alert) {
  const [sign, word] = STATUS[alert.status] || ["?", alert.status];
  node.className = `status s-${alert.status.toLowerCase()}`;
  setText(node, `${sign} ${words(word)}`);
}

export function showMarks(node, alert) {
  const marks = [];
  if (alert.unanswered && isOpen(alert)) marks.push(["⚠", "Nobody answered"]);
  if (isLate(alert)) marks.push(["◷", "Step is late"]);
  if (callsAgain(alert)) marks.push(["↻", "Calling again"]);
  if (alert.life_safety) marks.push(["♥", "Life safety"]);
  if (isHeld(alert)) marks.push(["⊘", "Held back"]);
  const text = marks.map(([, word]) => word).join();
  if (node.dataset.marks === text) return;
  node.dataset.marks = text;
  node.replaceChildren(...marks.map(([sign, word]) => el("span", { class: `mark m-${word.toLowerCase().replaceAll(" ", "-")}` }, el("span", { "aria-hidden": "true", text: sign }), ` ${words(word)}`)));
}

const isLate = (alert) => isOpen(alert) && alert.next_step_at !== null && seconds(alert.next_step_at) > LATE_SECONDS;

export function where(alert) {
  return [alert.subject, alert.source_name || alert.source, alert.type === "generic" ? "" : alert.type].filter(Boolean).join(" · ");
}

export function taken(alert) {
  if (!alert.acknowledged_by) return "";
  const name = alert.acknowledged_by;
  if (!isOpen(alert)) return say("{name} had it", { name });
  return alert.promise ? say("{name} has it: “{promise}”", { name, promise: promiseLabel(alert.promise) }) : say("{name} has it", { name });
}

export function age(alert) {
  return isOpen(alert) ? duration(seconds(alert.created_at)) : "";
}

/** When the next step comes, in words. */
export function nextStep(alert) {
  if (!isOpen(alert)) return "";
  if (alert.next_step_at === null) return isTaken(alert) ? "" : words("no further step");
  const left = (Date.parse(alert.next_step_at) - now()) / 1000;
  return left > 0 ? say("next step in {time}", { time: duration(left + 1) }) : words("next step now");
}
