// What a chart holds: points in columns, each with its mean, lowest and highest value. Loaded from REST, continued by live frames.
// A stretch without values is a row of nulls, so that it is drawn as a gap.

import { isLevel } from "./metrics.js";

const MOST = 6000;
const DROPPED = 2000;
const POLLED_GAP = 35; // seconds: an idle meter is asked every ten
const PUSHED_GAP = 900;

export class Series {
  /** silentAfter: seconds after which a pushing device counts as silent, or null. */
  constructor({ polled, silentAfter }) {
    this.gapAtLeast = polled ? POLLED_GAP : Math.max(PUSHED_GAP, silentAfter || 0);
    this.clear(["lp"]);
  }

  clear(metrics) {
    this.step = 0;
    this.source = "raw";
    this.at = [];
    this.columns = Object.fromEntries(metrics.map((metric) => [metric, { mean: [], low: [], high: [] }]));
    this.counts = {};
    this.last = -Infinity; // the newest instant that has values
    this.gap = this.gapAtLeast;
  }

  /** Take what REST answered: {source, step_seconds, at, metrics: {name: {mean, low, high}}}. */
  load(answer, metrics) {
    this.clear(metrics);
    this.step = answer.step_seconds;
    this.source = answer.source;
    this.gap = Math.max(this.gapAtLeast, 2.5 * this.step, 4 * median(steps(answer.at)));
    answer.at.forEach((at, place) => {
      this.row(at);
      for (const metric of metrics) {
        const found = answer.metrics[metric];
        for (const part of ["mean", "low", "high"]) this.columns[metric][part].push(found ? found[part][place] : null);
      }
      this.last = at;
    });
  }

  /** Begin a new point at `at`, after a row of nulls when there was nothing for long. */
  row(at) {
    if (at - this.last > this.gap && this.at.length) {
      this.at.push(this.last + Math.min(this.step || 1, (at - this.last) / 2));
      for (const column of Object.values(this.columns)) for (const part of ["mean", "low", "high"]) column[part].push(null);
    }
    this.at.push(at);
  }

  /** Add one live frame, to the last point when it belongs to the same width. Frames that are no news change nothing. */
  add(at, values) {
    if (at <= this.last) return;
    const width = this.step;
    const same = width > 0 && this.at.length && Math.floor(at / width) === Math.floor(this.at[this.at.length - 1] / width) && at - this.last <= this.gap;
    if (!same) {
      this.row(at);
      this.counts = {};
    }
    for (const [metric, column] of Object.entries(this.columns)) {
      const value = values[metric] ?? null;
      if (!same) for (const part of ["mean", "low", "high"]) column[part].push(value);
      else if (value !== null) this.fold(metric, column, value);
      if (value !== null) this.counts[metric] = (this.counts[metric] || 0) + 1;
    }
    this.last = at;
    if (this.at.length > MOST) this.drop();
  }

  fold(metric, column, value) {
    const end = column.mean.length - 1;
    const old = column.mean[end];
    const count = this.counts[metric] || 1;
    column.mean[end] = old === null ? value : mean(metric, old, count, value);
    column.low[end] = column.low[end] === null ? value : Math.min(column.low[end], value);
    column.high[end] = column.high[end] === null ? value : Math.max(column.high[end], value);
  }

  drop() {
    this.at.splice(0, DROPPED);
    for (const column of Object.values(this.columns)) for (const part of ["mean", "low", "high"]) column[part].splice(0, DROPPED);
  }

  /** What lies between two instants: {mean, low, high, highAt} of one metric, or null. */
  summary(metric, since, until) {
    const column = this.columns[metric];
    const found = { low: null, high: null, highAt: null, lowAt: null, sum: 0, count: 0 };
    for (let place = 0; column && place < this.at.length; place += 1) {
      const at = this.at[place];
      if (at < since || at > until || column.mean[place] === null) continue;
      if (found.high === null || column.high[place] > found.high) Object.assign(found, { high: column.high[place], highAt: at });
      if (found.low === null || column.low[place] < found.low) Object.assign(found, { low: column.low[place], lowAt: at });
      found.sum += isLevel(metric) ? 10 ** (column.mean[place] / 10) : column.mean[place];
      found.count += 1;
    }
    if (!found.count) return null;
    const middle = found.sum / found.count;
    return { ...found, mean: isLevel(metric) ? 10 * Math.log10(middle) : middle };
  }
}

function mean(metric, old, count, value) {
  if (!isLevel(metric)) return (old * count + value) / (count + 1);
  return 10 * Math.log10((10 ** (old / 10) * count + 10 ** (value / 10)) / (count + 1));
}

const steps = (at) => at.slice(1).map((instant, place) => instant - at[place]);

function median(values) {
  if (!values.length) return 0;
  const ordered = Float64Array.from(values).sort();
  return ordered[ordered.length >> 1];
}
