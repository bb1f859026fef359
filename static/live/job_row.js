// One job on the page of all jobs: how it is, its last run, its last thirty, its figures, what comes next; and, opened, its runs.

import { el, say, setText, show, words } from "./dom.js";
import { clock } from "./time.js";
import { refill } from "./focus.js";
import { call } from "./rest.js";
import { buttons } from "./job_ask.js";
import { figure, inTrouble, lasting, nextOf, percent, runSign, sentence, signNode, standing, statusOf, triggerOf, whyOf } from "./job_looks.js";
import { spark } from "./job_spark.js";

const LISTED = 8;
const STATS = 6;

export class JobRow {
  constructor(slug, { canRun, canChange, changed }) {
    Object.assign(this, { slug, canRun, canChange, changed, open: false, drawn: "" });
    this.sign = el("div", { class: "job-sign" });
    this.name = el("button", { type: "button", class: "job-name title", "aria-expanded": "false", onclick: () => this.toggle() });
    this.said = el("p", { class: "job-said" });
    this.why = el("p", { class: "job-why" });
    this.alerts = el("ul", { class: "card-alerts" });
    this.picture = el("div", { class: "job-picture" });
    this.figures = el("dl", { class: "job-figures" });
    this.next = el("p", { class: "job-next muted" });
    this.actions = el("div", { class: "job-actions" });
    this.more = el("div", { class: "job-more", hidden: true });
    this.node = el("div", { class: "job", id: slug },
      this.sign, el("div", { class: "job-what" }, this.name, this.said, this.why, this.alerts),
      el("div", { class: "job-course" }, this.picture, this.next), this.figures, this.actions, this.more);
  }

  update(job) {
    this.job = job;
    setText(this.name, job.name);
    this.tick();
    const drawn = JSON.stringify([job.last, job.recent, job.figures, job.alerts, job.paused_until, job.enabled, job.next_run_at, job.name]);
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const state = standing(job);
    this.node.className = `job j-${state.kind} ${state.rank >= 3 ? "is-calm" : ""} ${this.open ? "is-open" : ""}`;
    this.sign.replaceChildren(signNode(state.kind, state.sign, state.text));
    const why = inTrouble(job) || (job.last && job.last.status === "warning") ? whyOf(job) : "";
    setText(this.why, why.slice(0, 300));
    show(this.why, why !== "");
    refill(this.alerts, ...job.alerts.map((alert) => el("li", {}, el("a", { href: `/live/alerts/${alert.id}` }, el("span", { class: `prio p${alert.priority.slice(1)}`, text: alert.priority }), ` ${alert.title}${alert.taken_by ? ` · ${alert.taken_by}` : ""}`))));
    this.picture.replaceChildren(...(job.recent.length > 1 ? [spark(job.recent)] : []));
    this.figures.replaceChildren(...this.numbers());
    refill(this.actions, ...(this.canRun ? buttons(job, this.changed, { loud: inTrouble(job) }) : []));
    if (this.open) this.load();
  }

  tick() {
    const { job } = this;
    const last = job.last && job.last.status === "running" && job.last.progress.what ? ` · ${job.last.progress.what} ${job.last.progress.done}${job.last.progress.of ? `/${job.last.progress.of}` : ""}` : "";
    const state = standing(job);
    setText(this.said, state.kind === "late" ? `${state.text} · ${words("last run:")} ${sentence(job.last)}` : `${sentence(job.last)}${last}`);
    setText(this.next, `${words("Next:")} ${nextOf(job)}`);
  }

  numbers() {
    const { figures } = this.job;
    const pairs = [
      [words("30 days"), percent(figures.success_rate), say("Runs that ended well: {good} of {n}", { good: figures.success + figures.warning, n: figures.total - figures.skipped - figures.running - figures.queued })],
      [words("usually"), lasting(figures.median_seconds === null ? null : figures.median_seconds * 1000), words("The median of their durations")],
      ["p95", lasting(figures.p95_seconds === null ? null : figures.p95_seconds * 1000), words("19 of 20 runs take no longer")],
    ];
    return pairs.map(([name, value, hint]) => el("div", { title: hint }, el("dt", { text: name }), el("dd", { text: value })));
  }

  toggle() {
    this.open = !this.open;
    this.name.setAttribute("aria-expanded", String(this.open));
    this.node.classList.toggle("is-open", this.open);
    show(this.more, this.open);
    if (this.open) this.load();
  }

  async load() {
    const answer = await call("GET", `/api/v1/jobs/runs?job=${encodeURIComponent(this.slug)}&limit=${LISTED}`);
    if (!answer.ok) {
      this.more.replaceChildren(el("p", { class: "note bad", text: answer.problem }));
      return;
    }
    const { job } = this;
    const about = [job.description, job.cron ? `${job.cron} (${job.time_zone})` : "", job.last_good_at ? say("last success: {when}", { when: clock(job.last_good_at) }) : words("never succeeded")].filter(Boolean).join(" · ");
    const edit = this.canChange ? el("a", { href: `/admin/jobs/job/?q=${encodeURIComponent(this.slug)}`, text: words("Change it") }) : null;
    refill(this.more, el("p", { class: "muted" }, about, ...(edit ? [" · ", edit] : [])), el("ol", { class: "run-list" }, ...answer.body.items.map(runItem)));
  }
}

/** A run in a list: its end, its figures, and the last of its error. */
export function runItem(run) {
  const stats = Object.entries(run.stats || {}).slice(0, STATS).map(([name, value]) => `${name} ${figure(value)}`).join(" · ");
  const error = (run.error || "").trim().split("\n").slice(-4).join("\n");
  return el("li", { class: `run-item run-${run.status}` },
    runSign(run.status),
    el("div", {},
      el("p", {}, el("a", { href: `/live/jobs/runs/${run.id}/`, text: `${clock(run.started_at || run.queued_at)}` }), ` ${statusOf(run.status).text}`, run.duration_ms === null || run.status === "skipped" ? "" : `, ${lasting(run.duration_ms)}`, el("span", { class: "muted", text: ` · ${triggerOf(run)}` })),
      run.message || run.reason ? el("p", { text: run.message || run.reason }) : null,
      stats ? el("p", { class: "muted", text: stats }) : null,
      error ? el("pre", { class: "printed", text: error }) : null));
}
