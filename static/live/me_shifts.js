// My shifts, and handing one over.

import { byId, el, say, setText, show, toast, words } from "./dom.js";
import { refill } from "./focus.js";
import { call } from "./rest.js";
import { during } from "./press.js";
import { now } from "./time.js";

const FIRST = 4; // shown at once; the others when somebody asks
const language = document.documentElement.lang || undefined;
const moment = new Intl.DateTimeFormat(language, { weekday: "short", day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const span = ({ starts_at: since, ends_at: until }) => `${moment.format(new Date(since))} → ${moment.format(new Date(until))}`;
let known = { items: [], takers: {} };
let chosen = null;
let theirs = [];

/** An instant as a field of the form says it: in this device's own zone. */
function field(instant) {
  const at = new Date(instant);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60000).toISOString().slice(0, 16);
}

function line(shift) {
  const running = Date.parse(shift.starts_at) <= now();
  const can = (known.takers[shift.schedule] || []).length > 0;
  const id = `shift-${shift.schedule}-${shift.starts_at}`;
  return el("li", { class: running ? "line-item is-now" : "line-item", "data-id": id },
    el("p", {}, el("b", { text: shift.schedule_name }), running ? el("span", { class: "tag", text: words("now") }) : null),
    el("p", { text: span(shift), id }),
    can ? el("button", { type: "button", "aria-describedby": id, text: words("Hand over…"), onclick: () => open(shift) }) : null);
}

async function load() {
  const answer = await call("GET", "/api/v1/me/shifts");
  show(byId("shifts"), answer.ok); // who is no recipient has none
  if (!answer.ok) return;
  known = answer.body;
  draw(FIRST);
  show(byId("shifts-none"), known.items.length === 0);
}

function draw(count) {
  const rest = known.items.length - count;
  const more = rest > 0 ? [el("li", { class: "line-item" }, el("button", { type: "button", class: "quiet", text: say("{n} more", { n: rest }), onclick: () => draw(known.items.length) }))] : [];
  refill(byId("shifts-list"), ...known.items.slice(0, count).map(line), ...more);
}

function open(shift) {
  chosen = shift;
  setText(byId("hand-what"), `${shift.schedule_name} · ${span(shift)}`);
  byId("hand-to").replaceChildren(...known.takers[shift.schedule].map(({ id, name }) => el("option", { value: id, text: name })));
  byId("hand-from").value = field(Math.max(now(), Date.parse(shift.starts_at)));
  byId("hand-until").value = field(shift.ends_at);
  show(byId("hand-problem"), false);
  byId("hand-over").showModal();
  offer();
}

/** What the one who takes it has in the same schedule, to be had in exchange. */
async function offer() {
  const since = new Date(now()), until = new Date(now() + 60 * 86400000), to = byId("hand-to").value;
  const answer = await call("GET", `/api/v1/schedules/${chosen.schedule}/shifts?${new URLSearchParams({ since: since.toISOString(), until: until.toISOString() })}`);
  theirs = answer.ok ? answer.body.items.filter((shift) => shift.recipient === to) : [];
  const select = byId("hand-exchange");
  select.replaceChildren(select.options[0], ...theirs.map((shift, place) => el("option", { value: String(place), text: span(shift) })));
  select.value = "";
}

/** The end of a field, to the second where it was not changed: a minute would be left over otherwise. */
function exact(id, instant) {
  const value = byId(id).value;
  return value === field(instant) ? instant : new Date(value).toISOString();
}

async function give() {
  const exchange = byId("hand-exchange").value;
  const other = exchange === "" ? null : theirs[Number(exchange)];
  const from = exact("hand-from", chosen.starts_at);
  const body = {
    starts_at: from, ends_at: exact("hand-until", chosen.ends_at), recipient: byId("hand-to").value,
    in_exchange: other && { starts_at: new Date(Math.max(now(), Date.parse(other.starts_at))).toISOString(), ends_at: other.ends_at },
  };
  const answer = await call("POST", `/api/v1/schedules/${chosen.schedule}/hand-over`, body);
  const problem = byId("hand-problem");
  setText(problem, answer.problem);
  show(problem, !answer.ok);
  if (!answer.ok) return;
  byId("hand-over").close();
  toast(say("{name} has it now, and is told.", { name: byId("hand-to").selectedOptions[0].textContent }));
  await load();
}

export function setUpShifts() {
  if (!byId("shifts")) return;
  const form = byId("hand-over").querySelector("form");
  form.addEventListener("submit", (event) => { event.preventDefault(); during(form.querySelector("[type=submit]"), give); });
  byId("hand-to").addEventListener("change", offer);
  byId("hand-cancel").addEventListener("click", () => byId("hand-over").close());
  load();
}
