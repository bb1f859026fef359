// One expected backup: its half year, day by day, and its entries with all their facts.

import { byId, data, el, pair, say, setText, show, words } from "./dom.js";
import { duration, setServerNow } from "./time.js";
import {
  LETTERS, WAYS, ago, alertLine, bytes, dayAfter, dayKey, dayName, isBad, kind, lastOf, legend, nextOf, signs, sizeOf, statusWord, suspicionWord, took, whereOf, zoneOf,
} from "./backup_looks.js";
import { refill } from "./focus.js";
import { Poll } from "./poll.js";
import { watchHealth } from "./health.js";

const RELOAD_MS = 30000;
const WEEKS = [["is-early", 15], ["is-earlier", 10], ["is-earliest", 8]]; // how many of the last ones a narrow screen has room for, each day 24 px wide
const page = data("data");
const WEEKDAYS = [0, 1, 2, 3, 4, 5, 6].map((day) => new Intl.DateTimeFormat(document.documentElement.lang, { weekday: "short", timeZone: "UTC" }).format(new Date(Date.UTC(2024, 0, 1 + day))));
const MONTH = new Intl.DateTimeFormat(document.documentElement.lang, { month: "short", timeZone: "UTC" });
const asked = new URLSearchParams(location.search);
const chosen = { day: "", cell: -1 };
const open = new Set([asked.get("entry")].filter(Boolean)); // ids of entries whose facts are shown
let snapshot = page.snapshot;

function take(found) {
  snapshot = found;
  setServerNow(found.now);
  showHead(found.job);
  showCalendar(found.job.calendar);
  showExpected(found.job);
  showEntries(found);
  showProofs(found);
}

function showHead(job) {
  byId("head").className = `card backup-head b-${kind(job)}`;
  setText(byId("where"), whereOf(job));
  byId("marks").replaceChildren(...signs(job));
  byId("state").replaceChildren(
    ...(isBad(job) && job.latest && job.latest.message ? [el("strong", { text: job.latest.message }), el("br")] : []),
    [lastOf(job), nextOf(job)].filter(Boolean).join(" · "));
  refill(byId("alerts"), ...job.alerts.map(alertLine));
}

function showCalendar(calendar) {
  const days = [...calendar.days];
  const weeks = Math.ceil(days.length / 7);
  const names = el("div", { class: "week names", "aria-hidden": "true" }, el("span", { class: "month" }), ...WEEKDAYS.map((name, day) => el("span", { class: "day-name", text: day % 2 ? "" : name })));
  const columns = Array.from({ length: weeks }, (_, week) => {
    const begins = dayAfter(calendar.first, week * 7);
    const month = begins.getUTCDate() <= 7 ? MONTH.format(begins) : "";
    return el("div", { class: `week${WEEKS.map(([name, last]) => (week < weeks - last ? ` ${name}` : "")).join("")}` }, el("span", { class: "month", text: month }),
      ...days.slice(week * 7, week * 7 + 7).map((letter, day) => cell(letter, week * 7 + day, dayAfter(calendar.first, week * 7 + day), days.length)));
  });
  const focused = document.activeElement?.dataset?.number;
  byId("calendar").replaceChildren(el("div", { class: "weeks", role: "group", "aria-label": words("Day by day") }, names, ...columns));
  if (focused !== undefined) byId("calendar").querySelector(`[data-number="${focused}"]`)?.focus();
}

function cell(letter, number, day, all) {
  const what = letter === "." ? words("nothing") : words(LETTERS[letter]);
  const key = dayKey(day), name = pair(dayName(day), what);
  return el("button", {
    type: "button", class: `cell c-${letter === "." ? "none" : letter}`, "data-number": String(number), title: name, "aria-label": name,
    "aria-pressed": String(key === chosen.day), tabindex: key === chosen.day || (!chosen.day && number === all - 1) ? "0" : "-1",
    onclick: () => choose(key), onkeydown: (event) => move(event, number, all),
  });
}

function move(event, number, all) {
  const step = { ArrowLeft: -7, ArrowRight: 7, ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  byId("calendar").querySelector(`[data-number="${Math.min(all - 1, Math.max(0, number + step))}"]`).focus();
}

function choose(key) {
  chosen.day = chosen.day === key ? "" : key;
  for (const each of byId("calendar").querySelectorAll("[aria-pressed]")) each.setAttribute("aria-pressed", "false");
  poll.ask();
}

function showExpected(job) {
  facts(byId("expected"), [
    [words("When"), when(job)],
    [words("Time zone"), job.period_seconds ? "" : job.zone],
    [words("Missing after"), job.period_seconds ? "" : say("{n} min", { n: job.grace_minutes })],
    [words("Reported by"), words(WAYS[job.reported_by] || job.reported_by)],
    [words("Agent"), job.agent],
    [words("Alerts are"), words(job.severity)],
    [words("Restored"), job.proved_at ? ago(job.proved_at) : words("never proved")],
    [words("Proof needed"), job.proof_days ? say("every {n} days", { n: job.proof_days }) : words("no")],
  ]);
}

function when(job) {
  if (job.period_seconds) return say("Pinged at least every {n} min", { n: Math.round(job.period_seconds / 60) });
  const at = `${String(job.expected_hour_utc).padStart(2, "0")}:${String(job.expected_minute_utc).padStart(2, "0")}`;
  const on = job.weekdays.map((day) => WEEKDAYS[day]).join(", ");
  const first = {
    hourly: () => say("Every hour at :{minute}", { minute: String(job.expected_minute_utc).padStart(2, "0") }), daily: () => say("Every day at {at}", { at }),
    weekly: () => say("Every week at {at}", { at }), monthly: () => say("Every month on day {day} at {at}", { day: job.day_of_month, at }),
    once: () => say("Once on {day} at {at}", { day: job.once_on || "", at }), cron: () => job.cron,
  }[job.backup_frequency]();
  return ["hourly", "daily", "weekly"].includes(job.backup_frequency) && on ? `${first} (${on})` : first;
}

function facts(list, pairs) {
  list.replaceChildren(...pairs.filter(([, value]) => value !== "" && value !== null && value !== undefined)
    .flatMap(([name, value]) => [el("dt", { text: name }), el("dd", {}, value)]));
}

function showEntries(found) {
  const zone = zoneOf(found.job);
  setText(byId("entries-title"), found.day ? say("Entries of {day}", { day: dayName(dayAfter(found.day, 0)) }) : words("Newest entries"));
  show(byId("newest"), Boolean(found.day));
  show(byId("no-entries"), found.entries.length === 0);
  refill(byId("entries"), ...found.entries.map((entry) => row(entry, zone)));
}

const at = (zone, instant) => (instant ? zone.text(Date.parse(instant) / 1000, "full") : "");

function row(entry, zone) {
  const tone = entry.status !== "success" ? "bad" : entry.suspicions.length ? "odd" : "good";
  const details = el("details", { id: `entry-${entry.id}`, open: open.has(entry.id) },
    el("summary", {},
      el("time", { datetime: entry.cycle_at, text: zone.text(Date.parse(entry.cycle_at) / 1000, "moment") }),
      el("span", { class: `status b-${tone}`, text: statusWord(entry.status) }),
      el("span", { class: "entry-facts muted", text: [sizeOf(entry), took(entry)].filter(Boolean).join(" · ") }),
      el("span", { class: "entry-message", text: entry.message || entry.suspicions.map(suspicionWord).join(", ") })),
    all(entry, zone));
  details.addEventListener("toggle", () => (details.open ? open.add(entry.id) : open.delete(entry.id)));
  return el("li", {}, details);
}

/** Everything that is known of an entry. */
function all(entry, zone) {
  const list = el("dl", { class: "facts all-facts" });
  const same = entry.agent_reported_hash_sha256 && entry.agent_reported_hash_sha256 === entry.server_calculated_staged_hash;
  const hash = (text) => (text ? el("code", { text }) : "");
  facts(list, [
    [words("Expected"), at(zone, entry.cycle_at)],
    [words("Reported"), at(zone, entry.reported_at || entry.agent_report_timestamp_utc)],
    [words("Reported by"), `${words(WAYS[entry.reported_by] || entry.reported_by)}${entry.reports > 1 ? `, ${say("{n} reports", { n: entry.reports })}` : ""}`],
    [words("Late"), entry.was_missing ? words("It was missing before it was reported.") : ""],
    [words("Odd"), entry.suspicions.map(suspicionWord).join(", ")],
    [words("Took"), took(entry)],
    [words("Agent"), [entry.agent_id, entry.agent_overall_status].filter(Boolean).join(", ")],
    [words("Agent's error"), entry.agent_transfer_error_message],
    [words("File"), entry.agent_staged_file_name],
    [words("Size by the agent"), bytes(entry.agent_reported_size_bytes)],
    [words("Size here"), bytes(entry.server_calculated_staged_size)],
    [words("Before compression"), bytes(entry.agent_compress_size_pre_compress)],
    [words("SHA-256 by the agent"), same ? "" : hash(entry.agent_reported_hash_sha256)],
    [words("SHA-256 here"), hash(entry.server_calculated_staged_hash)],
    [words("Same as the agent's"), same ? words("yes") : ""],
    [words("Content changed"), entry.hash_comparison_result === null ? "" : entry.hash_comparison_result ? words("yes") : words("no")],
    [words("SHA-256 of the success before"), hash(entry.previous_successful_hash_global)],
    [words("Stored as"), entry.stored_path],
    [words("Report"), entry.operation_log_file_name],
    [words("Transfer"), [entry.agent_transfer_process_start_time, entry.agent_transfer_process_timestamp].filter(Boolean).map((each) => at(zone, each)).join(" – ")],
    [words("Summary by the agent"), entry.agent_logs_summary],
    ...Object.entries(entry.agent_stages).map(([name, stage]) => [name, parts(stage, zone)]),
    [words("Usual size"), bytes(entry.evidence.usual?.size_bytes)],
    [words("Usual duration"), entry.evidence.usual?.duration_seconds ? duration(entry.evidence.usual.duration_seconds) : ""],
    ...Object.entries(entry.evidence).filter(([name]) => name !== "usual").map(([name, value]) => [name.replaceAll("_", " "), parts(value, zone)]),
    [words("Decided"), at(zone, entry.changed_at)],
    [words("Alert"), entry.alert ? el("a", { href: `/live/alerts/${entry.alert}`, text: words("Open the alert") }) : ""],
  ]);
  return list;
}

/** "yes", "1.3 MB", a clock, or what stands there. */
function plain(name, value, zone) {
  if (typeof value === "boolean" || /^(true|false)$/i.test(value)) return String(value).toLowerCase() === "true" ? words("yes") : words("no");
  if (/(^|_)(size|bytes)$/.test(name) && Number.isFinite(Number(value))) return bytes(Number(value));
  if (/_time$/.test(name) && !Number.isNaN(Date.parse(value))) return at(zone, value);
  return String(value);
}

/** What an agent or a check left, whatever it is: its parts in one line. */
function parts(value, zone) {
  if (value === null || typeof value !== "object") return plain("", value, zone);
  return Object.entries(value).filter(([, part]) => part !== null && part !== "").map(([name, part]) => `${name.replaceAll("_", " ")}: ${typeof part === "object" ? JSON.stringify(part) : plain(name, part, zone)}`).join(" · ");
}

function showProofs(found) {
  byId("proofs").replaceChildren(...found.proofs.map((proof) => el("li", {},
    el("span", { class: `status b-${proof.succeeded ? "good" : "bad"}`, text: proof.succeeded ? words("Restored") : words("Not restored") }),
    ` ${ago(proof.restored_at)}`, proof.by ? el("span", { class: "muted", text: ` · ${proof.by}` }) : null, proof.detail ? el("p", { class: "muted", text: proof.detail }) : null)));
  show(byId("no-proofs"), found.proofs.length === 0);
}

const poll = new Poll({
  everyMs: RELOAD_MS, login: page.login, onAnswer: take,
  address: () => `${page.reload}${chosen.day ? `?day=${chosen.day}` : ""}`,
});

legend(byId("legend"));
byId("newest").addEventListener("click", () => choose(chosen.day));
chosen.day = snapshot.day || "";
take(page.snapshot);
watchHealth();
if (asked.get("entry")) byId(`entry-${asked.get("entry")}`)?.scrollIntoView({ block: "center" });
setInterval(() => showHead(snapshot.job), 10000);
