// Answers that outlast a bad line: each is written down first, then sent; what could not be sent goes by itself later.

import "./answer_queue.js";
import { el, inWords, say, show, toast, words } from "./dom.js";
import { refill } from "./focus.js";
import { speak } from "./spoken.js";
import { clock, now } from "./time.js";

const { answerQueue } = globalThis;
const LOOK_MS = 4000;
const PATIENCE_MS = 15000; // so long a button waits

/** What the buttons say; the queue keeps the word, every page says it in its own language. */
const SAID = { seen: "I have seen it", calling: "I am calling", on_my_way: "On my way", handling: "I handle it", false_alarm: "False alarm", handled: "Resolved", help_sent: "Help was sent", test: "It was a test" };
export const label = (word) => words(SAID[word] || word);
export const wordOf = (verb, body) => body.promise || body.resolution || (verb === "seen" ? "seen" : "handling");

/** Answer, at once when there is a line. Resolves to the alert afterwards, or to null: then it waits, or was refused, and that is said. */
export async function answer(owner, about, verb, body, csrf) {
  const facts = { id: about.id, number: about.number, title: inWords(about, "title") };
  const item = { owner, about: facts, word: wordOf(verb, body), verb, body, language: document.documentElement.lang, pressed_at: new Date(now()).toISOString() };
  const kept = await answerQueue.add(item).catch(() => null);
  if (kept === null) return undefined; // this browser keeps nothing: the caller sends it as it is
  const end = !csrf || await others(kept) ? await inTurn(kept) : await answerQueue.send(kept, csrf);
  if (end.state === "sent") return end.alert || null;
  if (end.state === "refused") toast(end.why, true);
  else if (end.state === "login") toast(words("You are signed out. Your answer is kept: sign in, and it is sent."), true);
  else if (end.state === "waiting" && end.why) toast(words("Sentinel could not take it just now. Your answer is kept, and sent again. To be sure, call."), true);
  else toast(words("No line. Your answer is kept, and is sent as soon as there is one. To be sure, call."), true);
  wake();
  return null;
}

/** Whether something that was said before about the same alert still waits. */
async function others(kept) {
  const all = await answerQueue.all().catch(() => []);
  return all.some((each) => each.seq < kept.seq && each.owner === kept.owner && each.about.id === kept.about.id && answerQueue.waits(each));
}

/** Send what was said before first. Resolves to what is known of it when that takes long: it goes on by itself. */
async function inTurn(kept) {
  await Promise.race([answerQueue.flush(), new Promise((done) => { setTimeout(done, PATIENCE_MS); })]);
  return (await answerQueue.all().catch(() => [])).find((each) => each.seq === kept.seq) || kept;
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

const PASSING = ["waiting", "sending"]; // these change every few seconds while there is no line

const WHY = { over: "It was closed before you answered.", link: "The link of the message is too old: open the alert." };

function said(item) {
  const { state } = item;
  if (state === "sent") return ["good", say("sent at {at}", { at: clock(item.done_at) })];
  if (state === "refused") return ["bad", say("refused: {why}", { why: WHY[item.why] ? words(WHY[item.why]) : item.why })];
  if (state === "login") return ["bad", words("kept: you are signed out")];
  if (state === "old") return ["bad", words("not sent: it waited for more than two hours")];
  if (state === "sending") return ["", words("being sent")];
  return ["wait", item.why ? say("Sentinel could not take it ({status}); it is tried again", { status: item.why }) : words("waiting for the line")];
}

function line(item, login) {
  const [style, text] = said(item);
  const what = item.about ? [`#${item.about.number}`, item.about.title].filter(Boolean).join(" ") : "";
  const tools = [];
  const button = (name, work) => tools.push(el("button", { type: "button", text: words(name), onclick: work }));
  if (item.state === "login" && login) tools.push(el("a", { class: "button", href: login, text: words("Sign in") }));
  if (item.state === "old") button("Send it now", async () => { await answerQueue.change(item.seq, () => ({ state: "waiting", since: Date.now(), tries: 0 })); answerQueue.flush(); });
  if (item.state !== "sending") button(item.state === "sent" ? "Hide" : "Drop it", () => answerQueue.remove(item.seq));
  return el("li", { class: `kept ${style}`, "data-state": item.state, "data-id": item.seq },
    el("p", {}, el("b", { text: label(item.word) }), what ? ` · ${what}` : ""),
    el("p", { class: "kept-state" }, text, el("span", { class: "muted", text: ` · ${say("pressed at {at}", { at: clock(item.pressed_at) })}` })),
    tools.length ? el("div", { class: "kept-tools" }, ...tools) : null);
}

/** Show the owner's answers in `list` (within `box`), and send what waits as often as it may help. `only`: an alert's id. Without an
 * owner, where nobody can say who is here, everything that is kept is shown, and nothing is forgotten. */
export function showKept(box, list, { owner, login = "", only = null, onSent = () => {} }) {
  let seen = new Set(), looking = false, drawn = "";
  const ends = new Map(); // seq -> the last state that was said
  const own = (item) => owner === null || item.owner === owner || !item.owner;
  async function draw() {
    const mine = (await answerQueue.all().catch(() => [])).filter((item) => own(item) && (!only || (item.about && item.about.id === only)));
    const worth = mine.filter((item) => item.state !== "sent" || Date.parse(item.done_at) - item.since > 15000);
    const asItIs = JSON.stringify(worth.map((item) => [item.seq, item.state, item.why]));
    if (asItIs !== drawn) refill(list, ...worth.map((item) => line(item, login)));
    drawn = asItIs;
    show(box, worth.length > 0);
    for (const item of worth) if (!PASSING.includes(item.state)) tell(item);
    const sent = new Set(mine.filter((item) => item.state === "sent").map((item) => item.seq));
    if ([...sent].some((seq) => !seen.has(seq))) onSent();
    seen = sent;
  }
  function tell(item) {
    if (ends.get(item.seq) === item.state) return;
    ends.set(item.seq, item.state);
    speak(`${label(item.word)}: ${said(item)[1]}`);
  }
  async function look() {
    if (looking) return;
    looking = true;
    if ((await answerQueue.all().catch(() => [])).some(answerQueue.waits)) await answerQueue.flush();
    looking = false;
  }
  answerQueue.changed.add(() => draw());
  window.addEventListener("online", look);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) look(); });
  setInterval(look, LOOK_MS);
  (owner === null ? Promise.resolve() : answerQueue.forget(owner).catch(() => {})).then(draw).then(look);
}
