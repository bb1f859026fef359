// The course of the values: what the chart shows, how it is zoomed, and how live frames continue it.

import { byId, el, say, setText, show, words } from "./dom.js";
import { refill } from "./focus.js";
import { now } from "./time.js";
import { Chart, meaning, readout } from "./chart.js";
import { Series } from "./series.js";
import { Zone } from "./zone.js";
import { inOrder, mainMetric, nameOf, quantity, unitOf } from "./metrics.js";
import { call } from "./rest.js";

const DAY = 86400;
const SHORTER = [600, 3600, 21600];
const AROUND = 900; // seconds before and after an instant that somebody wants to look at
const RECENT_SECONDS = 900;
const SHORTEST = 5;
const LONGEST = 366 * DAY;
const AGAIN_MS = 300000;
const UNREAD_MS = 4000;
const METRICS = ["lp", "leq", "lmax", "lmin", "ln1", "ln2", "ln3", "ln4", "ln5"];

export class Course {
  constructor(page) {
    const { device } = page.snapshot;
    Object.assign(this, { device, page, zone: new Zone(device.time_zone), recent: [], stack: [], turn: 0 });
    this.series = new Series({ polled: device.polled, silentAfter: device.silent_after_seconds });
    this.shown = this.firstMetrics();
    this.chart = new Chart(byId("chart"), { zone: this.zone, onZoom: (since, until) => this.zoom(since, until), onCursor: (place) => this.point(place) });
    const at = Date.parse(page.at) / 1000;
    this.at = Number.isFinite(at) ? at : null;
    this.view = this.at === null ? { span: DAY, until: null } : { span: 2 * AROUND, until: Math.min(this.at + AROUND, now() / 1000 + 60) };
    this.setUp();
    this.load();
    setInterval(() => { if (!document.hidden) this.load(); }, AGAIN_MS);
  }

  firstMetrics() {
    if (this.device.polled) return ["lp"];
    const frame = this.device.status.frame;
    const known = inOrder(Object.keys((frame && frame.values) || { humidity: 0, temperature: 0 }));
    return known.slice(0, 2);
  }

  get until() {
    return this.view.until === null ? now() / 1000 : this.view.until;
  }

  get since() {
    return this.until - this.view.span;
  }

  /** A quantity in words, for others who speak of this device's values. */
  said(metric, value) {
    return quantity(metric, value);
  }

  /** What the rules and their events say, drawn over the values. */
  annotate(snapshot) {
    Object.assign(this, { rules: snapshot.rules, events: snapshot.events });
    this.device = snapshot.device;
    this.paint();
  }

  limits() {
    return (this.rules || []).filter((rule) => rule.enabled && !rule.aggregate.startsWith("rate") && this.shown.some((metric) => unitOf(metric) === unitOf(rule.metric) && (metric === rule.metric || this.shown.length === 1 && unitOf(metric) === "dB"))).map((rule) => ({
      value: rule.threshold, unit: unitOf(rule.metric), bad: ["critical", "high"].includes(rule.severity),
      name: `${rule.name} ${rule.comparison === "above" ? ">" : "<"} ${rule.threshold} ${unitOf(rule.metric)}`,
      stretches: this.zone.windows(rule, this.since, this.until),
    }));
  }

  marks() {
    const inside = (this.events || []).filter((event) => this.shown.some((metric) => unitOf(metric) === unitOf(event.metric)));
    return inside.map((event) => ({ from: Date.parse(event.onset_at) / 1000, until: event.clear_at ? Date.parse(event.clear_at) / 1000 : null }));
  }

  paint() {
    this.chart.annotate({ limits: this.limits(), marks: this.marks(), point: this.at });
    this.chart.show(this.series, this.shown, this.since, this.until);
    show(byId("zoom-back"), this.stack.length > 0);
    show(byId("to-live"), this.view.until !== null);
    for (const button of document.querySelectorAll("[data-range]")) button.setAttribute("aria-pressed", String(this.view.until === null && Number(button.dataset.range) === this.view.span));
    this.link();
  }

  /** Where the same stretch can be had as CSV. */
  link() {
    const node = byId("export");
    const step = this.view.span <= 2 * DAY ? "raw" : this.view.span <= 31 * DAY ? "60" : "3600";
    const query = new URLSearchParams({ since: new Date(this.since * 1000).toISOString(), until: new Date(this.until * 1000).toISOString(), step });
    node.href = `/api/v1/devices/${this.device.slug}/readings.csv?${query}`;
    show(node, this.page.can_read);
  }

  async load() {
    if (!this.page.can_read) {
      this.series.clear(this.shown);
      for (const [at, values] of this.recent) this.series.add(at, values);
      this.paint();
      return;
    }
    const turn = (this.turn += 1);
    const metrics = [...this.shown];
    const query = new URLSearchParams({ since: new Date(this.since * 1000).toISOString(), until: new Date(this.until * 1000 + 1000).toISOString(), step: "auto", metrics: metrics.join() });
    const slow = setTimeout(() => this.summary(words("Loading…")), 300);
    const answer = await call("GET", `/api/v1/devices/${this.device.slug}/readings?${query}`);
    clearTimeout(slow);
    if (turn !== this.turn) return;
    if (!answer.ok) {
      this.summary(say("The readings could not be loaded: {problem}", { problem: answer.problem }));
      const passing = answer.status === 0 || answer.status === 429 || answer.status >= 500;
      if (passing) setTimeout(() => { if (turn === this.turn) this.load(); }, UNREAD_MS);
      return;
    }
    this.series.load(answer.body, metrics);
    if (!this.settled && this.settle()) return;
    if (this.view.until === null) for (const [at, values] of this.recent) this.series.add(at, values);
    this.paint();
    this.summarise();
  }

  /** Of a device that is new a day has little to show: begin with the shortest range that holds all there is. */
  settle() {
    this.settled = true;
    const first = this.series.at.length ? this.series.at[0] : this.until;
    const span = SHORTER.find((seconds) => seconds >= this.until - first);
    if (this.at !== null || this.stack.length || this.view.until !== null || this.view.span !== DAY || !span) return false;
    this.look({ span, until: null }, { keep: false });
    return true;
  }

  /** One live frame. */
  add(at, values) {
    if (!Number.isFinite(at)) return;
    this.recent.push([at, values]);
    while (this.recent.length && this.recent[0][0] < at - RECENT_SECONDS) this.recent.shift();
    this.learn(values);
    if (this.view.until !== null) return;
    this.series.add(at, values);
    this.paint();
  }

  /** Once a second: time goes on, also without values. */
  tick() {
    if (this.view.until === null) {
      this.paint();
      this.summarise();
    }
  }

  /** After a lost connection there is a hole to be filled. */
  connected(is) {
    if (is && this.wasLost) this.load();
    this.wasLost = !is;
  }

  look(view, { keep = true } = {}) {
    if (keep) this.stack.push(this.view);
    this.view = view;
    this.paint();
    this.load();
  }

  zoom(since, until) {
    const span = Math.min(LONGEST, Math.max(SHORTEST, until - since));
    const end = Math.min(now() / 1000 + span / 2, (since + until + span) / 2);
    this.look({ span, until: end });
  }

  back() {
    if (this.stack.length) this.look(this.stack.pop(), { keep: false });
  }

  live(span) {
    this.stack = [];
    this.at = null;
    this.look({ span, until: null }, { keep: false });
  }

  /** Show the values around an instant (seconds). */
  lookAt(at) {
    this.at = at;
    this.look({ span: 2 * AROUND, until: at + AROUND });
    byId("chart-card").scrollIntoView({ block: "nearest" });
  }

  setUp() {
    for (const button of document.querySelectorAll("[data-range]")) button.addEventListener("click", () => this.live(Number(button.dataset.range)));
    byId("zoom-back").addEventListener("click", () => this.back());
    byId("to-live").addEventListener("click", () => this.live(this.view.span > DAY || this.view.span < 600 ? DAY : this.view.span));
    byId("chart").addEventListener("dblclick", () => this.back());
    byId("chart").addEventListener("keydown", (event) => {
      const middle = this.until - this.view.span / 2;
      const moves = {
        ArrowLeft: () => this.zoom(this.since - this.view.span / 4, this.until - this.view.span / 4),
        ArrowRight: () => this.zoom(this.since + this.view.span / 4, this.until + this.view.span / 4),
        "+": () => this.zoom(middle - this.view.span / 4, middle + this.view.span / 4),
        "-": () => this.zoom(middle - this.view.span, middle + this.view.span),
        Escape: () => this.back(),
      };
      if (!moves[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      moves[event.key]();
    });
    this.chips(this.device.polled ? METRICS : this.shown);
  }

  /** Buttons for the values that can be shown. */
  chips(metrics) {
    this.known = inOrder([...new Set([...metrics, ...this.shown])]);
    refill(byId("metrics"), ...this.known.map((metric) => el("button", {
      type: "button", class: `chip c-${this.shown.indexOf(metric)}`, "aria-pressed": String(this.shown.includes(metric)), text: nameOf(metric), onclick: () => this.toggle(metric),
    })));
  }

  toggle(metric) {
    const others = this.shown.filter((each) => each !== metric);
    if (others.length === 0) return;
    this.shown = this.shown.includes(metric) ? others : inOrder([...others, metric]).slice(0, 6);
    this.chips(this.known);
    const again = [...document.querySelectorAll("#metrics .chip")].find((chip) => chip.textContent === nameOf(metric));
    if (again) again.focus();
    this.load();
  }

  /** A device that pushes may begin to send something new. */
  learn(values) {
    if (this.device.polled) return;
    const fresh = Object.keys(values).filter((metric) => !this.known.includes(metric));
    if (!fresh.length) return;
    if (!this.series.at.length && mainMetric(values)) this.shown = inOrder(Object.keys(values)).slice(0, 2);
    this.chips([...this.known, ...fresh]);
    this.load();
  }

  point(place) {
    setText(byId("readout"), readout(this.series, this.shown, place, this.zone));
  }

  summary(text) {
    setText(byId("chart-summary"), text);
  }

  summarise() {
    const [metric] = this.shown;
    const found = this.series.summary(metric, this.since, this.until);
    const stretch = `${this.zone.text(this.since, "full")} – ${this.zone.text(this.until, "full")}${this.zone.isHere() ? "" : ` (${this.zone.name})`}`;
    if (!found) {
      this.summary(`${stretch}. ${words("Nothing was measured in this time.")}`);
      byId("chart").setAttribute("aria-label", words("Nothing was measured in this time."));
      return;
    }
    const text = say(metric === "lp" ? "{metric}: highest {high} ({at}), lowest {low}, Leq {mean}." : "{metric}: highest {high} ({at}), lowest {low}, mean {mean}.", {
      metric: nameOf(metric), high: quantity(metric, found.high), low: quantity(metric, found.low), mean: quantity(metric, found.mean), at: this.zone.text(found.highAt, this.view.span > DAY ? "full" : "second"),
    });
    byId("chart").setAttribute("aria-label", text);
    const clocks = this.zone.isHere() ? "" : say("Times of {zone}.", { zone: this.zone.name });
    this.summary([text, meaning(this.series, this.shown), clocks].filter(Boolean).join(" "));
  }
}
