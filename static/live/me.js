// What concerns whoever is signed in: their open alerts with big buttons, and what waits for a line.

import { byId, data, el, inWords, say, sayMany, setText, show } from "./dom.js";
import { setServerNow } from "./time.js";
import { age, isOpen, nextStep, rank, showMarks, showStatus, taken, where } from "./looks.js";
import { post } from "./answers.js";
import { AnswerButtons } from "./answer_buttons.js";
import { reachOut } from "./reach_out.js";
import { showKept } from "./kept.js";
import { Feed } from "./feed.js";
import { keepFocus, refill } from "./focus.js";
import { News } from "./news.js";
import { ring, setUpSound } from "./sound.js";
import { showLink } from "./link.js";
import { watchHealth } from "./health.js";
import { setUpApp } from "./app.js";
import { setUpMethods } from "./me_methods.js";
import { setUpShifts } from "./me_shifts.js";

const page = data("data");
const cards = new Map(); // id -> Card
const SOON_MS = 400;

class Card {
  constructor(alert) {
    this.prio = el("span", { class: "prio" });
    this.status = el("span", { class: "status" });
    this.marks = el("span", { class: "marks" });
    this.link = el("a", { class: "title", href: `/live/alerts/${alert.id}`, id: `title-${alert.id}` });
    this.where = el("p", { class: "where muted" });
    this.clock = el("p", { class: "clock" });
    this.taken = el("p", { class: "row-taken" });
    this.out = el("div", { class: "outs" });
    this.buttons = page.can_answer ? new AnswerButtons((verb, body) => this.press(verb, body), this.link.id) : null;
    this.node = el("li", { class: "mine", "data-id": alert.id },
      el("p", { class: "line" }, this.prio, this.status, this.marks), el("h3", {}, this.link), this.where, this.clock, this.taken, this.buttons && this.buttons.node, this.out);
    this.update(alert);
  }

  async press(verb, body) {
    const after = await post(this.alert.id, verb, body, { about: this.alert });
    if (after) news.hear(after, { own: true });
    if (after) this.update(after);
    reloadSoon();
  }

  update(alert) {
    this.alert = alert;
    this.prio.className = `prio p${rank(alert)}`;
    setText(this.prio, alert.priority);
    this.node.className = `mine card p${rank(alert)} ${isOpen(alert) ? "open" : "over"}`;
    setText(this.link, inWords(alert, "title"));
    setText(this.where, `#${alert.number} · ${where(alert)}`);
    showStatus(this.status, alert);
    setText(this.taken, taken(alert));
    refill(this.out, ...reachOut(alert));
    keepFocus(() => { if (this.buttons) this.buttons.update(alert); }, () => this.link);
    this.tick();
  }

  tick() {
    setText(this.clock, [say("open for {time}", { time: age(this.alert) }), nextStep(this.alert)].filter(Boolean).join(" · "));
    showMarks(this.marks, this.alert);
  }
}

function showAlerts(alerts) {
  keepFocus(() => place(alerts), () => document.querySelector("#mine a.title") || byId("mine-title"));
}

function place(alerts) {
  const wanted = new Set(alerts.map((alert) => alert.id));
  for (const id of [...cards.keys()]) if (!wanted.has(id)) { cards.get(id).node.remove(); cards.delete(id); }
  alerts.forEach((alert, at) => {
    if (cards.has(alert.id)) cards.get(alert.id).update(alert);
    else cards.set(alert.id, new Card(alert));
    const { node } = cards.get(alert.id), list = byId("mine");
    if (list.children[at] !== node) list.insertBefore(node, list.children[at] || null);
  });
  show(byId("none"), alerts.length === 0);
}

function take(snapshot) {
  setServerNow(snapshot.now);
  showAlerts(snapshot.alerts);
  const others = byId("others");
  show(others, snapshot.others > 0);
  setText(others.querySelector("span"), sayMany("{n} other open alert", "{n} other open alerts", snapshot.others));
  globalThis.answerQueue.keep(page.user, snapshot.now, snapshot.alerts.map(kept)).catch(() => {});
  return snapshot.last_event_id;
}

/** What is kept of an alert for a page without a line. */
const kept = (alert) => {
  const { id, number, priority, status, subject, created_at: at } = alert;
  return { id, number, title: inWords(alert, "title"), priority, status, subject, created_at: at };
};

async function reload() {
  const response = await fetch(page.reload, { credentials: "same-origin", cache: "no-store", redirect: "error" });
  if (!response.ok) throw new Error(String(response.status));
  const snapshot = await response.json(), last = take(snapshot);
  if (snapshot.alerts.filter((alert) => news.hear(alert) && !rung.has(alert.id)).length) ring(1); // a P1 that came while there was no line
  return last;
}

let reloading = 0;
function reloadSoon() {
  if (!reloading) reloading = setTimeout(() => { reloading = 0; reload().catch(() => {}); }, SOON_MS);
}

const rung = new Set();
function hear(event) {
  const { alert, kind } = event;
  news.hear(alert, { kind });
  if (rank(alert) === 1 && isOpen(alert) && (kind === "escalated" || (kind === "raised" && !rung.has(alert.id)))) { rung.add(alert.id); ring(1); }
  else if (kind === "raised") ring(rank(alert));
  if (cards.has(alert.id)) cards.get(alert.id).update(alert);
  reloadSoon();
}

const news = new News(page.snapshot.alerts);
setUpSound();
const since = take(page.snapshot);
watchHealth();
setUpApp();
setUpShifts();
setUpMethods(page);
showKept(byId("kept"), byId("kept-list"), { owner: page.user, login: page.login, onSent: reloadSoon });
setInterval(() => { for (const card of cards.values()) card.tick(); }, 1000);
new Feed({ since, onEvent: hear, onReset: reload, onState: (state, silent) => showLink(state, silent, page.login) });
