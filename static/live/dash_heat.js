// A calendar: a square for each day, in the colour of the worst that the day had; a column is a week.

import { colourOf, style } from "./dash_chart.js";
import { el } from "./dom.js";

const FONT = "11px system-ui, sans-serif";
const READABLE = 14;
/** What stands in a square besides its colour: the signs of the page of one backup. */
export const SIGNS = { late: "◷", suspicious: "~", hash_mismatch: "≠", transfer_integrity_failed: "!", failed: "✕", missing: "?" };
const DAY = 86400;
const [LEFT, TOP, LARGEST] = [8, 20, 24];

export class Calendar {
  /** The same as Figure of dash_chart.js; the series stand in the order of badness. */
  constructor(node, _kind, zone, onCursor) {
    Object.assign(this, { node, zone, onCursor, figure: null, places: [] });
    new ResizeObserver(() => this.build()).observe(node);
    for (const query of ["(prefers-color-scheme: dark)", "(forced-colors: active)"]) window.matchMedia(query).addEventListener("change", () => this.build());
  }

  show(figure, at, until, step) {
    Object.assign(this, { figure, at, until, step });
    this.build();
  }

  /** Where each step stands: its column and row. */
  laid() {
    if (this.step !== "day") return this.at.map((_at, place) => [place, 0]);
    const first = this.number(this.at[0]);
    const offset = (first + 3) % 7; // 1970-01-01 was a Thursday; a week begins on Monday
    return this.at.map((at) => [Math.floor((this.number(at) - first + offset) / 7), (this.number(at) + 3) % 7]);
  }

  number(at) {
    return Math.round(Date.parse(`${this.zone.text(at, "iso")}T00:00:00Z`) / 1000 / DAY);
  }

  worst(place) {
    let found = -1;
    this.figure.series.forEach((series, number) => { if (series.values[place]) found = number; });
    return found;
  }

  build() {
    if (!this.figure || !this.node.clientWidth) return;
    const ratio = window.devicePixelRatio || 1;
    const width = Math.floor(this.node.clientWidth);
    this.places = this.laid();
    const columns = Math.max(...this.places.map(([column]) => column)) + 1;
    const rows = this.step === "day" ? 7 : 1;
    const size = Math.max(3, Math.min(LARGEST, Math.floor((width - LEFT) / columns), Math.floor((this.node.clientHeight - TOP) / rows)));
    const canvas = el("canvas", { width: Math.floor(width * ratio), height: Math.floor((TOP + rows * size) * ratio), class: "dash-calendar" });
    const ctx = canvas.getContext("2d");
    ctx.scale(ratio, ratio);
    this.size = size;
    this.months(ctx);
    this.places.forEach(([column, row], place) => {
      const worst = this.worst(place);
      ctx.fillStyle = worst < 0 ? style("--sunk") : style(colourOf(this.figure.series[worst], worst));
      ctx.fillRect(LEFT + column * size, TOP + row * size, size - Math.min(2, size / 4), size - Math.min(2, size / 4));
      if (worst >= 0 && size >= READABLE) this.sign(ctx, SIGNS[this.figure.series[worst].id] || "", LEFT + (column + .5) * size - 1, TOP + (row + .5) * size);
    });
    canvas.addEventListener("pointermove", (event) => this.onCursor(this.under(event)));
    canvas.addEventListener("pointerleave", () => this.onCursor(null));
    this.node.replaceChildren(canvas);
  }

  sign(ctx, text, x, y) {
    Object.assign(ctx, { font: `bold ${Math.floor(this.size * .55)}px system-ui, sans-serif`, textAlign: "center", textBaseline: "middle", fillStyle: style("--p-ink") });
    ctx.fillText(text, x, y);
  }

  months(ctx) {
    Object.assign(ctx, { font: FONT, fillStyle: style("--muted") });
    let before = "";
    let free = 0;
    this.places.forEach(([column], place) => {
      const month = this.zone.text(this.at[place], "iso").slice(0, 7);
      const x = LEFT + column * this.size;
      if (month === before || x < free) return;
      const text = this.zone.text(this.at[place], "day");
      ctx.fillText(text, x, 12);
      free = x + ctx.measureText(text).width + 12;
      before = month;
    });
  }

  under(event) {
    const column = Math.floor((event.offsetX - LEFT) / this.size);
    const row = Math.floor((event.offsetY - TOP) / this.size);
    const found = this.places.findIndex(([x, y]) => x === column && y === row);
    return found < 0 ? null : found;
  }
}
