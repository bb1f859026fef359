// Numbers, lengths of time and names, as the dashboards write them.

import { data, words } from "./dom.js";

export const page = data("data");
const language = document.documentElement.lang || undefined;
const whole = new Intl.NumberFormat(language);
const fine = new Intl.NumberFormat(language, { maximumSignificantDigits: 3 });

const tenths = new Intl.NumberFormat(language, { maximumFractionDigits: 1 });

export const nameOf = (id) => page.words[id] || id;

/** A sentence of the page with its places filled. */
export const sentence = (id, places = {}) => (page.sentences[id] || "").replace(/\{(\w+)\}/g, (all, name) => (name in places ? (typeof places[name] === "number" ? number(places[name]) : String(places[name])) : all));

export function number(value) {
  if (value === null || value === undefined) return "–";
  return Number.isInteger(value) ? whole.format(value) : fine.format(value);
}

/** Seconds in the unit that fits: 0.7 s, 45 s, 3.2 min, 5 h, 2 d. */
export function time(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  for (const [size, unit] of [[86400, "d"], [3600, "h"], [60, "min"]]) {
    if (seconds >= 2 * size) return `${fine.format(seconds / size)} ${words(unit)}`;
  }
  return seconds > 0 && seconds < 1 ? `${fine.format(seconds * 1000)} ms` : `${fine.format(seconds)} s`;
}

export function written(value, unit) {
  if (unit === "s") return time(value);
  return unit && value !== null ? `${number(value)} ${unit}` : number(value);
}

/** A cell of a table, by what its column is called. */
export function cell(value, column) {
  if (typeof value === "string") return nameOf(value);
  if (column.endsWith("_seconds")) return time(value);
  if (column.endsWith("_percent")) return value === null ? "–" : `${number(value)} %`;
  if (/(^|_)hours$/.test(column)) return value === null ? "–" : tenths.format(value);
  return number(value);
}
