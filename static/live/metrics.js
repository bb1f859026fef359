// What is measured: names, units, and in which order.

import { words } from "./dom.js";

const LEVELS = { lp: "Lp", leq: "Leq", le: "LE", lmax: "Lmax", lmin: "Lmin", lpeak: "Lpeak", lieq: "LIeq", leq_mov: "Leq,mov", ltm5: "Ltm5" };
const OTHERS = { humidity: ["Humidity", "%"], temperature: ["Temperature", "°C"], dew_point: ["Dew point", "°C"], battery: ["Battery", "%"], pressure: ["Pressure", "hPa"], co2: ["CO₂", "ppm"] };
const ORDER = ["lp", "leq", "lmax", "lmin", "lpeak", "ln1", "ln2", "ln3", "ln4", "ln5", "le", "lieq", "humidity", "temperature"];
/** What the meter's percentiles are unless they were set otherwise. */
const PERCENT = { ln1: 5, ln2: 10, ln3: 50, ln4: 90, ln5: 95 };

export function isLevel(metric) {
  const bare = metric.replace(/^sub\d_/, "");
  return bare in LEVELS || /^(ln\d|l(eq|max|min|peak|tm)|spl$|noise$)/.test(bare) || /(^|_)db[acz]?$/.test(bare);
}

export function nameOf(metric) {
  if (OTHERS[metric]) return words(OTHERS[metric][0]);
  const sub = /^sub(\d)_(.+)$/.exec(metric);
  if (sub) return `${nameOf(sub[2])} (Sub${sub[1]})`;
  return LEVELS[metric] || (PERCENT[metric] ? metric.toUpperCase() : metric.replaceAll("_", " "));
}

export function unitOf(metric) {
  if (OTHERS[metric]) return OTHERS[metric][1];
  return isLevel(metric) ? "dB" : "";
}

export const percentOf = (metric) => PERCENT[metric] || null;

const place = (metric) => (ORDER.includes(metric) ? ORDER.indexOf(metric) : 100);
export const inOrder = (metrics) => [...metrics].sort((a, b) => place(a) - place(b) || a.localeCompare(b));

const language = document.documentElement.lang || undefined;
const oneDigit = new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** 61.2; a dash where there is no value. */
export const number = (value) => (value === null || value === undefined ? "–" : oneDigit.format(value));
export const quantity = (metric, value) => `${number(value)}${value === null || value === undefined || !unitOf(metric) ? "" : ` ${unitOf(metric)}`}`;

/** The metric that stands for a device: its loudness, its humidity, or whatever it has. */
export function mainMetric(values) {
  const known = inOrder(Object.keys(values || {}).filter((metric) => values[metric] !== null));
  return known[0] || null;
}
