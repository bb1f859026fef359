// Every device, those in trouble first, with live values.

import { byId, data, el, sayMany, setText, show, words } from "./dom.js";
import { setServerNow } from "./time.js";
import { isLive, settle, signs, standing, takeMessage, valuesOf } from "./device_looks.js";
import { mainMetric, nameOf, number, unitOf } from "./metrics.js";
import { DeviceFeed } from "./device_feed.js";
import { setUpSearchKey } from "./keys.js";
import { showLink } from "./link.js";
import { watchHealth } from "./health.js";

const RELOAD_MS = 15000;
const SPARK_SECONDS = 3600;
const [WIDTH, HEIGHT] = [240, 40];
const SVG = "http://www.w3.org/2000/svg";
const page = data("data");
const cards = new Map(); // slug -> Card
const filter = { show: "all", text: "" };

class Card {
  constructor() {
    this.link = el("a", { class: "title" });
    this.place = el("p", { class: "where muted" });
    this.signs = el("p", { class: "marks" });
    this.value = el("span", { class: "big-number" });
    this.unit = el("span", { class: "unit" });
    this.what = el("span", { class: "muted what" });
    this.others = el("p", { class: "others muted" });
    this.line = document.createElementNS(SVG, "polyline");
    this.spark = document.createElementNS(SVG, "svg");
    for (const [name, value] of [["viewBox", `0 0 ${WIDTH} ${HEIGHT}`], ["class", "spark"], ["aria-hidden", "true"], ["preserveAspectRatio", "none"]]) this.spark.setAttribute(name, value);
    this.spark.append(this.line);
    this.alerts = el("ul", { class: "card-alerts" });
    this.node = el("li", { class: "card device-card" },
      el("div", { class: "device-card-top" }, el("div", {}, this.link, this.place), this.signs),
      el("p", { class: "value-line" }, this.value, this.unit, this.what), this.others, this.spark, this.alerts);
    this.points = [];
  }

  update(device) {
    this.device = device;
    if (device.spark) this.points = device.spark;
    this.link.href = `/live/devices/${device.slug}/`;
    setText(this.link, device.name);
    setText(this.place, device.place);
    show(this.place, device.place !== "");
    settle(this.alerts, [
      ...device.alerts.map((alert) => el("li", { class: `p${alert.priority.slice(1)}` }, el("a", { href: `/live/alerts/${alert.id}` }, el("span", { class: `prio p${alert.priority.slice(1)}`, text: alert.priority }), ` ${alert.title}`))),
      ...(device.alerts.length ? [] : device.active.map((name) => el("li", { text: `▲ ${name}` }))),
    ]);
    this.tick();
    this.draw();
  }

  hear(message) {
    if (!takeMessage(this.device, message)) return this.tick();
    const value = valuesOf(this.device)[mainMetric(valuesOf(this.device))];
    const at = Date.parse(message.measured_at) / 1000;
    const end = this.points[this.points.length - 1];
    if (Number.isFinite(value) && Number.isFinite(at)) {
      if (end && Math.floor(end[0] / 15) === Math.floor(at / 15)) end[1] = Math.max(end[1], value);
      else this.points.push([at, value]);
      while (this.points.length && this.points[0][0] < at - SPARK_SECONDS) this.points.shift();
    }
    this.tick();
    return this.draw();
  }

  tick() {
    const { device } = this;
    const values = valuesOf(device);
    const metric = mainMetric(values);
    const state = standing(device);
    this.node.className = `card device-card d-${rank(device) <= 1 ? "alarm" : state.kind} ${isLive(device) ? "" : "is-old"}`;
    settle(this.signs, signs(device));
    setText(this.value, metric ? number(values[metric]) : "–");
    setText(this.unit, metric ? unitOf(metric) : "");
    setText(this.what, metric ? nameOf(metric) : words("no value yet"));
    const rest = ["leq", "lmax", "temperature"].filter((name) => name !== metric && Number.isFinite(values[name]));
    setText(this.others, rest.map((name) => `${nameOf(name)} ${number(values[name])} ${unitOf(name)}`).join(" · "));
  }

  draw() {
    const end = this.points.length ? this.points[this.points.length - 1][0] : 0;
    const inside = this.points.filter(([at]) => at > end - SPARK_SECONDS);
    const low = Math.min(...inside.map(([, value]) => value));
    const span = Math.max(10, Math.max(...inside.map(([, value]) => value)) - low);
    const text = inside.map(([at, value]) => `${(WIDTH - ((end - at) / SPARK_SECONDS) * WIDTH).toFixed(1)},${(HEIGHT - 3 - ((value - low) / span) * (HEIGHT - 6)).toFixed(1)}`).join(" ");
    this.spark.toggleAttribute("hidden", inside.length < 2);
    if (inside.length > 1) this.line.setAttribute("points", text);
  }
}

/** 0: an urgent alert … 5: switched off. */
function rank(device) {
  if (device.alerts.some((alert) => ["P1", "P2"].includes(alert.priority))) return 0;
  if (device.alerts.length || device.active.length) return 1;
  return { trouble: 2, wait: 3, good: 4, off: 5 }[standing(device).kind];
}

const inTrouble = (device) => rank(device) <= 2;
const passes = (device) => (filter.show === "all" || inTrouble(device)) && filter.text.split(/\s+/).every((word) => `${device.name} ${device.slug} ${device.place}`.toLowerCase().includes(word));

function arrange() {
  const all = [...cards.values()].sort((a, b) => rank(a.device) - rank(b.device) || a.device.name.localeCompare(b.device.name));
  const shown = all.filter((card) => passes(card.device));
  const list = byId("devices");
  let next = list.firstElementChild;
  for (const card of shown) {
    if (card.node === next) next = next.nextElementSibling;
    else list.insertBefore(card.node, next);
  }
  while (next) {
    const after = next.nextElementSibling;
    next.remove();
    next = after;
  }
  const trouble = all.filter((card) => inTrouble(card.device));
  const hidden = trouble.filter((card) => !shown.includes(card)).length;
  setText(byId("count-all"), String(all.length));
  setText(byId("count-trouble"), String(trouble.length));
  setText(byId("hidden-by-filter"), sayMany("The filter hides {n} device in trouble.", "The filter hides {n} devices in trouble.", hidden));
  show(byId("hidden-by-filter"), hidden > 0);
  show(byId("none"), all.length === 0);
  show(byId("no-match"), all.length > 0 && shown.length === 0);
  document.title = `${trouble.length ? `(${trouble.length}) ` : ""}${words("Devices")} · Sentinel`;
}

function take(snapshot) {
  setServerNow(snapshot.now);
  const known = new Set(snapshot.devices.map((device) => device.slug));
  for (const slug of cards.keys()) if (!known.has(slug)) cards.delete(slug);
  for (const device of snapshot.devices) {
    if (!cards.has(device.slug)) cards.set(device.slug, new Card());
    const card = cards.get(device.slug);
    const newer = card.device && card.device.status.last_frame_at > (device.status.last_frame_at || "");
    const spark = card.points.length > device.spark.length ? null : device.spark;
    card.update({ ...device, spark, status: newer ? { ...device.status, frame: card.device.status.frame, last_frame_at: card.device.status.last_frame_at } : device.status });
  }
  arrange();
}

async function reload() {
  const response = await fetch(page.reload, { credentials: "same-origin", cache: "no-store", redirect: "error" });
  if (response.ok) take(await response.json());
}

const heard = new Map(); // slug -> messages since the last picture
let waiting = false;
function hear(message) {
  if (!cards.has(message.device)) {
    if (message.device) reload().catch(() => {});
    return;
  }
  heard.set(message.device, [...(heard.get(message.device) || []).slice(-20), message]);
  if (waiting) return;
  waiting = true;
  (document.hidden ? (work) => setTimeout(work, 1000) : requestAnimationFrame)(() => {
    waiting = false;
    for (const [slug, messages] of heard) if (cards.has(slug)) messages.forEach((each) => cards.get(slug).hear(each));
    heard.clear();
    arrange();
  });
}

function setUpFilters() {
  const changed = () => {
    for (const button of document.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === filter.show));
    arrange();
  };
  for (const button of document.querySelectorAll("[data-show]")) button.addEventListener("click", () => { filter.show = button.dataset.show; changed(); });
  byId("search").addEventListener("input", (event) => { filter.text = event.target.value.trim().toLowerCase(); changed(); });
  setUpSearchKey();
}

take(page.snapshot);
setUpFilters();
watchHealth();
setInterval(() => { for (const card of cards.values()) card.tick(); arrange(); }, 1000);
setInterval(() => { if (!document.hidden) reload().catch(() => {}); }, RELOAD_MS);
new DeviceFeed({ path: "/ws/devices/", onMessage: hear, onState: (state, silent) => showLink(state, silent, page.login) });
