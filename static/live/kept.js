// Answers that outlast a bad line: each is written down first, then sent; what could not be sent goes by itself later.

import "./answer_queue.js";
import { el, say, show, toast, words } from "./dom.js";
import { clock } from "./time.js";

const { answerQueue } = globalThis;
const LOOK_MS = 4000;

/** What the buttons say; the queue keeps the word, every page says it in its own language. */
const SAID = { seen: "I have seen it", calling: "I am calling", on_my_way: "On my way", handling: "I handle it", false_alarm: "False alarm", handled: "Resolved", help_sent: "Help was sent", test: "It was a test" };
export const label = (word) => words(SAID[word] || word);
export const wordOf = (verb, body) => body.promise || body.resolution || (verb === "seen" ? "seen" : "handling");

/** Answer, at once when there is a line. Resolves to the alert afterwards, or to null: then it waits, or was refused, and that is said. */
export async function answer(owner, about, verb, body, csrf) {
  const facts = { id: about.id, number: about.number, title: about.title };
  const item = { owner, about: facts, word: wordOf(verb, body), verb, body };
  const kept = await answerQueue.add(item).catch(() => null);
  if (kept === null) return undefined; // this browser keeps nothing: the caller sends it as it is
  const before = (await answerQueue.all()).some((each) => each.seq < kept.seq && each.owner === owner && answerQueue.waits(each));
  const end = before || !csrf ? await inTurn(kept) : await answerQueue.send(kept, csrf);
  if (end.state === "sent") return end.alert || null;
  if (end.state === "refused") toast(end.why, true);
  else if (end.state === "login") toast(words("You are signed out. Your answer is kept: sign in, and it is sent."), true);
  else toast(words("No line. Your answer is kept, and is sent as soon as there is one. To be sure, call."), true);
  wake();
  return null;
}

/** Send what was said before first. */
async function inTurn(kept) {
  await answerQueue.flush();
  return (await answerQueue.all()).find((each) => each.seq === kept.seq) || kept;
}

/** Have the browser send it even when the page is closed meanwhile, where it can. */
async function wake() {
  try {
    const registration = await navigator.serviceWorker.getRegistration();
    if (registration) await registration.sync.register("answers");
  } catch {
    // the page itself tries again
  }
}

const WHY = { over: "It was closed before you answered.", link: "The link of the message is too old: open the alert." };

function state(item) {
  const { state: now } = item;
  if (now === "sent") return ["good", say("sent at {at}", { at: clock(item.done_at) })];
  if (now === "refused") return ["bad", say("refused: {why}", { why: WHY[item.why] ? words(WHY[item.why]) : item.why })];
  if (now === "login") return ["bad", words("kept: you are signed out")];
  if (now === "old") return ["bad", words("not sent: it waited for more than two hours")];
  if (now === "sending") return ["", words("being sent")];
  return ["wait", words("waiting for the line")];
}

function line(item, login) {
  const [style, text] = state(item);
  const what = item.about ? [`#${item.about.number}`, item.about.title].filter(Boolean).join(" ") : "";
  const tools = [];
  const button = (name, work) => tools.push(el("button", { type: "button", text: words(name), onclick: work }));
  if (item.state === "login" && login) tools.push(el("a", { class: "button", href: login, text: words("Sign in") }));
  if (item.state === "old") button("Send it now", async () => { await answerQueue.change(item, { state: "waiting", confirmed_at: new Date().toISOString() }); answerQueue.flush(); });
  if (item.state !== "sending") button(item.state === "sent" ? "Hide" : "Drop it", () => answerQueue.remove(item.seq));
  return el("li", { class: `kept ${style}`, "data-state": item.state },
    el("p", {}, el("b", { text: label(item.word) }), what ? ` · ${what}` : ""),
    el("p", { class: "kept-state" }, text, el("span", { class: "muted", text: ` · ${say("pressed at {at}", { at: clock(item.pressed_at) })}` })),
    tools.length ? el("div", { class: "kept-tools" }, ...tools) : null);
}

/** Show the owner's answers in `list` (within `box`), and send what waits as often as it may help. `only`: an alert's id. */
export function showKept(box, list, { owner, login = "", only = null, onSent = () => {} }) {
  let seen = new Set();
  async function draw() {
    const mine = (await answerQueue.all().catch(() => [])).filter((item) => (item.owner === owner || !item.owner) && (!only || (item.about && item.about.id === only)));
    const worth = mine.filter((item) => item.state !== "sent" || Date.parse(item.done_at) - Date.parse(item.pressed_at) > 15000);
    list.replaceChildren(...worth.map((item) => line(item, login)));
    show(box, worth.length > 0);
    const sent = new Set(mine.filter((item) => item.state === "sent").map((item) => item.seq));
    if ([...sent].some((seq) => !seen.has(seq))) onSent();
    seen = sent;
  }
  async function look() {
    if ((await answerQueue.all().catch(() => [])).some(answerQueue.waits)) await answerQueue.flush();
  }
  answerQueue.changed.add(() => draw());
  window.addEventListener("online", look);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  setInterval(look, LOOK_MS);
  answerQueue.forget(owner).catch(() => {}).then(draw).then(look);
}
