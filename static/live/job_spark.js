// Small pictures of runs: how long the last ones took, and when those of last night were.

import { el, say } from "./dom.js";
import { clock } from "./time.js";
import { isBad, lasting, statusOf } from "./job_looks.js";

const SVG = "http://www.w3.org/2000/svg";
const [BAR, GAP, HEIGHT, PLACES] = [5, 2, 34, 30];
const HOUR_MS = 3600000;

function shape(tag, properties, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(properties)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

function named(text) {
  const node = document.createElementNS(SVG, "title");
  node.textContent = text;
  return node;
}

/** What the server draws a run by: its id, its status, when it began, and how long it took. */
const runOf = ([id, status, at, duration]) => ({ id, status, at, duration_ms: duration });

/** One bar per run, as high as it took long; each leads to its run. */
export function spark(drawn) {
  const runs = drawn.map(runOf);
  const durations = runs.map((run) => run.duration_ms).filter((each) => each !== null);
  const most = Math.max(1, ...durations);
  const width = PLACES * (BAR + GAP);
  const shown = runs.slice(-PLACES);
  const bars = shown.map((run, index) => {
    const height = run.duration_ms === null ? 4 : Math.max(4, (run.duration_ms / most) * HEIGHT);
    const x = width - (shown.length - index) * (BAR + GAP);
    const { text } = statusOf(run.status);
    const link = shape("a", { href: `/live/jobs/runs/${run.id}/`, tabindex: -1 },
      named(`${clock(run.at)}: ${text}, ${lasting(run.duration_ms)}`),
      shape("rect", { x: x - GAP / 2, y: 0, width: BAR + GAP, height: HEIGHT, class: "reach" }),
      shape("rect", { x, y: HEIGHT - height, width: BAR, height, rx: 1, class: `bar run-${run.status}` }));
    return link;
  });
  const bad = runs.filter((run) => isBad(run.status)).length;
  const label = say("The last {n} runs; not good: {bad}", { n: runs.length, bad });
  return shape("svg", { viewBox: `0 0 ${width} ${HEIGHT}`, class: "job-spark", role: "group", "aria-label": label }, ...bars);
}

/** The night from `since` to `until`: a mark per run, the bad ones high and on top. */
export function night(jobs, since, until) {
  const [from, to] = [Date.parse(since), Date.parse(until)];
  const place = (ms) => ((ms - from) / (to - from)) * 1000;
  const marks = [];
  for (const job of jobs) {
    for (const run of job.recent.map(runOf)) {
      const { at } = run;
      if (at < from) continue;
      const x = Math.min(998, Math.max(0, place(at)));
      const width = Math.max(3, Math.min(1000, place(run.duration_ms === null ? to : at + run.duration_ms)) - x);
      const high = isBad(run.status);
      marks.push([high ? 2 : run.status === "skipped" ? 1 : 0, shape("a", { href: `/live/jobs/runs/${run.id}/`, tabindex: -1 },
        named(`${job.name}, ${clock(at)}: ${statusOf(run.status).text}`),
        shape("rect", { x, y: high ? 4 : 16, width: run.status === "skipped" ? 3 : width, height: high ? 30 : 18, rx: 1.5, class: `bar run-${run.status}` }))]);
    }
  }
  marks.sort((one, other) => one[0] - other[0]);
  const picture = shape("svg", { viewBox: "0 0 1000 40", preserveAspectRatio: "none", class: "night-line", "aria-hidden": "true" },
    shape("line", { x1: 0, y1: 34.5, x2: 1000, y2: 34.5, class: "ground" }), ...marks.map(([, node]) => node));
  return [picture, el("div", { class: "night-hours", "aria-hidden": "true" }, ...hours(from, to))];
}

function hours(from, to) {
  const step = to - from > 18 * HOUR_MS ? 6 : 3;
  const found = [];
  const first = new Date(from);
  first.setMinutes(0, 0, 0);
  for (let at = first.getTime(); at <= to; at += HOUR_MS) {
    const hour = new Date(at).getHours();
    const share = (at - from) / (to - from);
    if (at < from || hour % step || share > 0.96) continue;
    const mark = el("span", { text: `${String(hour).padStart(2, "0")}:00` });
    mark.style.left = `${share * 100}%`;
    found.push(mark);
  }
  return found;
}
