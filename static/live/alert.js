// One alert: what is known, who has it, who was told, and the buttons.

import { byId, data, el, inWords, safeLink, say, setText, show, words } from "./dom.js";
import { clock, duration, seconds, setServerNow } from "./time.js";
import { age, callsAgain, isHeld, isOpen, isTaken, nextStep, rank, showMarks, showStatus, taken, where, whyHeld } from "./looks.js";
import { askResolution, post, resolutionLabel } from "./answers.js";
import { setUpFeedback, showFeedback } from "./feedback.js";
import { reachOut } from "./reach_out.js";
import { showKept } from "./kept.js";
import { during, twice } from "./press.js";
import { ring, setUpSound } from "./sound.js";
import { Feed } from "./feed.js";
import { keepFocus, refill } from "./focus.js";
import { News } from "./news.js";
import { showLink } from "./link.js";
import { watchHealth } from "./health.js";

const page = data("data");
const [LONG, LINES] = [280, 4];
const SEVERITY = { critical: "Critical", high: "High", medium: "Medium", low: "Low", info: "Info" };
const GIVEN = ["Fall", "Default"]; // policies of a new installation, as long as nobody renames them
let alert = page.snapshot.alert;
const news = new News([alert], alert.id);
let said = { mine: "", said: [], may: page.can_answer };

/** The buttons go when it is taken: the keyboard goes to who has it. */
function showHead() {
  keepFocus(drawHead, (held) => (byId("head").contains(held) ? byId("taken").hidden ? byId("title") : byId("taken") : null));
}

function drawHead() {
  const prio = byId("prio");
  prio.className = `prio p${rank(alert)}`;
  setText(prio, alert.priority);
  byId("head").className = `card head p${rank(alert)} ${isOpen(alert) ? "open" : "over"}`;
  showStatus(byId("status"), alert);
  setText(byId("title"), inWords(alert, "title"));
  setText(byId("where"), where(alert));
  describe();
  const over = alert.resolution ? resolutionLabel(alert.resolution) : "";
  const note = byId("taken");
  setText(note, isOpen(alert) ? taken(alert) : alert.status === "EXPIRED" ? words("It expired: nobody answered in time.") : [say("It is over: {how}.", { how: over }), taken(alert)].filter(Boolean).join(" "));
  show(note, note.textContent !== "");
  const held = byId("suppressed");
  setText(held, whyHeld(alert));
  show(held, isHeld(alert));
  show(byId("actions"), isOpen(alert) && (page.can_answer || page.can_escalate));
  show(byId("answers"), page.can_answer && (!isTaken(alert) || callsAgain(alert)));
  show(byId("resolve-open"), page.can_answer);
  show(byId("escalate"), page.can_escalate && isOpen(alert));
  showFeedback(alert, said);
  tick();
}

/** The buttons stand above a long description: nobody scrolls for them at night. */
function describe() {
  const node = byId("description"), isLong = inWords(alert, "description").length > LONG || inWords(alert, "description").split("\n").length > LINES;
  setText(node, inWords(alert, "description"));
  node.classList.toggle("is-long", isLong);
  if (isLong) byId("outs").after(node);
  else byId("actions").before(node);
}

function tick() {
  const parts = isOpen(alert) ? [say("open for {time}", { time: age(alert) }), nextStep(alert)] : [say("closed {at}", { at: alert.resolved_at ? clock(alert.resolved_at) : "" })];
  setText(byId("clock"), parts.filter(Boolean).join(" · "));
  showMarks(byId("marks"), alert);
}

function showPicture() {
  const image = byId("image");
  if (alert.image_url && !image.hasAttribute("src")) {
    image.addEventListener("error", () => show(byId("picture"), false), { once: true });
    image.src = alert.image_url;
    show(byId("picture"), true);
  }
}

function showOpinion() {
  const opinion = alert.triage;
  show(byId("opinion"), Boolean(opinion));
  if (!opinion) return;
  const text = opinion.state === "done" ? opinion.description : opinion.state === "queued" ? words("The AI is looking at the picture.") : `${words("No opinion.")} ${opinion.reason || ""}`;
  setText(byId("opinion-text"), text);
  const facts = opinion.state !== "done" ? [] : [
    opinion.is_fall === null ? "" : words(opinion.is_fall ? "a fall" : "not a fall"),
    opinion.confidence === null ? "" : say("{n} % sure", { n: Math.round(opinion.confidence * 100) }),
    opinion.people === null ? "" : say("people: {n}", { n: opinion.people }), opinion.posture, opinion.model,
  ];
  setText(byId("opinion-facts"), facts.filter(Boolean).join(" · "));
}

function fact(name, ...values) {
  return values.some((value) => value) ? [el("dt", { text: words(name) }), el("dd", {}, ...values)] : [];
}

function showFacts() {
  const labels = Object.entries(alert.labels).map(([name, value]) => el("span", { class: "label" }, el("b", { text: name }), ` ${value}`));
  const links = inWords(alert, "links").flatMap((link) => [safeLink(link.href, link.text), " "]);
  refill(byId("facts"),
    ...fact("Place or subject", alert.subject), ...fact("Source", alert.source_name || alert.source), ...fact("Kind", alert.type),
    ...fact("Severity", words(SEVERITY[alert.severity] || alert.severity)), ...fact("Raised", clock(alert.created_at)),
    ...(alert.occurrences > 1 ? fact("Reported", say("{n} times, last {at}", { n: alert.occurrences, at: clock(alert.last_seen_at) })) : []),
    ...(labels.length ? fact("Labels", ...labels) : []), ...(links.length ? fact("Links", ...links) : []),
    ...(alert.runbook_url ? fact("What to do", safeLink(alert.runbook_url, words("Runbook"))) : []),
    ...(alert.previous ? fact("Before", el("a", { href: `/live/alerts/${alert.previous}`, text: words("the alert before this one") })) : []),
  );
}

function showSteps(steps) {
  setText(byId("policy"), GIVEN.includes(alert.policy) ? words(alert.policy) : alert.policy);
  byId("steps").replaceChildren(...steps.map((step) => {
    const state = step.taken ? "taken" : step.next ? "next" : isOpen(alert) && !isTaken(alert) ? "later" : "off";
    const label = step.last_resort ? words("Last resort") : step.label || say("Step {n}", { n: step.step + 1 });
    const when = step.planned_at ? clock(step.planned_at) : "";
    const word = { taken: "done", next: "next", later: "planned", off: "not needed" }[state];
    return el("li", { class: `step is-${state}` }, el("span", { class: "step-label", text: label }), el("span", { class: "muted", text: `${when} · ${words(word)}` }));
  }));
}

function evidence(delivery) {
  const [word, at] = delivery.seen_at ? ["seen", delivery.seen_at] : delivery.delivered_at ? ["delivered", delivery.delivered_at] : delivery.sent_at ? ["sent", delivery.sent_at] : ["queued", delivery.queued_at];
  return `${words(word)} ${at ? clock(at) : ""}`;
}

function showDeliveries(deliveries, told) {
  show(byId("deliveries"), deliveries.length > 0);
  setText(byId("told-nobody"), words(told ? "Told together with other alerts: the record names who." : isOpen(alert) ? "Nobody yet." : "Nobody was told."));
  show(byId("told-nobody"), deliveries.length === 0);
  byId("deliveries").querySelector("tbody").replaceChildren(...deliveries.map((each) => el("tr", { class: `d-${each.status}` },
    el("td", { text: each.recipient }),
    el("td", { text: [words(each.transport_name), each.method ? each.method.replace(`${each.transport_name} `, "") : ""].filter(Boolean).join(" ") }),
    el("td", {}, el("span", { class: `result r-${each.status}`, text: words(each.status_name) }), each.error ? el("span", { class: "muted", text: ` ${each.error}` }) : null,
      each.attempts > 1 ? el("span", { class: "muted", text: ` ${say("({n} tries)", { n: each.attempts })}` }) : null),
    el("td", { class: "muted", text: evidence(each) }))));
}

function showLog(entries) {
  byId("log").replaceChildren(...entries.map((entry) => el("li", { class: `entry k-${entry.kind}` },
    el("time", { datetime: entry.at, text: clock(entry.at) }),
    el("span", { class: "entry-text", text: entry.text }),
    el("span", { class: "muted entry-after", text: `+${duration(-seconds(entry.at) + seconds(alert.created_at))}` }))));
}

function take(snapshot) {
  setServerNow(snapshot.now);
  alert = snapshot.alert;
  news.hear(alert);
  said = { ...said, mine: snapshot.mine, said: snapshot.feedback };
  showHead();
  showPicture();
  showOpinion();
  showFacts();
  refill(byId("outs"), ...reachOut(alert));
  showSteps(snapshot.steps);
  showDeliveries(snapshot.deliveries, snapshot.told);
  showLog(snapshot.log);
  return snapshot.last_event_id;
}

async function reload() {
  const response = await fetch(page.reload, { credentials: "same-origin", cache: "no-store", redirect: "error" });
  if (!response.ok) throw new Error(String(response.status));
  return take(await response.json());
}

let reloading = 0;
function reloadSoon() {
  clearTimeout(reloading);
  reloading = setTimeout(() => reload().catch(() => {}), 150);
}

function hear(event) {
  if (rank(event.alert) === 1 && isOpen(event.alert) && ["raised", "escalated"].includes(event.kind)) ring(1);
  news.hear(event.alert, { kind: event.kind });
  if (event.alert.id !== alert.id) return;
  alert = { ...event.alert, image_url: alert.image_url };
  showHead();
  reloadSoon();
}

function answered(after) {
  news.hear(after, { own: true });
  alert = { ...after, image_url: alert.image_url };
  showHead();
  reloadSoon();
}

function setUpButtons() {
  const on = (button, work) => button.addEventListener("click", () => during(button, work));
  for (const button of document.querySelectorAll("[data-promise]")) {
    on(button, async () => {
      const after = await post(alert.id, "acknowledge", { promise: button.dataset.promise }, { about: alert });
      if (after) answered(after);
    });
  }
  on(byId("resolve-open"), async () => askResolution(alert, answered));
  for (const button of document.querySelectorAll("[data-ends]")) {
    show(button, page.can_answer);
    twice(button, button.textContent, async () => {
      const after = await post(alert.id, "resolve", { resolution: button.dataset.ends }, { about: alert });
      if (after) answered(after);
    });
  }
  on(byId("escalate"), async () => {
    const after = await post(alert.id, "escalate");
    if (after) answered(after);
  });
  setUpFeedback(alert.id, (mine) => {
    said = { ...said, mine };
    showFeedback(alert, said);
    reloadSoon();
  });
  const form = byId("comment");
  show(form, page.can_answer);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    during(form.querySelector("button"), async () => {
      const note = byId("note").value.trim();
      if (note && (await post(alert.id, "comment", { note }))) {
        byId("note").value = "";
        reloadSoon();
      }
    });
  });
}

/** Whoever may answer and has the page in front of them has seen the alert. */
function sayItWasSeen() {
  if (!page.can_answer || !["PENDING", "DELIVERED"].includes(alert.status)) return;
  if (document.hidden) document.addEventListener("visibilitychange", sayItWasSeen, { once: true });
  else post(alert.id, "seen", {}, { quiet: true });
}

const since = take(page.snapshot);
setUpButtons();
setUpSound();
showKept(byId("kept"), byId("kept-list"), { owner: page.user, login: page.login, only: alert.id, onSent: reloadSoon });
watchHealth();
setInterval(tick, 1000);
new Feed({ since, onEvent: hear, onReset: reload, onState: (state, silent) => showLink(state, silent, page.login) });
sayItWasSeen();
