// The page that is shown without a line: what waits to be sent, and the last list that was known, marked with its time.

import "./answer_queue.js";
import { byId, el, say, setText, show } from "./dom.js";
import { clock, duration } from "./time.js";
import { answer, label, showKept } from "./kept.js";
import { during, twice } from "./press.js";

const { answerQueue } = globalThis;
const TRY_MS = 5000;
const ANSWERS = [["seen", "seen", {}], ["calling", "acknowledge", { promise: "calling" }], ["on_my_way", "acknowledge", { promise: "on_my_way" }],
  ["false_alarm", "resolve", { resolution: "false_alarm" }], ["handled", "resolve", { resolution: "handled" }]];

function card(alert, owner) {
  const buttons = ANSWERS.map(([word, verb, body]) => {
    const ends = verb === "resolve", button = el("button", { type: "button", class: ends ? "ends" : word === "seen" ? "" : "go", "data-answer": word, text: label(word), "aria-describedby": `title-${alert.id}` });
    const press = () => answer(owner, alert, verb, body, "");
    if (ends) twice(button, label(word), press);
    else button.addEventListener("click", () => during(button, press));
    return button;
  });
  const where = [`#${alert.number}`, alert.subject].filter(Boolean).join(" · ");
  return el("li", { class: `mine card p${alert.priority.slice(1)}` },
    el("p", { class: "line" }, el("span", { class: `prio p${alert.priority.slice(1)}`, text: alert.priority })),
    el("h3", { class: "title", id: `title-${alert.id}`, text: alert.title }), el("p", { class: "where muted", text: where }), el("div", { class: "five" }, ...buttons));
}

async function showList() {
  const known = await answerQueue.kept().catch(() => null);
  const owner = known ? known.owner : null;
  show(byId("known"), Boolean(known && known.alerts.length));
  if (known) {
    setText(byId("known-at"), say("As it was at {at}, {time} ago. It may be over, or there may be more.", { at: clock(known.at), time: duration((Date.now() - known.since) / 1000) }));
    byId("known-list").replaceChildren(...known.alerts.map((alert) => card(alert, owner)));
  }
  showKept(byId("kept"), byId("kept-list"), { owner });
}

let trying = false;

/** Go where the person wanted to as soon as there is a line. */
async function tryAgain() {
  if (trying) return;
  trying = true;
  await lookForLine();
  trying = false;
}

async function lookForLine() {
  const line = await answerQueue.ask();
  if (line === null) return;
  await answerQueue.flush();
  if (window.location.pathname === "/offline") window.location.replace("/live/me/");
  else window.location.reload();
}

byId("again").addEventListener("click", () => during(byId("again"), tryAgain));
window.addEventListener("online", tryAgain);
setInterval(tryAgain, TRY_MS);
showList();
