// One run: what became of it, why, what it printed and measured, its chain, and the runs before and after it.

import { byId, data, el, say, setText, show, words } from "./dom.js";
import { clock, now, setServerNow } from "./time.js";
import { watchHealth } from "./health.js";
import { refill } from "./focus.js";
import { Again } from "./again.js";
import { buttons } from "./job_ask.js";
import { figure, isOpen, lasting, runSign, sentence, statusOf, triggerOf } from "./job_looks.js";

const page = data("data");
let snapshot = page.snapshot;

const full = new Intl.DateTimeFormat(document.documentElement.lang || undefined, { dateStyle: "medium", timeStyle: "medium", hourCycle: "h23" });
const moment = (instant) => (instant ? full.format(new Date(instant)) : "");

function head() {
  const { run, job } = snapshot;
  const { sign, text } = statusOf(run.status);
  byId("head").className = `card head run-head run-${run.status}`;
  byId("status").className = `run-status run-${run.status}`;
  setText(byId("status"), `${sign} ${text}`);
  setText(byId("message"), [run.message, run.reason].filter(Boolean).join("\n"));
  refill(byId("alerts"), ...snapshot.alerts.map((alert) => el("li", {}, el("a", { href: `/live/alerts/${alert.id}` }, el("span", { class: `prio p${alert.priority.slice(1)}`, text: alert.priority }), ` ${alert.title}`))));
  refill(byId("actions"), ...(page.can_run ? buttons(job, (made) => { if (made && made.id) window.location.assign(`/live/jobs/runs/${made.id}/`); else poll.now(); }) : []));
  tick();
}

function tick() {
  const { run } = snapshot;
  setText(byId("when"), sentence(run));
  const { what, done, of } = run.progress;
  const shown = run.status === "running" && what !== undefined;
  show(byId("progress"), shown);
  setText(byId("progress"), shown ? `${what}: ${done}${of ? ` / ${of}` : ""}` : "");
  show(byId("bar"), shown && Boolean(of));
  if (shown && of) Object.assign(byId("bar"), { max: of, value: done });
}

function facts() {
  const { run, job } = snapshot;
  const took = run.duration_ms === null && run.started_at ? now() - Date.parse(run.started_at) : run.duration_ms;
  const usual = snapshot.usual.duration_ms;
  const rows = [
    [words("Started by"), triggerOf(run)], [words("Its time"), moment(run.scheduled_for)], [words("Wanted"), moment(run.queued_at)],
    [words("Started"), moment(run.started_at)], [words("Ended"), moment(run.finished_at)], [words("Not before"), moment(run.not_before)],
    [words("Took"), took === null ? "" : `${lasting(took)}${usual === undefined ? "" : ` (${say("usually {time}", { time: lasting(usual) })})`}`],
    [words("Arguments"), Object.entries(run.arguments).map(([name, value]) => `${name} = ${figure(value)}`).join(", ")],
    [words("Schedule"), job.cron ? `${job.cron} (${job.time_zone})` : ""], [words("Worker"), run.worker], [words("Number"), run.id],
  ];
  byId("facts").replaceChildren(...rows.filter(([, value]) => value).flatMap(([name, value]) => [el("dt", { text: name }), el("dd", { text: value })]));
}

function printed(name, text) {
  setText(byId(name), text);
  show(byId(`${name}-part`), text !== "");
}

function stats() {
  const odd = new Set(snapshot.drift.map((each) => each.name));
  const rows = Object.entries(snapshot.run.stats).map(([name, value]) => el("tr", { class: odd.has(name) ? "is-odd" : null },
    el("td", { text: name }), el("td", { text: `${figure(value)}${odd.has(name) ? ` ~ ${words("not as usual")}` : ""}` }),
    el("td", { class: "muted", text: name in snapshot.usual ? figure(snapshot.usual[name]) : "–" })));
  byId("stats").replaceChildren(...rows);
  show(byId("stats-part"), rows.length > 0);
}

function item(run, { name }) {
  const here = run.id === snapshot.run.id;
  const title = name ? run.job_name : clock(run.started_at || run.queued_at);
  return el("li", { class: `run-item ${here ? "is-here" : ""}` }, runSign(run.status),
    el("div", {}, el("p", {}, here ? el("strong", { text: title, "aria-current": "true" }) : el("a", { href: `/live/jobs/runs/${run.id}/`, text: title }), " ",
      el("span", { class: "muted", text: name ? sentence(run) : `${statusOf(run.status).text}${run.duration_ms === null || run.status === "skipped" ? "" : `, ${lasting(run.duration_ms)}`}` })),
    name && run.reason ? el("p", { class: "muted", text: run.reason }) : null));
}

function take(fresh) {
  snapshot = fresh;
  head();
  facts();
  printed("error", snapshot.run.error);
  printed("output", snapshot.run.output);
  stats();
  refill(byId("chain"), ...snapshot.chain.map((run) => item(run, { name: true })));
  show(byId("chain-part"), snapshot.chain.length > 1);
  refill(byId("others"), ...snapshot.others.map((run) => item(run, { name: false })));
  show(byId("others-part"), snapshot.others.length > 1);
}

setServerNow(snapshot.now);
const poll = new Again({ path: page.reload, everyMs: () => (isOpen(snapshot.run.status) ? 2000 : 20000), take, login: page.login });
take(snapshot);
watchHealth();
setInterval(() => { tick(); if (isOpen(snapshot.run.status)) facts(); }, 1000);
