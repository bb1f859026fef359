// The board: open alerts, the most urgent and oldest first, and those just closed.

import { byId, data, el, inWords, sayMany, setText, show, toast, words } from "./dom.js";
import { setServerNow } from "./time.js";
import { callsAgain, isHeld, isOpen, isTaken, rank } from "./looks.js";
import { Feed } from "./feed.js";
import { keepFocus } from "./focus.js";
import { keysAreOn, setUpKeySwitch, setUpSearchKey } from "./keys.js";
import { News } from "./news.js";
import { Row } from "./row.js";
import { showKept } from "./kept.js";
import { ring, setUpSound } from "./sound.js";
import { showLink } from "./link.js";
import { speak } from "./spoken.js";
import { watchHealth } from "./health.js";

const CLOSED_SHOWN = 20;
const CHOSEN_MS = 800;
const page = data("data");
const rows = new Map(); // id -> Row
const filter = { show: "all", priority: 5, source: "", text: "" };
const home = document.title;

const untaken = (alert) => !isTaken(alert) || callsAgain(alert);
const mine = (alert) => alert.acknowledged_by === page.me;
const older = (a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : a.number - b.number);
const byUrgency = (a, b) => rank(a.alert) - rank(b.alert) || untaken(b.alert) - untaken(a.alert) || older(a.alert, b.alert);
const byClosing = (a, b) => String(b.alert.resolved_at).localeCompare(String(a.alert.resolved_at));

function passes(alert) {
  if (filter.show === "untaken" && !untaken(alert)) return false;
  if (filter.show === "mine" && !mine(alert)) return false;
  if (filter.show === "held" && !isHeld(alert)) return false;
  if (rank(alert) > filter.priority || (filter.source && alert.source !== filter.source)) return false;
  if (!filter.text) return true;
  const labels = Object.entries(alert.labels).map(([name, value]) => `${name}=${value}`).join(" ");
  const hay = `#${alert.number} ${inWords(alert, "title")} ${alert.subject} ${alert.source} ${alert.source_name} ${alert.type} ${alert.acknowledged_by || ""} ${labels}`.toLowerCase();
  return filter.text.split(/\s+/).every((word) => hay.includes(word));
}

/** Put `alert` on the board, or bring its row up to date. */
function put(alert) {
  const row = rows.get(alert.id);
  if (row) row.update(alert);
  else rows.set(alert.id, new Row(alert, { canAnswer: page.can_answer, onAnswered: answered }));
}

function answered(after) {
  news.hear(after, { own: true });
  put(after);
  arrange();
}

/** Order the rows in `list` with as few moves as possible, so that focus and selection stay where they are. */
function place(list, wanted) {
  let next = list.firstElementChild;
  for (const row of wanted) {
    if (row.node === next) next = next.nextElementSibling;
    else list.insertBefore(row.node, next);
  }
  while (next) {
    const after = next.nextElementSibling;
    next.remove();
    next = after;
  }
}

/** Rows move, and their buttons go when somebody has pressed them: the keyboard stays at its row, or at what has taken its place. */
function arrange() {
  const row = document.activeElement.closest(".row"), at = row ? [...row.parentElement.children].indexOf(row) : -1;
  keepFocus(order, () => {
    if (row && row.isConnected) return row;
    const left = byId("open").children;
    return left[Math.min(at, left.length - 1)] || byId("main");
  });
}

function order() {
  const all = [...rows.values()];
  const open = all.filter((row) => isOpen(row.alert)).sort(byUrgency);
  const closed = all.filter((row) => !isOpen(row.alert)).sort(byClosing);
  for (const row of closed.splice(CLOSED_SHOWN)) rows.delete(row.alert.id);
  const shown = open.filter((row) => passes(row.alert));
  place(byId("open"), shown);
  place(byId("closed"), closed);
  show(byId("closed-section"), closed.length > 0);
  show(byId("quiet"), open.length === 0);
  count(open, shown);
  fillSources(open);
}

function count(open, shown) {
  const waiting = open.filter((row) => untaken(row.alert)).length;
  setText(byId("count-all"), String(open.length));
  setText(byId("count-untaken"), String(waiting));
  setText(byId("count-held"), String(open.filter((row) => isHeld(row.alert)).length));
  setText(byId("count-mine"), String(open.filter((row) => mine(row.alert)).length));
  const hidden = open.filter((row) => !shown.includes(row));
  const urgent = hidden.filter((row) => rank(row.alert) === 1 && untaken(row.alert)).length;
  const note = byId("hidden-by-filter");
  show(note, hidden.length > 0);
  note.classList.toggle("bad", urgent > 0);
  setText(note, urgent
    ? sayMany("The filter hides {n} open alert, a P1 that is not taken.", "The filter hides {n} open alerts; P1 and not taken: {urgent}.", hidden.length, { urgent })
    : sayMany("The filter hides {n} open alert.", "The filter hides {n} open alerts.", hidden.length));
  const title = waiting ? `(${waiting}) ${home}` : home;
  if (document.title !== title) document.title = title;
}

function fillSources(open) {
  const select = byId("source");
  const known = new Map(open.map((row) => [row.alert.source, row.alert.source_name]));
  if (filter.source && !known.has(filter.source)) known.set(filter.source, filter.source);
  const wanted = [...known.entries()].sort((a, b) => a[1].localeCompare(b[1]));
  if ([...select.options].slice(1).map((option) => option.value).join("\n") === wanted.map(([slug]) => slug).join("\n")) return;
  select.replaceChildren(select.options[0], ...wanted.map(([slug, name]) => el("option", { value: slug, text: name })));
  select.value = filter.source;
}

function take(snapshot) {
  setServerNow(snapshot.now);
  const ids = new Set([...snapshot.open, ...snapshot.closed].map((alert) => alert.id));
  for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
  [...snapshot.open, ...snapshot.closed].forEach(put);
  show(byId("more"), snapshot.more);
  arrange();
  return snapshot.last_event_id;
}

async function reload() {
  const response = await fetch(page.reload, { credentials: "same-origin", cache: "no-store", redirect: "error" });
  if (!response.ok) throw new Error(String(response.status));
  const snapshot = await response.json(), last = take(snapshot);
  if (snapshot.open.filter((alert) => news.hear(alert)).length) ring(1); // a P1 that came while there was no line
  return last;
}

let arranging = false;
function arrangeSoon() {
  if (arranging) return;
  arranging = true;
  (document.hidden ? (work) => setTimeout(work, 200) : requestAnimationFrame)(() => { arranging = false; arrange(); });
}

function hear(event) {
  const fresh = !rows.has(event.alert.id), urgent = news.hear(event.alert);
  put(event.alert);
  if (urgent || (event.kind === "escalated" && untaken(event.alert) && rank(event.alert) === 1)) ring(1);
  else if (fresh && event.kind === "raised") ring(rank(event.alert));
  arrangeSoon();
}

function setUpFilters() {
  const given = new URLSearchParams(window.location.search);
  Object.assign(filter, { show: given.get("show") || "all", priority: Number(given.get("priority")) || 5, source: given.get("source") || "", text: (given.get("q") || "").toLowerCase() });
  byId("priority").value = String(filter.priority);
  byId("search").value = given.get("q") || "";
  const changed = () => {
    for (const button of document.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === filter.show));
    const kept = new URLSearchParams(Object.entries({ show: filter.show === "all" ? "" : filter.show, priority: filter.priority === 5 ? "" : filter.priority, source: filter.source, q: filter.text }).filter(([, value]) => value));
    window.history.replaceState(null, "", `${window.location.pathname}${kept.size ? `?${kept}` : ""}`);
    arrange();
    tellFiltered();
  };
  for (const button of document.querySelectorAll("[data-show]")) button.addEventListener("click", () => { filter.show = button.dataset.show; changed(); });
  byId("priority").addEventListener("change", (event) => { filter.priority = Number(event.target.value); changed(); });
  byId("source").addEventListener("change", (event) => { filter.source = event.target.value; changed(); });
  byId("search").addEventListener("input", (event) => { filter.text = event.target.value.trim().toLowerCase(); changed(); });
  changed();
  clearTimeout(telling); // who has just come has chosen nothing
}

let telling = 0;
/** What the filter leaves, once somebody has stopped choosing. */
function tellFiltered() {
  clearTimeout(telling);
  telling = setTimeout(() => {
    const hidden = byId("hidden-by-filter");
    speak([sayMany("{n} alert is shown.", "{n} alerts are shown.", byId("open").children.length), hidden.hidden ? "" : hidden.textContent].filter(Boolean).join(" "));
  }, CHOSEN_MS);
}

function setUpKeys() {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || byId("resolve").open || event.target.matches("input, select, textarea")) return;
    if (event.key !== "Enter" && !keysAreOn()) return;
    const nodes = [...byId("open").children];
    const at = nodes.findIndex((node) => node.contains(document.activeElement));
    const row = at >= 0 ? rows.get(nodes[at].dataset.id) : null;
    const onRow = row && document.activeElement === row.node;
    if (event.key === "j" || event.key === "k") {
      const next = nodes[at < 0 ? 0 : Math.min(nodes.length - 1, Math.max(0, at + (event.key === "j" ? 1 : -1)))];
      if (next) next.focus();
    } else if (event.key === "Enter" && onRow) row.link.click();
    else if (event.key === "a" && row && page.can_answer) row.acknowledge("handling").then(() => toast(words("Done.")));
    else if (event.key === "r" && row && page.can_answer) row.resolve();
    else return;
    event.preventDefault();
  });
}

const news = new News([...page.snapshot.open, ...page.snapshot.closed]);
setUpSound();
const since = take(page.snapshot);
setUpFilters();
setUpKeys();
setUpSearchKey();
setUpKeySwitch();
watchHealth();
showKept(byId("kept"), byId("kept-list"), { owner: page.user, login: page.login });
setInterval(() => { for (const row of rows.values()) row.tick(); }, 1000);
new Feed({ since, onEvent: hear, onReset: reload, onState: (state, silent) => showLink(state, silent, page.login) });
