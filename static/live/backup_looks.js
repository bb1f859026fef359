// How an expected backup looks: words for its state, its calendar, and the facts of an entry.

import { el, say, words } from "./dom.js";
import { duration, now } from "./time.js";
import { Zone } from "./zone.js";

const STATUS = {
  ok: "Good", success: "Good", failed: "Failed", missing: "Missing", hash_mismatch: "Changed on the way",
  transfer_integrity_failed: "Not intact", unknown: "Nothing yet",
};
const SUSPICION = {
  too_small: "Much smaller than usual", too_short: "Much quicker than usual", too_early: "Much earlier than usual",
  too_often: "Reported more than once", unchanged: "Content did not change", unreadable: "The archive cannot be read",
  unrestored: "No restore proved in time",
};
export const WAYS = { agent: "Agent's report", rest: "Report by REST", ping: "Ping", sentinel: "Sentinel itself" };
// The letters of board.py, the worst last.
export const LETTERS = { s: "Good", l: "Good, but late", w: "Good, but odd", h: "Changed on the way", t: "Not intact", f: "Failed", m: "Missing" };

const zones = new Map();
export function zoneOf(job) {
  if (!zones.has(job.zone)) zones.set(job.zone, new Zone(job.zone));
  return zones.get(job.zone);
}

export const statusWord = (status) => words(STATUS[status] || status);
export const isBad = (job) => job.active && !["ok", "unknown"].includes(job.status);
export const oddities = (job) => (job.latest && !isBad(job) ? job.latest.suspicions : []);
export const inTrouble = (job) => isBad(job) || (job.active && oddities(job).length > 0);
export const ago = (instant) => say("{time} ago", { time: rough((now() - Date.parse(instant)) / 1000) });

/** Without seconds once there are hours: a backup is not a stopwatch. */
function rough(seconds) {
  if (seconds < 3600) return seconds < 60 ? duration(seconds) : `${Math.floor(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.floor(seconds / 3600)} h` : say("{n} days", { n: Math.floor(seconds / 86400) });
}

/** good, odd, bad, wait or off. */
export function kind(job) {
  if (!job.active) return "off";
  if (isBad(job)) return "bad";
  if (oddities(job).length) return "odd";
  return job.status === "ok" ? "good" : "wait";
}

export function signs(job) {
  const found = [el("span", { class: `status b-${kind(job)}`, text: job.active ? statusWord(job.status) : words("Not watched") })];
  for (const each of oddities(job)) found.push(el("span", { class: "mark b-odd", text: words(SUSPICION[each] || each) }));
  if (job.started_at) found.push(el("span", { class: "mark", text: say("Running for {time}", { time: rough((now() - Date.parse(job.started_at)) / 1000) }) }));
  return found;
}

export const suspicionWord = (name) => words(SUSPICION[name] || name);
export const whereOf = (job) => [[job.company, job.city, job.neighborhood].filter(Boolean).join(" / "), job.agent].filter(Boolean).join(" · ");

/** When it is expected next, or how long it is awaited. */
export function nextOf(job) {
  if (!job.active || !job.next_expected_at) return "";
  const zone = zoneOf(job);
  const [next, due] = [Date.parse(job.next_expected_at), Date.parse(job.overdue_at || job.next_expected_at)];
  const at = zone.text(next / 1000, sameDay(zone, next) ? "minute" : "moment");
  if (next > now()) return say("Next {at}", { at });
  return say("Expected since {at}, missing at {until}", { at, until: zone.text(due / 1000, sameDay(zone, due) ? "minute" : "moment") });
}

export const lastOf = (job) => (job.last_success_at ? say("Last success {ago}", { ago: ago(job.last_success_at) }) : words("No success yet"));

const dayOf = (zone, ms) => Math.floor((ms + zone.offset(ms)) / 86400000);
const sameDay = (zone, ms) => dayOf(zone, ms) === dayOf(zone, now());

export function bytes(size) {
  if (size === null || size === undefined) return "";
  const units = ["B", "kB", "MB", "GB", "TB", "PB"];
  let [value, unit] = [size, 0];
  while (value >= 1000 && unit < units.length - 1) { value /= 1000; unit += 1; }
  return `${new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: value < 10 && unit ? 1 : 0 }).format(value)} ${words(units[unit])}`;
}

export const sizeOf = (entry) => bytes(entry.size_bytes ?? entry.server_calculated_staged_size ?? entry.agent_reported_size_bytes);
export const took = (entry) => (entry.duration_seconds === null ? "" : duration(entry.duration_seconds));

/** "2026-11-21" + 3 → the day three days later. */
export function dayAfter(first, days) {
  return new Date(Date.parse(`${first}T00:00:00Z`) + days * 86400000);
}

const dayForm = new Intl.DateTimeFormat(document.documentElement.lang, { timeZone: "UTC", weekday: "short", day: "numeric", month: "short" });
export const dayName = (day) => dayForm.format(day);
export const dayKey = (day) => day.toISOString().slice(0, 10);

/** "60 Good, 2 Missing": what a calendar says in words. */
export function calendarWords(calendar) {
  const parts = [...Object.entries(LETTERS)].reverse().map(([letter, text]) => [[...calendar.days].filter((each) => each === letter).length, text]);
  return parts.filter(([count]) => count).map(([count, text]) => `${count} × ${words(text)}`).join(", ") || words("Nothing yet");
}

export function legend(node) {
  node.replaceChildren(...Object.entries(LETTERS).map(([letter, text]) => el("li", {}, el("span", { class: `cell c-${letter}`, "aria-hidden": "true" }), words(text))));
}

/** An open alert: how urgent, and who has it. */
export function alertLine(alert) {
  const rank = alert.priority.slice(1);
  const text = alert.taken_by ? say("Alert: {name} has it", { name: alert.taken_by }) : words("Alert: nobody has it yet");
  return el("li", {}, el("a", { class: "alert-line", href: `/live/alerts/${alert.id}`, title: alert.title }, el("span", { class: `prio p${rank}`, text: alert.priority }), el("span", { text })));
}
