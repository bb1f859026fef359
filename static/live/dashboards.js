// The dashboards: what is asked stands in the page's address; each chart asks REST for itself, and is drawn when its answer comes.

import { Figure, legend } from "./dash_chart.js";
import { savePicture } from "./dash_export.js";
import { Calendar, SIGNS } from "./dash_heat.js";
import { figureTable, stepName, sumsTable } from "./dash_table.js";
import { page, number, sentence, time, written } from "./dash_words.js";
import { byId, el, setText, show } from "./dom.js";
import { watchHealth } from "./health.js";
import { call } from "./rest.js";
import { Zone } from "./zone.js";

const DAY = 86400;
const AGAIN_MS = 60_000;
const zone = new Zone(page.zone);
const fields = { priority: byId("priority"), source: byId("source"), by: byId("by") };
const asked = new URLSearchParams(location.search);
let round = 0;

/** The stretch that is asked for, in seconds: so many days back from now, or from one day to the end of another. */
function stretch() {
  const [since, until] = ["since", "until"].map((name) => midnight(asked.get(name)));
  if (since && until) return [since, nextDay(until)];
  const days = Number(asked.get("days")) || 30;
  const now = Math.floor(Date.now() / 1000);
  if (days === 1) return [now - DAY, now];
  return [midnight(day(now - (days - 1) * DAY)), now];
}

const day = (at) => zone.text(at, "iso");
const nextDay = (at) => midnight(day(at + 1.5 * DAY));

function midnight(text) {
  const wall = /^\d{4}-\d\d-\d\d$/.test(text || "") ? Date.parse(`${text}T00:00:00Z`) : NaN;
  return Number.isNaN(wall) ? null : zone.instant(wall);
}

function query(chart) {
  const [since, until] = stretch().map((at) => new Date(at * 1000).toISOString());
  const found = new URLSearchParams({ since, until, zone: zone.name });
  for (const name of chart.filters ? Object.keys(fields) : []) if (asked.get(name)) found.set(name, asked.get(name));
  return found;
}

class Part {
  constructor(chart) {
    Object.assign(this, { chart, node: byId(`chart-${chart.id}`), drawn: {} });
    for (const each of chart.figures) this.drawn[each.id] = new Drawn(this, each);
  }

  async load(number_) {
    const wanted = query(this.chart);
    this.node.setAttribute("aria-busy", "true");
    const answer = await call("GET", `${this.chart.url}?${wanted}`);
    if (number_ !== round) return;
    this.node.setAttribute("aria-busy", "false");
    const problem = this.node.querySelector(".dash-problem");
    show(problem, !answer.ok);
    setText(problem, answer.ok ? "" : answer.problem);
    if (answer.ok) this.show(answer.body, wanted);
  }

  show(answer, wanted) {
    const at = answer.at.map((instant) => Date.parse(instant) / 1000);
    setText(byId("span"), `${span(answer)} · ${sentence("error", { percent: answer.error_percent })}`);
    const address = (figure) => `${this.chart.url}.csv?${new URLSearchParams([...wanted, ["figure", figure]])}`;
    for (const figure of answer.figures) if (this.drawn[figure.id]) this.drawn[figure.id].show(figure, at, answer, address(figure.id));
    for (const table of answer.tables) {
      const node = this.node.querySelector(`[data-table="${table.id}"]`);
      if (!node) continue;
      node.querySelector(".scroll").replaceChildren(table.rows.length ? sumsTable(table) : el("p", { class: "muted", text: sentence("nothing") }));
      node.querySelector("[data-do=csv]").href = address(table.id);
    }
    this.say(answer);
  }

  /** The first row of the first table, as a sentence. */
  say(answer) {
    const said = this.node.querySelector(".dash-said");
    const [table] = answer.tables;
    if (!page.sentences[this.chart.id] || !table || !table.rows.length) return show(said, false);
    const row = Object.fromEntries(table.columns.map((column, place) => [column.replace(/_seconds$/, ""), column.endsWith("_seconds") ? time(table.rows[0][place]) : number(table.rows[0][place])]));
    setText(said, sentence(this.chart.id, row));
    return show(said, true);
  }
}

class Drawn {
  constructor(part, described) {
    this.described = described;
    this.node = part.node.querySelector(`[data-figure="${described.id}"]`);
    this.find = (selector) => this.node.querySelector(selector);
    this.figure = new (described.kind === "heat" ? Calendar : Figure)(this.find(".dash-plot"), described.kind, zone, (step) => this.under(step));
    this.find("[data-do=table]").addEventListener("click", () => this.open(this.find(".dash-table").hidden));
    this.find("[data-do=png]").addEventListener("click", () => this.picture());
  }

  show(figure, at, answer, address) {
    Object.assign(this, { shown: figure, at, answer });
    const any = figure.series.some((series) => series.values.some((value) => value !== null && value !== 0));
    show(this.find(".dash-plot"), any);
    show(this.find(".dash-none"), !any);
    this.find("[data-do=csv]").href = address;
    this.find(".dash-plot").setAttribute("aria-label", this.spoken());
    if (any) this.figure.show(figure, at, Date.parse(answer.until) / 1000, answer.step);
    this.legend(null);
    if (!this.find(".dash-table").hidden) this.open(true);
  }

  /** What the picture shows, for who hears it: the largest value of each colour. The table says the rest. */
  spoken() {
    const parts = this.shown.series.map((series) => {
      const known = series.values.filter((value) => value !== null);
      return `${page.words[series.name] || series.name} ≤ ${known.length ? written(Math.max(...known), this.shown.unit) : "–"}`;
    });
    return `${this.described.title}. ${span(this.answer)}. ${parts.join(", ")}`;
  }

  legend(step) {
    legend(this.find(".dash-legend"), this.shown, step, this.described.kind === "heat" ? SIGNS : {});
  }

  under(step) {
    if (!this.shown) return;
    this.legend(step === undefined ? null : step);
    setText(this.find(".dash-at"), step === null || step === undefined ? "" : stepName(zone, this.at[step], this.answer.step));
  }

  open(wanted) {
    const node = this.find(".dash-table");
    if (wanted && this.shown) node.replaceChildren(figureTable(this.shown, this.at, zone, this.answer.step));
    show(node, wanted);
    this.find("[data-do=table]").setAttribute("aria-expanded", String(wanted));
  }

  picture() {
    const canvas = this.find("canvas");
    if (canvas) savePicture(canvas, { title: this.described.title, span: span(this.answer), series: this.shown.series, name: `sentinel-${this.described.id}` });
  }
}

const span = (answer) => sentence("range", { since: zone.text(Date.parse(answer.since) / 1000, "long"), until: zone.text(Date.parse(answer.until) / 1000, "long"), zone: answer.zone });

const parts = page.charts.map((chart) => new Part(chart));

function load() {
  round += 1;
  for (const part of parts) part.load(round);
}

function ask(changes) {
  for (const [name, value] of Object.entries(changes)) {
    if (value) asked.set(name, value);
    else asked.delete(name);
  }
  history.replaceState(null, "", `?${asked}`);
  mark();
  load();
}

/** The controls show what is asked. */
function mark() {
  const dates = asked.get("since") && asked.get("until");
  for (const button of document.querySelectorAll("[data-days]")) button.setAttribute("aria-pressed", String(!dates && button.dataset.days === (asked.get("days") || "30")));
  const [since, until] = stretch();
  byId("since").value = day(since);
  byId("until").value = day(until - 1);
  for (const [name, field] of Object.entries(fields)) if (field) field.value = asked.get(name) || (name === "by" ? "priority" : "");
}

for (const button of document.querySelectorAll("[data-days]")) button.addEventListener("click", () => ask({ days: button.dataset.days, since: "", until: "" }));
for (const name of ["since", "until"]) {
  byId(name).addEventListener("change", () => {
    if (byId("since").value && byId("until").value) ask({ since: byId("since").value, until: byId("until").value, days: "" });
  });
}
for (const [name, field] of Object.entries(fields)) if (field) field.addEventListener("change", () => ask({ [name]: field.value }));

function tables(wanted) {
  byId("tables").setAttribute("aria-pressed", String(wanted));
  for (const part of parts) for (const drawn of Object.values(part.drawn)) drawn.open(wanted);
}
byId("tables").addEventListener("click", () => tables(byId("tables").getAttribute("aria-pressed") !== "true"));
byId("print").addEventListener("click", () => { tables(true); window.print(); });
byId("asked").addEventListener("submit", (event) => event.preventDefault());
mark();
load();
setInterval(() => { if (!document.hidden && !asked.get("since")) load(); }, AGAIN_MS);
watchHealth();
