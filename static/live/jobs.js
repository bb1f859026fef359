// Every job: whether last night went well, then what needs somebody, chains as one story.

import { byId, data, el, say, sayMany, setText, show, words } from "./dom.js";
import { keepFocus, refill } from "./focus.js";
import { setUpSearchKey } from "./keys.js";
import { clock, setServerNow } from "./time.js";
import { watchHealth } from "./health.js";
import { Again } from "./again.js";
import { inTrouble, isBad, standing, whyOf } from "./job_looks.js";
import { night } from "./job_spark.js";
import { JobRow } from "./job_row.js";

const EVERY_MS = 10000;
const BUSY_MS = 3000;
const page = data("data");
const rows = new Map(); // slug -> JobRow
const blocks = new Map(); // slugs of its members -> node
const filter = { show: "all", text: "" };
let snapshot = page.snapshot;

const jobs = () => snapshot.jobs;
const named = (slug) => rows.get(slug).job;

/** Chains and single jobs, as lists of slugs. */
function groups() {
  const chained = new Set(snapshot.chains.flat());
  return [...snapshot.chains, ...jobs().filter((job) => !chained.has(job.slug)).map((job) => [job.slug])];
}

function glance() {
  const bad = jobs().filter(inTrouble).sort((one, other) => standing(one).rank - standing(other).rank);
  const { total } = snapshot;
  const mended = jobs().filter((job) => !inTrouble(job) && job.night.error + job.night.orphaned > 0);
  const state = bad.length ? "bad" : total.total === 0 ? "never" : "good";
  byId("glance").className = `card glance g-${state}`;
  setText(byId("sign"), { bad: "✕", never: "○", good: "✓" }[state]);
  setText(byId("headline"), bad.length ? sayMany("Last night did not go well: one of {all} jobs needs somebody.", "Last night did not go well: {n} of {all} jobs need somebody.", bad.length, { all: jobs().length })
      : total.total === 0 ? words("Nothing ran last night.") : words("Everything went well last night."));
  const parts = [sayMany("Since {when}: {n} run", "Since {when}: {n} runs", total.total, { when: clock(snapshot.since) })];
  for (const [count, text] of [[total.success + total.warning, "{n} good"], [total.warning, "{n} with a warning"], [total.error + total.orphaned, "{n} bad"], [total.skipped, "{n} skipped"], [total.running, "{n} running"]]) {
    if (count) parts.push(say(text, { n: count }));
  }
  if (mended.length) parts.push(say("made good since: {jobs}", { jobs: mended.map((job) => job.name).join(", ") }));
  setText(byId("counts"), parts.join(" · "));
  refill(byId("bad"), ...bad.map((job) => el("li", {}, el("a", { href: `#${job.slug}`, text: job.name }), ` ${standing(job).text.toLowerCase()}`, whyOf(job) ? el("span", { class: "muted", text: ` · ${whyOf(job).slice(0, 160)}` }) : "")));
  byId("night").replaceChildren(...night(jobs(), snapshot.since, snapshot.now));
  document.title = `${bad.length ? `(${bad.length}) ` : ""}${words("Jobs")} · Sentinel`;
}

const rankOf = (group) => Math.min(...group.map((slug) => standing(named(slug)).rank));
const passes = (group) => (filter.show === "all" || rankOf(group) <= 1)
  && filter.text.split(/\s+/).every((word) => group.some((slug) => `${named(slug).name} ${slug} ${named(slug).description}`.toLowerCase().includes(word)));

/** A block: a chain tells one story, in its order; a job alone is its row. */
function blockOf(group) {
  const key = group.join(" ");
  if (!blocks.has(key)) {
    const head = group.length > 1 ? el("p", { class: "chain-head" }) : null;
    blocks.set(key, el("li", { class: `card job-block ${group.length > 1 ? "is-chain" : ""}` }, head, ...group.map((slug) => rows.get(slug).node)));
  }
  const block = blocks.get(key);
  if (group.length > 1) setText(block.querySelector(".chain-head"), story(group));
  block.dataset.rank = String(rankOf(group));
  return block;
}

/** A chain in one sentence. */
function story(group) {
  const members = group.map(named);
  const bad = members.find((job) => isBad(job.last && job.last.status));
  const held = members.filter((job) => standing(job).kind === "held").length;
  const way = members.map((job) => job.name).join(" → ");
  if (bad && held) return say("{way}: stopped at {job}; {n} did not run.", { way, job: bad.name, n: held });
  if (bad) return say("{way}: {job} did not go well.", { way, job: bad.name });
  if (members.some((job) => ["running", "waiting"].includes(standing(job).kind))) return say("{way}: on its way.", { way });
  return members.every((job) => ["good", "warning", "odd"].includes(standing(job).kind)) ? say("{way}: went through.", { way }) : way;
}

function arrange() {
  const all = groups().sort((one, other) => rankOf(one) - rankOf(other) || named(one[0]).name.localeCompare(named(other[0]).name));
  const shown = all.filter(passes);
  const list = byId("jobs");
  const wanted = shown.map(blockOf);
  let next = list.firstElementChild;
  for (const block of wanted) {
    if (block === next) next = next.nextElementSibling;
    else list.insertBefore(block, next);
  }
  while (next) {
    const after = next.nextElementSibling;
    next.remove();
    next = after;
  }
  const trouble = jobs().filter(inTrouble);
  const visible = new Set(shown.flat());
  const hidden = trouble.filter((job) => !visible.has(job.slug)).length;
  setText(byId("count-all"), String(jobs().length));
  setText(byId("count-trouble"), String(trouble.length));
  setText(byId("hidden-by-filter"), sayMany("The filter hides {n} job in trouble.", "The filter hides {n} jobs in trouble.", hidden));
  show(byId("hidden-by-filter"), hidden > 0);
  show(byId("none"), jobs().length === 0);
  show(byId("glance"), jobs().length > 0);
  show(byId("no-match"), jobs().length > 0 && shown.length === 0);
}

function take(fresh) {
  snapshot = fresh;
  const known = new Set(jobs().map((job) => job.slug));
  for (const slug of rows.keys()) {
    if (!known.has(slug)) rows.delete(slug);
  }
  for (const job of jobs()) {
    if (!rows.has(job.slug)) rows.set(job.slug, new JobRow(job.slug, { canRun: page.can_run, canChange: page.can_change, changed: () => poll.now() }));
    rows.get(job.slug).update(job);
  }
  const live = new Set(groups().map((group) => group.join(" ")));
  for (const key of blocks.keys()) {
    if (!live.has(key)) blocks.delete(key);
  }
  glance();
  keepFocus(arrange, () => byId("search"));
}

function setUpFilters() {
  const changed = () => {
    for (const button of document.querySelectorAll("[data-show]")) button.setAttribute("aria-pressed", String(button.dataset.show === filter.show));
    arrange();
  };
  for (const button of document.querySelectorAll("[data-show]")) button.addEventListener("click", () => { filter.show = button.dataset.show; changed(); });
  byId("search").addEventListener("input", (event) => { filter.text = event.target.value.trim().toLowerCase(); changed(); });
  setUpSearchKey();
}

/** A link to a job opens it. */
function openAsked() {
  const row = rows.get(decodeURIComponent(window.location.hash.slice(1)));
  if (!row) return;
  if (!row.open) row.toggle();
  row.node.scrollIntoView({ block: "start" });
}

setServerNow(snapshot.now);
const isBusy = () => jobs().some((job) => job.last && ["running", "queued"].includes(job.last.status));
const poll = new Again({ path: page.reload, everyMs: () => (isBusy() ? BUSY_MS : EVERY_MS), take, login: page.login });
take(snapshot);
setUpFilters();
openAsked();
window.addEventListener("hashchange", openAsked);
watchHealth();
setInterval(() => { for (const row of rows.values()) row.tick(); }, 1000);
