// The present values, large.

import { byId, el, setText, show, words } from "./dom.js";
import { isLive, valuesOf } from "./device_looks.js";
import { inOrder, mainMetric, nameOf, number, percentOf, unitOf } from "./metrics.js";

const tiles = new Map(); // metric -> {node, value}
const FIRST = ["leq", "lmax", "lmin", "lpeak", "ln1", "ln2", "ln3", "ln4", "ln5"];

function tile(metric, big) {
  const value = el("span", { class: big ? "big-number" : "number" });
  const percent = percentOf(metric);
  const name = el("span", { class: "tile-name", text: nameOf(metric), title: percent ? `${percent} %` : null });
  const node = el("div", { class: `tile ${big ? "tile-big" : ""}` }, name, el("span", { class: "tile-value" }, value, el("span", { class: "unit", text: unitOf(metric) })));
  return { node, value };
}

/** Show every value of the last frame; those beyond a rule's limit are marked. */
export function showNumbers(state) {
  const { device } = state;
  const values = valuesOf(device);
  const measured = Object.keys(values).filter((metric) => !metric.startsWith("sub"));
  const metrics = device.polled ? ["lp", ...FIRST] : inOrder(measured);
  if (!tiles.size || metrics.some((metric) => !tiles.has(metric))) {
    tiles.clear();
    const main = mainMetric(values) || "lp";
    for (const metric of metrics) tiles.set(metric, tile(metric, device.polled ? metric === "lp" : metric === main || metric === "temperature"));
    byId("numbers").replaceChildren(...[...tiles.values()].map((each) => each.node));
  }
  const over = new Set(state.rules.filter((rule) => rule.enabled && ["active", "falling"].includes(rule.phase)).map((rule) => rule.metric));
  for (const [metric, { node, value }] of tiles) {
    setText(value, number(values[metric]));
    node.classList.toggle("is-over", over.has(metric));
  }
  const stopped = device.polled && device.status.state === "stopped" && isLive(device);
  setText(byId("numbers-note"), stopped ? words("The meter is stopped: only Lp is measured. Rules on other values judge nothing until it is started.") : "");
  show(byId("numbers-note"), stopped);
}
