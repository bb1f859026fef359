// One figure, drawn by uPlot: bars on top of each other, bars beside each other, or lines.

import { el } from "./dom.js";
import { nameOf, written } from "./dash_words.js";

const FONT = "12px system-ui, sans-serif";
const PRIORITY = { P1: "--p1", P2: "--p2", P3: "--p3", P4: "--p4", P5: "--p5" };
const BY_NAME = {
  late: "--p3", very_late: "--p1", worst: "--p1", p95: "--c2", others: "--muted", "": "--muted", success: "--c3", warning: "--p3", error: "--p1", orphaned: "--c4",
  skipped: "--muted", suspicious: "--c5", hash_mismatch: "--c6", transfer_integrity_failed: "--c4", failed: "--p2", missing: "--p1", accepted: "--c1", proved: "--c3",
};
const COLOURS = ["--c1", "--c2", "--c3", "--c4", "--c5", "--c6", "--c7", "--c8"];
const DAY = 86400;

export const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";

/** The colour of a series, by what it is or by its place. */
export const colourOf = (series, place) => PRIORITY[series.id] || BY_NAME[series.id] || COLOURS[place % COLOURS.length];

export class Figure {
  /** node: where it is drawn; kind: stack, bars or lines; onCursor(step or null). */
  constructor(node, kind, zone, onCursor) {
    Object.assign(this, { node, kind, zone, onCursor, plot: null, figure: null });
    new ResizeObserver(() => this.fit()).observe(node);
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)", "print"]) {
      window.matchMedia(query).addEventListener("change", () => this.build());
    }
  }

  /** figure: {unit, series}; at: where the steps begin, and until: the end of the last one, all in seconds; step: hour, day, … */
  show(figure, at, until, step) {
    Object.assign(this, { figure, at, until, step });
    this.build();
  }

  fit() {
    const width = Math.floor(this.node.clientWidth);
    if (this.plot && width > 0 && this.plot.width !== width) this.plot.setSize({ width, height: this.height() });
    else if (!this.plot && this.figure) this.build();
  }

  height() {
    return Math.max(160, Math.floor(this.node.clientHeight));
  }

  destroy() {
    if (this.plot) this.plot.destroy();
    this.plot = null;
  }

  build() {
    this.destroy();
    if (!this.figure || !this.node.clientWidth || !this.at.length) return;
    const ink = { muted: style("--muted"), line: style("--line") };
    const look = { stroke: ink.muted, font: FONT, ticks: { stroke: ink.line, width: 1, size: 4 }, grid: { stroke: ink.line, width: 1 } };
    this.plot = new window.uPlot({
      width: Math.floor(this.node.clientWidth), height: this.height(),
      tzDate: (at) => window.uPlot.tzDate(new Date(at * 1000), this.zone.name),
      padding: [10, 10, 0, 0], legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { show: this.kind === "lines", size: 6 } },
      scales: { x: { time: true, range: () => this.range() }, y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.06 : 1] } },
      axes: [
        { ...look, space: 76, size: (_plot, texts) => (texts && texts.some((text) => text.includes("\n")) ? 40 : 26), values: (_plot, splits, _axis, _space, width) => this.times(splits, width) },
        { ...look, size: 62, values: (_plot, splits) => splits.map((value) => written(value, this.figure.unit)), ...(this.figure.unit === "s" ? { incrs: INCREMENTS } : {}) },
      ],
      series: this.series(),
      hooks: { setCursor: [(plot) => this.onCursor(plot.cursor.left >= 0 ? plot.cursor.idx : null)] },
    }, this.data(), this.node);
  }

  range() {
    const half = this.kind === "lines" ? 0 : (this.until - this.at[0]) / this.at.length / 2;
    return [this.at[0] - half, Math.max(this.at[this.at.length - 1] + half, this.at[0] + 60)];
  }

  data() {
    const columns = this.figure.series.map((series) => series.values);
    if (this.kind !== "stack") return [this.at, ...columns];
    const sums = this.at.map(() => 0);
    const stacked = columns.map((column) => column.map((value, place) => (sums[place] += value || 0)));
    return [this.at, ...stacked.reverse()]; // the highest is drawn first, the others over it
  }

  series() {
    const shown = this.figure.series.map((series, place) => {
      const colour = style(colourOf(series, place));
      if (this.kind === "lines") return { label: nameOf(series.name), stroke: colour, width: 2, spanGaps: false, dash: series.id === "p95" ? [6, 4] : undefined, points: { show: (_plot, _series, first, last) => last - first < 45, size: 5 } };
      return { label: nameOf(series.name), stroke: colour, fill: colour, width: 0, points: { show: false }, paths: this.bars(place) };
    });
    return [{}, ...(this.kind === "stack" ? shown.reverse() : shown)];
  }

  bars(place) {
    if (this.kind === "stack") return window.uPlot.paths.bars({ size: [0.8, 64], gap: 1 });
    return window.uPlot.paths.bars({ size: [Math.max(0.15, 0.8 - place * 0.25), 64], gap: 1 });
  }

  /** The day stands under the first time and under every midnight. */
  times(splits, width) {
    let before = "";
    return splits.map((at) => {
      const day = this.zone.text(at, "day");
      const clock = width >= DAY ? "" : this.zone.text(at, "minute");
      const text = day === before ? clock : clock ? `${clock}\n${day}` : day;
      before = day;
      return text;
    });
  }
}

const INCREMENTS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000, 2592000];

/** The names of the colours, with the value of each under the cursor. */
export function legend(node, figure, step, signs = {}) {
  node.replaceChildren(...figure.series.map((series, place) => el("li", {},
    el("span", { class: `swatch ${colourOf(series, place).slice(2)}`, "aria-hidden": "true", text: signs[series.id] || null }),
    el("span", { text: nameOf(series.name) }),
    step === null ? null : el("strong", { text: written(series.values[step], figure.unit) }))));
}
