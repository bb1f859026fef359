// A figure as a picture: its title, the stretch of time and the names of its colours are drawn with it.

import { colourOf } from "./dash_chart.js";
import { nameOf } from "./dash_words.js";

const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const MARGIN = 24;
const LINE = 22;

/** Have the browser store what the canvas `plot` shows; `title` and `span` are written above it, the series below. */
export function savePicture(plot, { title, span, series, name }) {
  const ratio = window.devicePixelRatio || 1;
  const width = Math.max(plot.width, 480 * ratio) + 2 * MARGIN * ratio;
  const canvas = document.createElement("canvas");
  const rows = Math.ceil(series.length / 3);
  Object.assign(canvas, { width, height: plot.height + (2 * MARGIN + 52 + rows * LINE) * ratio });
  const ctx = canvas.getContext("2d");
  ctx.fillStyle = style("--card") || "#fff";
  ctx.fillRect(0, 0, canvas.width, canvas.height);
  const write = (text, x, y, font, colour) => Object.assign(ctx, { font, fillStyle: colour }) && ctx.fillText(text, x, y, canvas.width - x - MARGIN * ratio);
  write(title, MARGIN * ratio, (MARGIN + 14) * ratio, `700 ${18 * ratio}px system-ui, sans-serif`, style("--ink"));
  write(`Sentinel · ${span}`, MARGIN * ratio, (MARGIN + 36) * ratio, `${13 * ratio}px system-ui, sans-serif`, style("--muted"));
  ctx.drawImage(plot, MARGIN * ratio, (MARGIN + 48) * ratio);
  series.forEach((each, place) => {
    const x = MARGIN * ratio + (place % 3) * ((canvas.width - 2 * MARGIN * ratio) / 3);
    const y = plot.height + (MARGIN + 48 + LINE * (1 + Math.floor(place / 3))) * ratio;
    ctx.fillStyle = style(each.colour || colourOf(each, place));
    ctx.fillRect(x, y - 10 * ratio, 12 * ratio, 12 * ratio);
    write(nameOf(each.name), x + 18 * ratio, y, `${13 * ratio}px system-ui, sans-serif`, style("--ink"));
  });
  canvas.toBlob((blob) => store(blob, `${name}.png`));
}

function store(blob, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(blob), download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
