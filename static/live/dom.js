// Small tools for the page. Foreign words only ever become text nodes.

import { speak } from "./spoken.js";

export const byId = (id) => document.getElementById(id);
export const data = (id) => JSON.parse(byId(id).textContent);
export const words = (text) => (window.gettext ? window.gettext(text) : text);

const language = document.documentElement.lang || undefined;
const figures = new Intl.NumberFormat(language);

/** `say("{n} more", {n: 3})`: a sentence with places. Numbers are written as the reader writes them. */
export function say(text, places = {}) {
  return filled(words(text), places);
}

/** What `alert` says, in the language of the page where Sentinel wrote it: `name` is "title", "description" or "links". */
export const inWords = (alert, name) => ((alert.translations || {})[language || "en"] || {})[name] || alert[name];

/** "name: value", as a language sets its colon. */
export const pair = (name, value) => say("{name}: {value}", { name, value });

/** `sayMany("{n} alert", "{n} alerts", 3)`: the same, as a language counts. */
export function sayMany(one, many, n, places = {}) {
  const text = window.ngettext ? window.ngettext(one, many, n) : n === 1 ? one : many;
  return filled(text, { n, ...places });
}

function filled(text, places) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in places ? (typeof places[name] === "number" ? figures.format(places[name]) : String(places[name])) : whole));
}

/** A number with so many digits after the point, or comma. */
export const decimal = (value, digits) => new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);

/** An element with properties (`class`, `text`, `href`, `data-x`, ...) and children. */
export function el(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name === "class") node.className = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
}

/** Set text only when it differs, so that a ticking page does no work. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

export function show(node, visible) {
  if (node.hidden === visible) node.hidden = !visible;
}

/** A link that leads to http or https, or else its plain text. */
export function safeLink(href, text) {
  try {
    const url = new URL(href);
    if (["http:", "https:"].includes(url.protocol)) return el("a", { href: url.href, text: text || href, rel: "noopener noreferrer nofollow", target: "_blank" });
  } catch {
    // not an address: shown as text
  }
  return document.createTextNode(text || href);
}

let toastTimer = 0;
export function toast(text, bad = false) {
  const node = byId("toast");
  speak(text, { urgent: bad });
  node.textContent = text;
  node.classList.toggle("bad", bad);
  node.hidden = false;
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { node.hidden = true; }, bad ? 8000 : 4000);
}
