// The wall: open alerts for a screen that nobody touches. It shows what it knows, says when it knows nothing, and comes back by itself.

import { byId, data, el, say, sayMany, setText, show, words } from "./dom.js";
import { duration, now, setServerNow } from "./time.js";
import { Line } from "./line.js";
import { Engine } from "./wall_engine.js";
import { isUntaken, placeIn, plan, rank, sitesOf } from "./wall_plan.js";
import { Rest } from "./wall_rest.js";
import { Sound } from "./wall_sound.js";
import { Watchdog } from "./wall_watchdog.js";
import { WallRow } from "./wall_row.js";

const SILENT_MS = 12000; // the server says something every three seconds
const ASK_MS = 8000; // so long without a word, and the page asks by HTTP
const ASK_EVERY_MS = 5000;
const PAGE_SECONDS = 20; // for pages, where sites do not take turns
const FEWEST_ROWS = 3;
const TALLEST = 2.1; // of a row's least height
const STALL_MS = 5000, STALLS = 6;
const DAY_MS = 24 * 3600 * 1000;

const page = data("data");
const rows = new Map(); // id -> WallRow
const news = { at: performance.now(), clock: Date.now(), askedAt: -Infinity, asking: false };
const turn = { slide: null, pinned: 0, since: performance.now() };
const loadedAt = performance.now();
let snapshot = page.snapshot;
let slides = { pinned: [], slides: [] };
let gone = false;
let reloading = false;

const silence = () => Math.max(performance.now() - news.at, Date.now() - news.clock);
const isSilent = () => silence() > SILENT_MS;
const untakenUrgent = () => snapshot.open.filter((alert) => rank(alert) === 1 && isUntaken(alert)).map((alert) => alert.id);

function heard() {
  news.at = performance.now();
  news.clock = Date.now();
}

/** A whole wall, or a sign that nothing changed. */
function take(message) {
  heard();
  if (message.type !== "beat") {
    snapshot = message;
    arrange();
  }
  const { version, wall } = message;
  if (version !== page.snapshot.version || (wall && wall.language !== page.snapshot.wall.language)) reloadSoon();
}

/** Load the page anew, but only from a server that gives it: an error page would stay on the screen for ever. */
async function reload() {
  try {
    const response = await fetch(window.location.href, { cache: "no-store", redirect: "error", signal: AbortSignal.timeout(20000) });
    if (response.ok) window.location.reload();
    else throw new Error(String(response.status));
  } catch {
    setTimeout(reload, 10000 * (0.5 + Math.random()));
  }
}

function reloadSoon() {
  if (reloading) return;
  reloading = true;
  setTimeout(reload, 2000 + 15000 * Math.random());
}

/** Nothing may be shown here any more: not even what stood here. Should that change, the page comes back. */
function leave() {
  if (gone) return;
  gone = true;
  rows.clear();
  snapshot = { ...snapshot, open: [], counts: {} };
  byId("data").remove();
  byId("frame").remove();
  show(byId("gone"), true);
  setInterval(async () => {
    const response = await fetch(page.reload, { cache: "no-store" }).catch(() => null);
    if (response && response.ok) window.location.reload();
  }, 30000);
}

/** By HTTP, when the socket says nothing. */
async function ask() {
  if (news.asking || performance.now() - news.askedAt < ASK_EVERY_MS) return;
  news.asking = true;
  news.askedAt = performance.now();
  try {
    const response = await fetch(page.reload, { cache: "no-store", signal: AbortSignal.timeout(10000) });
    if (response.status === 401) leave();
    else if (response.ok && !gone) {
      const found = await response.json();
      setServerNow(found.now);
      take(found);
    }
  } catch {
    // the band says for how long
  }
  news.asking = false;
}

/** How many rows fit, and how tall they are. */
function measure() {
  const main = byId("main"), list = byId("rows");
  const gap = parseFloat(getComputedStyle(list).rowGap) || 0;
  const least = byId("row-measure").offsetHeight || 60;
  const most = Math.max(1, Math.floor((main.clientHeight + gap) / (least + gap)));
  const urgent = snapshot.open.filter((alert) => rank(alert) === 1).length;
  const others = snapshot.open.filter((alert) => rank(alert) !== 1);
  const longest = snapshot.wall.rotate_seconds ? Math.max(0, ...sitesOf(others).map((site) => site.count)) : others.length;
  const room = Math.min(most, Math.max(Math.min(FEWEST_ROWS, most), urgent + longest));
  const height = Math.min(TALLEST * least, (main.clientHeight - gap * (room - 1)) / room);
  document.documentElement.style.setProperty("--r", `${Math.floor(height)}px`);
  return room;
}

function arrange() {
  if (gone) return;
  slides = plan(snapshot.open, measure(), !snapshot.wall.rotate_seconds);
  const at = placeIn(slides.slides, turn.slide);
  turn.slide = slides.slides[at] || null;
  draw();
}

function draw() {
  const pinned = slides.pinned.length ? slides.pinned[turn.pinned % slides.pinned.length] : [];
  const shown = [...pinned, ...(turn.slide ? turn.slide.rows : [])];
  const ids = new Set(shown.map((alert) => alert.id));
  for (const id of rows.keys()) if (!ids.has(id)) rows.delete(id);
  for (const alert of shown) {
    if (rows.has(alert.id)) rows.get(alert.id).update(alert);
    else rows.set(alert.id, new WallRow(alert));
  }
  const wanted = shown.map((alert) => rows.get(alert.id).node), list = byId("rows");
  if (wanted.length !== list.children.length || wanted.some((node, at) => list.children[at] !== node)) list.replaceChildren(...wanted);
  for (const row of rows.values()) row.fit();
  drawHead();
  tick();
}

function drawHead() {
  const { slide } = turn;
  setText(byId("site"), slide && slide.site !== null ? slide.site : words("Open alerts"));
  const parts = [];
  if (slides.pinned.length > 1) parts.push(say("P1 {page}/{pages}", { page: (turn.pinned % slides.pinned.length) + 1, pages: slides.pinned.length }));
  if (slide && slide.pages > 1) parts.push(sayMany("page {page}/{pages}, {n} alert", "page {page}/{pages}, {n} alerts", slide.count, { page: slide.page + 1, pages: slide.pages }));
  setText(byId("pages"), parts.join(" · "));
  const total = Object.values(snapshot.counts).reduce((sum, count) => sum + count, 0);
  const listed = snapshot.open.length;
  const waiting = snapshot.open.filter(isUntaken).length;
  const plus = total > listed || !snapshot.whole ? "+" : "";
  setText(byId("count-open"), say("{n} open", { n: `${total}${snapshot.whole ? "" : "+"}` }));
  setText(byId("count-untaken"), say("{n} not taken", { n: `${waiting}${plus}` }));
  byId("count-untaken").classList.toggle("bad", waiting > 0);
  setText(byId("more"), total > listed ? sayMany("{n} further open alert is not listed here: these are the most urgent.", "{n} further open alerts are not listed here: these are the most urgent.", total - listed) : "");
  setText(byId("uncounted"), words("More alerts are open than this screen can look through. The board shows all of them."));
  show(byId("uncounted"), !snapshot.whole);
  setText(byId("name"), snapshot.wall.name);
  drawSites();
}

function drawSites() {
  const strip = byId("sites"), sites = sitesOf(snapshot.open);
  const current = turn.slide ? turn.slide.site : null;
  const seen = JSON.stringify([sites, current, window.innerWidth]);
  if (strip.dataset.seen === seen) return;
  strip.dataset.seen = seen;
  show(strip, sites.length > 1 && snapshot.wall.rotate_seconds > 0);
  const chips = sites.map((site) => el("span", { class: `site-chip p${site.best}`, "aria-current": site.name === current ? "true" : null, text: `${site.name} ${site.count}` }));
  strip.replaceChildren(...chips);
  let hidden = 0;
  const rest = el("span", { class: "site-chip" });
  while (strip.scrollWidth > strip.clientWidth + 1 && hidden < sites.length - 1) {
    const last = [...strip.children].filter((chip) => chip !== rest && !chip.hasAttribute("aria-current")).pop();
    if (!last) break;
    last.remove();
    hidden += 1;
    rest.textContent = sayMany("+{n} site", "+{n} sites", hidden);
    strip.append(rest);
  }
}

/** Whose turn is it? */
function rotate() {
  const seconds = snapshot.wall.rotate_seconds || PAGE_SECONDS;
  if (performance.now() - turn.since < seconds * 1000) return;
  turn.since = performance.now();
  turn.pinned += 1;
  if (slides.slides.length > 1) turn.slide = slides.slides[(placeIn(slides.slides, turn.slide) + 1) % slides.slides.length];
  draw();
}

function showSilence() {
  const silent = isSilent(), engine = byId("health").querySelector("[data-part=database][data-state=bad]");
  document.body.classList.toggle("is-silent", silent);
  show(byId("silence"), silent);
  if (silent) {
    setText(byId("silence-what"), say("No news for {time}", { time: duration(silence() / 1000) }));
    setText(byId("silence-why"), engine ? words("The database cannot be reached. What you see may be old.") : words("What you see may be old. Trying again."));
  }
  byId("link").dataset.state = silent ? "bad" : "good";
  setText(byId("link-text"), say("news {time} ago", { time: duration(silence() / 1000) }));
}

function showCalm() {
  const none = snapshot.open.length === 0 && snapshot.whole;
  const unwell = isSilent() || byId("health").querySelector("[data-state=bad], [data-state=unknown]") !== null;
  show(byId("calm"), none);
  byId("calm").classList.toggle("is-unknown", unwell);
  setText(byId("calm-sign"), unwell ? "?" : "✓");
  setText(byId("calm-text"), words(isSilent() ? "Unknown: there is no news." : unwell ? "No alert is open, but not all of Sentinel works." : "All quiet. No alert is open."));
}

const clock = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: snapshot.wall.time_zone });

function tick() {
  setText(byId("clock"), clock.format(now()));
  showSilence();
  engine.show();
  showCalm();
  for (const row of rows.values()) row.tick(!isSilent());
}

function everySecond() {
  if (!gone) {
    tick();
    rotate();
    listen();
    if (silence() > ASK_MS) ask();
    if (performance.now() - loadedAt > DAY_MS && !isSilent() && untakenUrgent().length === 0) reloadSoon();
  }
  watchdog.work();
}

function listen() {
  const untaken = untakenUrgent();
  if (untaken.some((id) => !sound.known.has(id))) rest.rouse();
  sound.mode = snapshot.wall.sound;
  sound.look(untaken);
  sound.tell();
}

/** Keep the screen on, where the browser lets a page ask for that. */
async function stayAwake() {
  try {
    if (!document.hidden && navigator.wakeLock) await navigator.wakeLock.request("screen");
  } catch {
    // the machine's own settings decide
  }
}

setServerNow(snapshot.now);
const engine = new Engine(page.health);
const sound = new Sound(snapshot.wall.sound);
const rest = new Rest({ frame: byId("frame"), isUrgent: () => snapshot.open.some((alert) => rank(alert) === 1) });
const watchdog = new Watchdog({ worker: new URL("./wall_worker.js", import.meta.url), everyMs: STALL_MS, misses: STALLS, stalled: reload });
arrange();
listen();
new ResizeObserver(() => arrange()).observe(byId("main"));
setInterval(everySecond, 1000);
document.addEventListener("visibilitychange", stayAwake);
stayAwake();
new Line({
  path: () => page.socket,
  silentMs: SILENT_MS,
  onMessage: (message) => { if (!gone) take(message); },
  onState: (state) => { if (["login", "forbidden", "unknown"].includes(state)) leave(); },
});
