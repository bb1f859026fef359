// How jobs and runs read. Colour is never the only sign: every state has a symbol and a word.

import { decimal, el, pair, say, words } from "./dom.js";
import { clock, duration, now, seconds } from "./time.js";

const RUNS = {
  queued: ["…", "waits"], running: ["▶", "running"], success: ["✓", "succeeded"], warning: ["!", "succeeded with a warning"],
  error: ["✕", "failed"], orphaned: ["⊘", "died"], skipped: ["–", "skipped"],
};
const KINDS = {
  bad: ["✕", "Failed"], died: ["⊘", "Died"], late: ["◷", "Did not start"], held: ["–", "Did not run"], warning: ["!", "Warning"], odd: ["~", "Not as usual"],
  running: ["▶", "Running"], waiting: ["…", "Waiting"], never: ["○", "Never ran"], good: ["✓", "Good"], paused: ["‖", "Paused"], off: ["○", "Switched off"],
};
/** The worse, the sooner. */
const RANK = { bad: 0, died: 0, late: 0, held: 1, warning: 2, odd: 2, running: 3, waiting: 3, never: 4, good: 5, paused: 6, off: 7 };

export const isBad = (status) => status === "error" || status === "orphaned";
export const isGood = (status) => status === "success" || status === "warning";
export const isOpen = (status) => status === "queued" || status === "running";

/** Sign and word of a run's status. */
export const statusOf = (status) => ({ sign: (RUNS[status] || ["?"])[0], text: words((RUNS[status] || ["", status])[1]) });

/** How a job is: kind, sign and word, and how much it needs somebody. */
export function standing(job) {
  const kind = kindOf(job);
  return { kind, rank: RANK[kind], sign: KINDS[kind][0], text: words(KINDS[kind][1]) };
}

export const inTrouble = (job) => standing(job).rank <= 1;

function kindOf(job) {
  const types = job.alerts.map((alert) => alert.type);
  const { last } = job;
  if (!job.enabled) return "off";
  if (types.includes("job-late")) return "late";
  if (last && last.status === "error") return "bad";
  if (last && last.status === "orphaned") return "died";
  if (last && last.status === "running") return types.includes("job-error") || types.includes("job-orphaned") ? "bad" : "running";
  if (types.includes("job-orphaned")) return "died";
  if (types.includes("job-error")) return "bad";
  if (last && last.status === "queued") return "waiting";
  if (last && last.status === "skipped" && last.trigger === "chain") return "held";
  if (job.paused_until) return "paused";
  if (!last) return "never";
  if (last.status === "warning") return "warning";
  return types.includes("job-drift") ? "odd" : "good";
}

/** 340 ms, 4.2 s, 3 min 12 s, 2 h 5 min. */
export function lasting(ms) {
  if (ms === null || ms === undefined) return "–";
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 10000) return `${decimal(ms / 1000, 1)} s`;
  let left = Math.round(ms / 1000);
  const parts = [];
  for (const [size, unit] of [[86400, words("d")], [3600, "h"], [60, "min"], [1, "s"]]) {
    const count = Math.floor(left / size);
    left -= count * size;
    if (count) parts.push(`${count} ${unit}`);
  }
  return parts.slice(0, 2).join(" ");
}

/** What a run did, in one line: “failed at 02:31, took 3 min 12 s”. */
export function sentence(run) {
  if (!run) return words("never ran");
  const { text } = statusOf(run.status);
  if (run.status === "running") return say("running for {time}", { time: lasting(now() - Date.parse(run.started_at)) });
  if (run.status === "queued") return say("waits since {when}", { when: clock(run.queued_at) });
  const when = clock(run.finished_at || run.queued_at);
  if (run.duration_ms === null || run.status === "skipped") return say("{what} at {when}", { what: text, when });
  return say("{what} at {when}, took {time}", { what: text, when, time: lasting(run.duration_ms) });
}

/** Why: what the run itself says about it. */
export const reasonOf = (run) => (run ? run.message || run.reason || lastLine(run.error) : "");

/** Why a job is as it is. What did not start has nothing to say. */
export const whyOf = (job) => (standing(job).kind === "late" ? "" : reasonOf(job.last));

function lastLine(text) {
  const lines = (text || "").trim().split("\n");
  return lines[lines.length - 1] || "";
}

const TRIGGERS = { scheduler: "by its schedule", manual: "by hand", api: "by REST", chain: "after another job", retry: "another try after an error" };

export function triggerOf(run) {
  const how = words(TRIGGERS[run.trigger] || run.trigger);
  const tries = run.attempt > 1 ? say(", try {n}", { n: run.attempt }) : "";
  return `${run.triggered_by ? pair(how, run.triggered_by) : how}${tries}`;
}

/** “in 7 h 12”, “now”, or nothing. */
export function nextOf(job) {
  if (!job.enabled) return words("switched off");
  if (job.paused_until) return say("paused until {when}", { when: clock(job.paused_until) });
  if (!job.next_run_at) return job.after.length ? words("after the job before it") : words("no schedule");
  const left = -seconds(job.next_run_at);
  if (job.kind === "external") return left <= 0 ? words("expected now") : say("expected in {time}", { time: duration(left) });
  return left <= 0 ? words("due now") : say("in {time}", { time: duration(left) });
}

/** A round sign of a state; its word is read aloud. */
export const signNode = (kind, sign, text) => el("span", { class: `sign k-${kind}`, title: text }, el("span", { "aria-hidden": "true", text: sign }), el("span", { class: "visually-hidden", text: ` ${text} ` }));

export const runSign = (status) => {
  const { sign, text } = statusOf(status);
  return signNode(`run-${status}`, sign, text);
};

export const percent = (rate) => (rate === null ? "–" : `${rate === 1 ? 100 : decimal(Math.min(99.9, rate * 100), rate > 0.995 ? 1 : 0)} %`);

/** A number as people write it: a figure of a run. */
export function figure(value) {
  if (typeof value === "number") return value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 4 });
  if (value === null || value === undefined) return "–";
  return typeof value === "string" ? value : JSON.stringify(value);
}
