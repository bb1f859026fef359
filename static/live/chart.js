// The chart of one device, drawn by uPlot: lines with their lowest and highest values, limits within their hours, onsets and clears.

import { el, say } from "./dom.js";
import { isLevel, nameOf, number, unitOf } from "./metrics.js";

const axisFigures = new Intl.NumberFormat(document.documentElement.lang || undefined);
const COLOURS = ["--line-1", "--line-2", "--line-3", "--line-4", "--line-5", "--line-6"];
const DAY = 86400;
const SMALLEST_DRAG = 6; // pixels
const FONT = "12px system-ui, sans-serif";

export class Chart {
  /** node: where it is drawn; zone: the device's; onZoom(since, until): somebody chose a stretch. */
  constructor(node, { zone, onZoom, onCursor }) {
    Object.assign(this, { node, zone, onZoom, onCursor });
    this.shown = [];
    this.limits = [];
    this.marks = [];
    this.point = null;
    this.waiting = false;
    this.plot = null;
    new ResizeObserver(() => this.fit()).observe(node);
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) {
      window.matchMedia(query).addEventListener("change", () => this.build());
    }
  }

  /** Show these metrics of `series` between two instants (seconds). */
  show(series, metrics, since, until) {
    const key = metrics.join();
    Object.assign(this, { series, since, until });
    if (key !== this.key || !this.plot) {
      this.key = key;
      this.shown = metrics;
      this.build();
    } else this.soon();
  }

  /** limits: [{value, unit, name, bad, stretches}]; marks: [{from, until|null, bad}]; point: an instant to point at, or null. */
  annotate({ limits, marks, point }) {
    Object.assign(this, { limits, marks, point });
    this.soon();
  }

  soon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.draw();
    });
  }

  draw() {
    if (!this.plot) return;
    this.plot.batch(() => {
      this.plot.setData(this.data(), false);
      this.plot.setScale("x", { min: this.since, max: this.until });
    });
  }

  data() {
    const columns = [this.series.at];
    this.shown.forEach((metric, place) => {
      const column = this.series.columns[metric] || { mean: [], low: [], high: [] };
      columns.push(column.mean);
      if (place === 0) columns.push(column.high, column.low);
    });
    return columns;
  }

  fit() {
    const { width, height } = this.size();
    if (this.plot && width > 0 && (this.plot.width !== width || this.plot.height !== height)) this.plot.setSize({ width, height });
  }

  size() {
    return { width: Math.floor(this.node.clientWidth), height: Math.floor(this.node.clientHeight) };
  }

  colour(name) {
    return getComputedStyle(document.documentElement).getPropertyValue(name).trim() || "#888";
  }

  build() {
    if (!this.series || !this.node.clientWidth) return;
    if (this.plot) this.plot.destroy();
    const units = [...new Set(this.shown.map(unitOf))];
    this.ink = { muted: this.colour("--muted"), line: this.colour("--line"), bad: this.colour("--p1"), mild: this.colour("--p3"), good: this.colour("--good-ink"), ink: this.colour("--ink") };
    this.plot = new window.uPlot({
      ...this.size(),
      tzDate: (at) => window.uPlot.tzDate(new Date(at * 1000), this.zone.name),
      padding: [14, units.length > 1 ? 0 : 12, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: true, y: false, setScale: false }, points: { size: 7 } },
      scales: { x: { time: true }, ...Object.fromEntries(units.map((unit) => [unit || "n", { range: (_plot, low, high) => this.range(unit, low, high) }])) },
      axes: this.axes(units),
      series: this.lines(),
      bands: this.shown.length ? [{ series: [2, 3], fill: this.faded("--line-1", 0.2) }] : [],
      hooks: {
        drawClear: [(plot) => this.drawMarks(plot)],
        draw: [(plot) => this.drawLimits(plot)],
        setSelect: [(plot) => this.chosen(plot)],
        setCursor: [(plot) => this.onCursor(plot.cursor.idx)],
      },
    }, this.data(), this.node);
    this.plot.setScale("x", { min: this.since, max: this.until });
    this.touch(this.plot.over);
  }

  lines() {
    const found = [{}];
    this.shown.forEach((metric, place) => {
      const scale = unitOf(metric) || "n";
      const colour = this.colour(COLOURS[place % COLOURS.length]);
      found.push({ label: nameOf(metric), scale, stroke: colour, width: place === 0 ? 1.75 : 1.25, spanGaps: false, points: { show: (_plot, _series, first, last) => last - first < 40, size: 4 } });
      if (place === 0) found.push(...["high", "low"].map((label) => ({ label, scale, stroke: null, width: 0, points: { show: false } })));
    });
    return found;
  }

  axes(units) {
    const look = { stroke: this.ink.muted, font: FONT, ticks: { stroke: this.ink.line, width: 1, size: 5 }, grid: { stroke: this.ink.line, width: 1 } };
    return [
      { ...look, space: 74, size: 44, values: (_plot, splits, _axis, _space, step) => this.times(splits, step) },
      ...units.map((unit, place) => ({
        ...look, scale: unit || "n", side: place === 0 ? 3 : 1, size: 54, incrs: [0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 10000], grid: place === 0 ? look.grid : { show: false },
        values: (_plot, splits) => splits.map((value) => `${axisFigures.format(value)} ${unit}`.trim()),
      })),
    ];
  }

  /** The day stands under the first time and under every midnight. */
  times(splits, step) {
    let before = "";
    return splits.map((at) => {
      const day = this.zone.text(at, "day");
      const time = step >= DAY ? "" : this.zone.text(at, step < 60 ? "second" : "minute");
      const text = day === before ? time : time ? `${time}\n${day}` : day;
      before = day;
      return text;
    });
  }

  range(unit, low, high) {
    const limits = this.limits.filter((limit) => limit.unit === unit && limit.stretches.length).map((limit) => limit.value);
    const all = [low, high, ...limits].filter((value) => value !== null && Number.isFinite(value));
    if (!all.length) return unit === "dB" ? [30, 90] : [0, 100];
    const [bottom, top] = [Math.min(...all), Math.max(...all)];
    const room = Math.max((top - bottom) * 0.08, unit === "dB" ? 2 : 1);
    return [Math.floor(bottom - room), Math.ceil(top + room)];
  }

  faded(name, strength) {
    const canvas = el("canvas", { width: 1, height: 1 }).getContext("2d");
    canvas.fillStyle = this.colour(name);
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue] = canvas.getImageData(0, 0, 1, 1).data;
    return `rgba(${red},${green},${blue},${strength})`;
  }

  chosen(plot) {
    const { left, width } = plot.select;
    if (width < SMALLEST_DRAG) return;
    const since = plot.posToVal(left, "x");
    const until = plot.posToVal(left + width, "x");
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
    this.onZoom(since, until);
  }

  /** A finger that moves sideways chooses a stretch; up and down still scrolls the page. */
  touch(over) {
    let from = null;
    const place = (event) => Math.max(0, Math.min(over.clientWidth, event.clientX - over.getBoundingClientRect().left));
    const select = (event, fire) => {
      const to = place(event);
      this.plot.setSelect({ left: Math.min(from, to), width: Math.abs(to - from), top: 0, height: over.clientHeight }, fire);
    };
    over.addEventListener("pointerdown", (event) => { if (event.pointerType === "touch") from = place(event); });
    over.addEventListener("pointermove", (event) => { if (from !== null && event.pointerType === "touch") select(event, false); });
    over.addEventListener("pointerup", (event) => { if (from !== null) { select(event, true); from = null; } });
    over.addEventListener("pointercancel", () => { from = null; this.plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false); });
  }

  drawMarks(plot) {
    const { ctx, bbox } = plot;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    for (const mark of this.marks) {
      const from = plot.valToPos(mark.from, "x", true);
      const until = mark.until === null ? bbox.left + bbox.width : plot.valToPos(mark.until, "x", true);
      if (until < bbox.left || from > bbox.left + bbox.width) continue;
      ctx.fillStyle = this.faded("--p1", 0.1);
      ctx.fillRect(from, bbox.top, Math.max(1, until - from), bbox.height);
      this.upright(ctx, bbox, from, this.ink.bad, "▲");
      if (mark.until !== null) this.upright(ctx, bbox, until, this.ink.good, "▽");
    }
    if (this.point !== null) this.upright(ctx, bbox, plot.valToPos(this.point, "x", true), this.ink.ink, "◆");
    ctx.restore();
  }

  upright(ctx, bbox, x, colour, sign) {
    const ratio = window.devicePixelRatio || 1;
    ctx.strokeStyle = ctx.fillStyle = colour;
    ctx.lineWidth = ratio;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.font = `${11 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "center";
    ctx.textBaseline = "top";
    ctx.fillText(sign, x, bbox.top);
  }

  drawLimits(plot) {
    const { ctx, bbox } = plot;
    const ratio = window.devicePixelRatio || 1;
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.lineWidth = 1.5 * ratio;
    ctx.font = `600 ${11 * ratio}px system-ui, sans-serif`;
    ctx.textAlign = "left";
    ctx.textBaseline = "bottom";
    for (const limit of this.limits) {
      if (!plot.scales[limit.unit || "n"]) continue;
      const y = plot.valToPos(limit.value, limit.unit || "n", true);
      ctx.strokeStyle = ctx.fillStyle = limit.bad ? this.ink.bad : this.ink.mild;
      ctx.setLineDash([6 * ratio, 4 * ratio]);
      let said = -Infinity;
      for (const [from, until] of limit.stretches) {
        const left = Math.max(bbox.left, plot.valToPos(from, "x", true));
        const right = Math.min(bbox.left + bbox.width, plot.valToPos(until, "x", true));
        ctx.beginPath();
        ctx.moveTo(left, y);
        ctx.lineTo(right, y);
        ctx.stroke();
        const width = ctx.measureText(limit.name).width;
        if (right - left > width + 12 * ratio && left > said + 200 * ratio) {
          ctx.fillText(limit.name, left + 6 * ratio, y - 2 * ratio);
          said = left;
        }
      }
    }
    ctx.restore();
  }
}

/** The line of words under the chart: what the cursor is at. */
export function readout(series, metrics, place, zone) {
  if (place === null || place === undefined || series.at[place] === undefined) return "";
  const parts = metrics.map((metric) => {
    const column = series.columns[metric];
    const value = column ? column.mean[place] : null;
    if (value === null || value === undefined) return `${nameOf(metric)} –`;
    const wide = series.step > 2 && column.high[place] !== column.low[place] ? ` (${number(column.low[place])}–${number(column.high[place])})` : "";
    return `${nameOf(metric)} ${number(value)} ${unitOf(metric)}${wide}`;
  });
  return `${zone.text(series.at[place], "full")} · ${parts.join(" · ")}`;
}

/** What the values of the line are: as they came, or means over a width. */
export function meaning(series, metrics) {
  if (series.step <= 2 || !metrics.length) return "";
  const width = series.step < 60 ? `${series.step} s` : series.step < 3600 ? `${series.step / 60} min` : `${series.step / 3600} h`;
  return isLevel(metrics[0]) ? say("Each point: Leq, lowest and highest of {width}.", { width }) : say("Each point: mean, lowest and highest of {width}.", { width });
}
