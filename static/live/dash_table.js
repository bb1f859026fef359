// The numbers behind a figure as a table, for eyes that cannot read the figure, and for paper.

import { el } from "./dom.js";
import { cell, nameOf, written } from "./dash_words.js";

/** How a step is named: by its day, or by its hour. */
export function stepName(zone, at, step) {
  return step === "hour" ? zone.text(at, "moment") : zone.text(at, "date");
}

export function figureTable(figure, at, zone, step) {
  const head = el("tr", {}, el("th", { text: nameOf("begin"), scope: "col" }), ...figure.series.map((series) => el("th", { text: nameOf(series.name), scope: "col" })));
  const rows = at.map((instant, place) => el("tr", {}, el("th", { scope: "row", text: stepName(zone, instant, step) }), ...figure.series.map((series) => el("td", { text: written(series.values[place], figure.unit) }))));
  return el("table", { class: "dash-numbers" }, el("thead", {}, head), el("tbody", {}, ...rows));
}

export function sumsTable(table) {
  const head = el("tr", {}, ...table.columns.map((column) => el("th", { text: nameOf(column), scope: "col" })));
  const rows = table.rows.map((row) => el("tr", {}, ...row.map((value, place) => el(place ? "td" : "th", { text: cell(value, table.columns[place]), ...(place ? { "data-name": nameOf(table.columns[place]) } : { scope: "row" }) }))));
  return el("table", { class: "dash-numbers" }, el("thead", {}, head), el("tbody", {}, ...rows));
}
