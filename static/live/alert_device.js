// On the page of an alert that a device raised: what it measured around that instant. It is found by the alert's link to the device's page.

import { byId, data, el, pair, say, setText, show } from "./dom.js";
import { Chart, readout } from "./chart.js";
import { Series } from "./series.js";
import { Zone } from "./zone.js";
import { mainMetric, nameOf, unitOf } from "./metrics.js";
import { call } from "./rest.js";
import { now } from "./time.js";

const PAGE = /^\/live\/devices\/([-\w]+)\/$/;
const BEFORE = 900;
const AFTER = 900;
const AGAIN_MS = 15000;

/** The device and the instant that the links of an alert lead to, or null. */
function found(alert) {
  for (const link of alert.links) {
    try {
      const url = new URL(link.href, window.location.href);
      const match = PAGE.exec(url.pathname);
      const at = Date.parse(url.searchParams.get("at")) || Date.parse(alert.created_at);
      if (match) return { slug: match[1], at: at / 1000 };
    } catch {
      // no address
    }
  }
  return null;
}

/** The library is fetched only where there is something to draw. */
const library = (src) => new Promise((done) => { document.head.append(el("script", { src, onload: () => done(true), onerror: () => done(false) })); });

async function draw({ slug, at }, alert) {
  const about = await call("GET", `/live/devices/${slug}/snapshot`);
  if (!about.ok || !(await library(byId("device-chart-card").dataset.chart))) return;
  const { device, rules, events } = about.body;
  const event = events.find((each) => each.alert === alert.id);
  const metric = event ? event.metric : mainMetric((device.status.frame || {}).values) || "lp";
  const zone = new Zone(device.time_zone);
  const series = new Series({ polled: device.polled, silentAfter: device.silent_after_seconds });
  const wide = device.polled ? 1 : 8; // a sensor that pushes speaks every few minutes
  const chart = new Chart(byId("device-chart"), { zone, onZoom: () => {}, onCursor: (place) => setText(byId("device-chart-readout"), readout(series, [metric], place, zone)) });
  const span = () => [at - BEFORE * wide, Math.min(now() / 1000, at + AFTER * wide)];

  async function load() {
    const [since, until] = span();
    const query = new URLSearchParams({ since: new Date(since * 1000).toISOString(), until: new Date(until * 1000).toISOString(), step: "auto", metrics: metric });
    const answer = await call("GET", `/api/v1/devices/${slug}/readings?${query}`);
    if (!answer.ok) return;
    series.load(answer.body, [metric]);
    show(byId("device-chart-card"), true);
    const limits = rules.filter((rule) => rule.enabled && rule.metric === metric && !rule.aggregate.startsWith("rate")).map((rule) => ({ value: rule.threshold, unit: unitOf(metric), name: `${rule.name} ${rule.comparison === "above" ? ">" : "<"} ${rule.threshold} ${unitOf(metric)}`, bad: ["critical", "high"].includes(rule.severity), stretches: zone.windows(rule, since, until) }));
    const marks = events.filter((each) => each.metric === metric).map((each) => ({ from: Date.parse(each.onset_at) / 1000, until: each.clear_at ? Date.parse(each.clear_at) / 1000 : null }));
    chart.annotate({ limits, marks, point: event ? null : at });
    chart.show(series, [metric], since, until);
    const best = series.summary(metric, since, until);
    byId("device-chart").setAttribute("aria-label", best ? say("{metric}: highest {high}, lowest {low}.", { metric: nameOf(metric), high: best.high, low: best.low }) : nameOf(metric));
  }

  setText(byId("device-chart-name"), pair(device.name, nameOf(metric)));
  byId("device-chart-link").href = `/live/devices/${slug}/?at=${encodeURIComponent(new Date(at * 1000).toISOString())}`;
  await load();
  const timer = setInterval(() => {
    if (now() / 1000 > at + AFTER * wide + 30) clearInterval(timer);
    else if (!document.hidden) load();
  }, AGAIN_MS);
}

const { alert } = data("data").snapshot;
const device = byId("device-chart-card") ? found(alert) : null;
if (device) draw(device, alert);
