// Every expected backup, those in trouble first, each with the calendar of its last weeks.

import { byId, data, el, say, sayMany, setText, show, words } from "./dom.js";
import { refill } from "./focus.js";
import { setUpSearchKey } from "./keys.js";
import { setServerNow } from "./time.js";
import { ago, alertLine, calendarWords, inTrouble, isBad, kind, lastOf, legend, nextOf, signs, sizeOf, whereOf } from "./backup_looks.js";
import { Poll } from "./poll.js";
import { watchHealth } from "./health.js";

const RELOAD_MS = 20000;
const SEARCH_MS = 250;
const [STEP, CELL] = [11, 9];
const SVG = "http://www.w3.org/2000/svg";
const page = data("data");
const cards = new Map(); // id -> Card
const filter = { show: "all", text: "" };
let snapshot = page.snapshot;

const svg = (tag, attributes) => {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  return node;
};

/** The calendar as one drawing: a column for each week, a path for each kind of day, the worse the larger. */
function drawn(calendar) {
  const days = [...calendar.days];
  const picture = svg("svg", { class: "calendar-small", viewBox: `0 0 ${Math.ceil(days.length / 7) * STEP} ${7 * STEP}`, role: "img" });
  picture.setAttribute("aria-label", calendarWords(calendar));
  const paths = {};
  days.forEach((letter, number) => {
    const size = letter === "s" || letter === "." ? CELL - 2 : CELL;
    const [x, y] = [Math.floor(number / 7) * STEP + (STEP - size) / 2, (number % 7) * STEP + (STEP - size) / 2];
    paths[letter] = `${paths[letter] || ""}M${x} ${y}h${size}v${size}h-${size}z`;
  });
  for (const [letter, path] of Object.entries(paths)) picture.append(svg("path", { class: `c-${letter === "." ? "none" : letter}`, d: path }));
  return picture;
}

class Card {
  constructor() {
    this.link = el("a", { class: "title" });
    this.where = el("p", { class: "where muted" });
    this.marks = el("p", { class: "marks" });
    this.why = el("p", { class: "why" });
    this.last = el("p", { class: "last" });
    this.next = el("p", { class: "muted next" });
    this.calendar = el("div", { class: "calendar-box" });
    this.alerts = el("ul", { class: "card-alerts" });
    this.node = el("li", { class: "card backup-card" },
      el("div", { class: "backup-what" }, this.link, this.where, this.marks), this.calendar,
      el("div", { class: "backup-more" }, this.why, this.last, this.next, this.alerts));
  }

  update(job) {
    this.job = job;
    this.link.href = `/live/backups/${job.id}/`;
    setText(this.link, job.database);
    setText(this.where, whereOf(job));
    const known = `${job.calendar.first} ${job.calendar.days}`;
    if (this.known !== known) this.calendar.replaceChildren(drawn(job.calendar));
    this.known = known;
    refill(this.alerts, ...job.alerts.slice(0, 3).map(alertLine));
    this.tick();
  }

  tick() {
    const { job } = this;
    this.node.className = `card backup-card b-${kind(job)}`;
    this.marks.replaceChildren(...signs(job));
    setText(this.why, isBad(job) && job.latest ? job.latest.message : "");
    const size = job.latest && job.latest.status === "success" ? sizeOf(job.latest) : "";
    setText(this.last, [lastOf(job), size].filter(Boolean).join(" · "));
    setText(this.next, nextOf(job));
  }
}

const passes = (job) => filter.show === "all" || inTrouble(job);

function take(found) {
  snapshot = found;
  setServerNow(found.now);
  const known = new Set(found.jobs.map((job) => job.id));
  for (const id of cards.keys()) if (!known.has(id)) cards.delete(id);
  for (const job of found.jobs) {
    if (!cards.has(job.id)) cards.set(job.id, new Card());
    cards.get(job.id).update(job);
  }
  arrange();
  beside("unexpected", found.unexpected, (each) => [el("strong", { text: each.database }), ` · ${each.agent}`, el("span", { class: "muted", text: ` · ${each.reports > 1 ? say("{n} times, last {ago}", { n: each.reports, ago: ago(each.last_seen_at) }) : ago(each.last_seen_at)}` })]);
  beside("quarantine", found.quarantined, (each) => [el("strong", { text: each.file }), ` · ${each.agent}`, el("span", { class: "muted", text: ` · ${ago(each.found_at)}` }), el("p", { text: each.reason })]);
}

function beside(name, found, look) {
  byId(`${name}-rows`).replaceChildren(...found.map((each) => el("li", {}, ...look(each))));
  show(byId(name), found.length > 0);
}

function arrange() {
  const { counts, jobs } = snapshot;
  refill(byId("jobs"), ...jobs.filter(passes).map((job) => cards.get(job.id).node));
  setText(byId("count-all"), String(counts.all));
  setText(byId("count-trouble"), String(counts.trouble));
  setText(byId("more"), say("Of {n} backups the first {shown} stand here: search for the others.", { n: counts.all, shown: jobs.length }));
  show(byId("more"), snapshot.more);
  show(byId("none"), counts.all === 0 && !filter.text);
  show(byId("no-match"), !jobs.some(passes) && (counts.all > 0 || filter.text !== ""));
  show(byId("legend"), counts.all > 0);
  summarise(counts);
  document.title = `${counts.trouble ? `(${counts.trouble}) ` : ""}${words("Backups")} · Sentinel`;
}

function summarise({ all, trouble }) {
  const { scan } = snapshot;
  const first = !all ? "" : trouble ? sayMany("{n} of {all} backups is in trouble.", "{n} of {all} backups are in trouble.", trouble, { all }) : sayMany("The backup is as it should be.", "All {n} backups are as they should be.", all);
  const scanned = !scan ? "" : scan.error ? say("The last scan failed: {error}", { error: scan.error }) : say("Last scan {ago}.", { ago: ago(scan.started_at) });
  byId("summary").className = `summary ${trouble ? "is-bad" : "is-good"}`;
  byId("summary").replaceChildren(el("strong", { text: first }), " ", el("span", { class: scan && scan.error ? "scan-failed" : "muted", text: scanned }));
}

const poll = new Poll({
  everyMs: RELOAD_MS, login: page.login, onAnswer: take,
  address: () => `${page.reload}?${new URLSearchParams({ q: filter.text, show: filter.show })}`,
});

function setUpFilters() {
  let waiting = 0;
  for (const button of document.querySelectorAll("[data-show]")) button.addEventListener("click", () => {
    filter.show = button.dataset.show;
    for (const each of document.querySelectorAll("[data-show]")) each.setAttribute("aria-pressed", String(each === button));
    arrange();
    poll.ask();
  });
  byId("search").addEventListener("input", (event) => {
    filter.text = event.target.value.trim();
    clearTimeout(waiting);
    waiting = setTimeout(() => poll.ask(), SEARCH_MS);
  });
  setUpSearchKey();
}

legend(byId("legend"));
take(page.snapshot);
setUpFilters();
watchHealth();
setInterval(() => { for (const card of cards.values()) card.tick(); }, 10000);
