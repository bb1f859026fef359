// One device: its values, their course, its rules, and what can be done with it.

import { byId, data, el, say, setText, show, toast, words } from "./dom.js";
import { clock, duration, now, seconds, setServerNow } from "./time.js";
import { isLive, isOld, settle, signs, takeMessage, valuesOf } from "./device_looks.js";
import { showNumbers } from "./device_numbers.js";
import { Course } from "./device_course.js";
import { setUpControls, showCommands, showWatching } from "./device_controls.js";
import { setUpDiagnostics } from "./device_diagnostics.js";
import { DeviceFeed } from "./device_feed.js";
import { showLink } from "./link.js";
import { watchHealth } from "./health.js";
import { during } from "./press.js";
import { call } from "./rest.js";

const RELOAD_MS = 10000; // for a few viewers; the more they are, the more seldom each asks
const SELDOM_MS = 60000;
const FEW = 20;
const CROWD_MS = 20; // for each viewer
const SOON_MS = 1500;
const page = data("data");
let state = page.snapshot;
const { slug } = state.device;
const course = new Course(page);

function showHead() {
  const { device } = state;
  settle(byId("signs"), signs(device));
  const { status } = device;
  const age = status.last_frame_at ? seconds(status.last_frame_at) : null;
  setText(byId("freshness"), age === null ? words("It has not measured anything yet.") : age < 5 ? say("Measured {at}", { at: clock(status.last_frame_at) }) : say("Measured {at}, {time} ago", { at: clock(status.last_frame_at), time: duration(age) }));
  byId("device").classList.toggle("is-old", !isLive(device));
  showTrouble(device);
}

/** It is read out when it changes, so nothing in it ticks. */
function showTrouble(device) {
  const { status } = device;
  const parts = [];
  if (!device.enabled) parts.push(words("This device is switched off: nobody talks to it, and it raises no alert."));
  else if (status.reachable === false) {
    const since = status.unreachable_since;
    parts.push(device.polled
      ? since ? say("Unreachable since {at}.", { at: clock(since) }) : words("Unreachable.")
      : since ? say("Nothing came since {at}.", { at: clock(since) }) : words("Nothing comes."));
    if (status.error) parts.push(status.error);
    if (status.last_frame_at) parts.push(say("The values below are of {at}.", { at: clock(status.last_frame_at) }));
  } else if (isOld(device)) parts.push(say("No value came since {at}: what you see is old.", { at: clock(status.last_frame_at) }));
  setText(byId("unreachable"), parts.join(" "));
  show(byId("unreachable"), parts.length > 0);
}

function showAlerts() {
  const list = byId("alerts");
  show(list, state.alerts.length > 0);
  settle(list, state.alerts.map((alert) => el("li", { class: "note bad" },
    el("span", { class: `prio p${alert.priority.slice(1)}`, text: alert.priority }), " ",
    el("a", { href: `/live/alerts/${alert.id}`, text: alert.title }), ` · ${say("since {at}", { at: clock(alert.created_at) })}`,
    alert.taken_by ? ` · ${say("{name} has it", { name: alert.taken_by })}` : ` · ${words("nobody has it yet")}`)));
}

const PHASES = { active: ["▲", "Beyond its limit"], falling: ["▲", "Coming back"], rising: ["△", "Beyond, not long enough yet"], quiet: ["✓", "Quiet"] };

function showRules() {
  show(byId("no-rules"), state.rules.length === 0);
  settle(byId("rules"), state.rules.map((rule) => {
    const [sign, text] = rule.enabled ? PHASES[rule.phase] : ["–", "Switched off"];
    return el("li", { class: `rule ${rule.enabled ? `r-${rule.phase}` : "r-off"}` }, el("span", { class: "rule-state", text: `${sign} ${words(text)}` }), el("b", { text: rule.name }), el("span", { class: "muted", text: rule.sentence }));
  }));
  show(byId("events-card"), state.events.length > 0);
  setText(byId("count-events"), String(state.events.length));
  settle(byId("events"), state.events.map((event) => el("li", { class: "entry" },
    el("time", { datetime: event.onset_at, text: clock(event.onset_at) }),
    el("span", { class: "entry-text" }, el("button", { class: "link", type: "button", text: event.name, onclick: () => course.lookAt(Date.parse(event.onset_at) / 1000) }),
      ` · ${say("worst {value}", { value: course.said(event.metric, event.peak) })} `, event.alert ? el("a", { href: `/live/alerts/${event.alert}`, text: words("Alert") }) : null),
    el("span", { class: "muted entry-after", text: event.clear_at ? `${duration((Date.parse(event.clear_at) - Date.parse(event.onset_at)) / 1000)} · ${event.closing}` : words("goes on") }))));
}

function showNotes() {
  show(byId("no-notes"), state.notes.length === 0);
  settle(byId("notes"), state.notes.map((note) => el("li", { class: `entry ${note.archived ? "muted" : ""}` },
    el("time", { datetime: note.written_at, text: clock(note.written_at) }),
    el("span", { class: "entry-text note-text", text: note.text }),
    el("span", { class: "entry-after" }, note.by, " ", ...note.findings.map((found) => el("span", { class: `mark ${found.status === "open" ? "m-nobody-answered" : ""}`, text: found.kind }))))));
}

function take(snapshot) {
  setServerNow(snapshot.now);
  const before = state.device.status;
  state = snapshot;
  const { status } = state.device;
  if (before.last_frame_at > (status.last_frame_at || "")) Object.assign(status, { frame: before.frame, last_frame_at: before.last_frame_at, state: before.state });
  showHead();
  showNumbers(state);
  showAlerts();
  showRules();
  showNotes();
  showCommands(state.commands);
  showWatching(state.device);
  course.annotate(state);
}

let reloading = 0;
let due = Infinity;
/** Ask for the rest anew in `ms`, unless that is going to happen sooner anyway. A crowd of viewers does not ask all at once. */
function reloadSoon(ms) {
  const at = Date.now() + ms + Math.random() * CROWD_MS * state.device.viewers;
  if (at >= due) return;
  due = at;
  clearTimeout(reloading);
  reloading = setTimeout(reload, at - Date.now());
}

async function reload() {
  due = Infinity;
  reloadSoon(Math.min(SELDOM_MS, RELOAD_MS * Math.max(1, state.device.viewers / FEW)));
  if (document.hidden) return;
  try {
    const response = await fetch(page.reload, { credentials: "same-origin", cache: "no-store", redirect: "error" });
    if (response.ok) take(await response.json());
  } catch {
    // the connection's own banner says it
  }
}

let painting = false;
function hear(message) {
  const before = state.device.status.reachable;
  const brought = takeMessage(state.device, message);
  if (brought && !message.stale) course.add(Date.parse(message.measured_at) / 1000, message.values);
  if (brought && crossesALimit(message.values)) reloadSoon(SOON_MS);
  if (before !== state.device.status.reachable) reloadSoon(SOON_MS);
  if (painting || document.hidden) return;
  painting = true;
  requestAnimationFrame(() => {
    painting = false;
    showHead();
    showNumbers(state);
  });
}

const beyond = new Map();
/** Whether a value went to the other side of a rule's threshold: then the rule may have begun or ended. */
function crossesALimit(values) {
  let crossed = false;
  for (const rule of state.rules) {
    const value = values[rule.metric];
    if (!rule.enabled || rule.aggregate || !Number.isFinite(value)) continue;
    const is = rule.comparison === "above" ? value > rule.threshold : value < rule.threshold;
    if (beyond.has(rule.id) && beyond.get(rule.id) !== is) crossed = true;
    beyond.set(rule.id, is);
  }
  return crossed || state.rules.some((rule) => ["rising", "falling"].includes(rule.phase) && Math.random() < 0.3);
}

function setUpNotes() {
  const form = byId("note-form");
  if (!form) return;
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    during(form.querySelector("button"), async () => {
      const text = byId("note").value.trim();
      const answer = text ? await call("POST", "/api/v1/notes", { device: slug, text }) : null;
      if (!answer) return;
      if (answer.ok) {
        byId("note").value = "";
        toast(words("Noted."));
        reload();
      } else toast(answer.problem, true);
    });
  });
}

setUpControls(page, { reload });
setUpDiagnostics(slug);
take(page.snapshot);
setUpNotes();
watchHealth();
reloadSoon(RELOAD_MS);
setInterval(() => { showHead(); course.tick(now() / 1000); }, 1000);
document.addEventListener("visibilitychange", () => { if (!document.hidden) reload(); });
new DeviceFeed({ path: `/ws/devices/${slug}/`, onMessage: hear, onState: (link, silent) => { showLink(link, silent, page.login); course.connected(link === "live"); } });
