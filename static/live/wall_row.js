// One alert on the wall, in letters that are read from across the room.

import { el, say, setText, words } from "./dom.js";
import { duration, now, seconds } from "./time.js";
import { isTaken, isUntaken, rank } from "./wall_plan.js";

const STATUS = { PENDING: "Nobody yet", DELIVERED: "Delivered", SEEN: "Seen", ACKNOWLEDGED: "Taken" };
const PROMISES = { calling: "I call", on_my_way: "On my way", handling: "I handle it" };
const LATE_SECONDS = 10;

export class WallRow {
  constructor(alert) {
    this.prio = el("span", { class: "prio" });
    this.title = el("p", { class: "title" });
    this.where = el("p", { class: "where" });
    this.who = el("p", { class: "who" });
    this.marks = el("p", { class: "marks" });
    this.age = el("b");
    this.next = el("b");
    this.nextLabel = el("small");
    this.node = el("li", { "data-id": alert.id },
      this.prio,
      el("div", { class: "what" }, this.title, this.where),
      el("div", { class: "state" }, this.who, this.marks),
      el("div", { class: "age" }, this.age, el("small", { text: words("open for") })),
      el("div", { class: "next" }, this.next, this.nextLabel));
    this.update(alert);
  }

  update(alert) {
    this.alert = alert;
    this.node.className = `wrow p${rank(alert)} ${isUntaken(alert) ? "is-untaken" : "is-taken"}`;
    setText(this.prio, alert.priority);
    setText(this.title, alert.title);
    setText(this.where, place(alert));
    setText(this.who, who(alert));
    setText(this.marks, marks(alert).join(" · "));
  }

  /** A long title in smaller letters rather than cut off: what happened often stands at its end. Once it is on the screen. */
  fit() {
    const { title, node } = this, seen = `${title.textContent} ${title.clientWidth} ${node.clientHeight}`;
    if (this.fitted === seen) return;
    title.className = "title";
    for (const size of ["is-long", "is-longer"]) {
      if (title.scrollHeight <= title.clientHeight + 1) break;
      title.className = `title ${size}`;
      if (title.parentElement.scrollHeight > node.clientHeight) title.className = "title is-long";
    }
    this.fitted = seen;
  }

  /** Once a second. known: what is shown is of now. */
  tick(known) {
    const { alert } = this;
    figure(this.age, short(seconds(alert.created_at)));
    const [text, label, late] = next(alert, known);
    figure(this.next, text);
    setText(this.nextLabel, label);
    this.node.classList.toggle("is-late", late);
  }
}

/** 42 s, 3:07, 2 h 05: what is read from afar has no word too many. */
const short = (total) => duration(total).replace(/\smin$/, "");

/** The more letters it has, the smaller they are: none is cut off. */
function figure(node, text) {
  setText(node, text);
  node.style.setProperty("--letters", text.length);
}

function place(alert) {
  const parts = [alert.subject, alert.site, alert.source === alert.site ? "" : alert.source].filter(Boolean);
  if (alert.occurrences > 1) parts.push(say("{n} times", { n: alert.occurrences }));
  return parts.join(" · ");
}

function who(alert) {
  if (!isTaken(alert)) return words(STATUS[alert.status] || alert.status);
  const has = alert.taken_by ? say("{name} has it", { name: alert.taken_by }) : words("Taken");
  return alert.promise && PROMISES[alert.promise] ? say("{has}: “{promise}”", { has, promise: words(PROMISES[alert.promise]) }) : has;
}

function marks(alert) {
  const found = [];
  if (alert.unanswered) found.push(`⚠ ${words("Nobody answered")}`);
  if (isTaken(alert) && alert.next_step_at !== null) found.push(`↻ ${words("Calling again")}`);
  if (alert.life_safety) found.push(`♥ ${words("Life safety")}`);
  if (alert.held) found.push(words("Held back"));
  return found;
}

/** [what, of what, whether it is late] */
function next(alert, known) {
  if (alert.next_step_at === null) return ["–", words(alert.held ? "Held back" : isTaken(alert) ? "Taken" : "no further step"), false];
  if (!known) return ["?", words("next step"), false];
  const left = (Date.parse(alert.next_step_at) - now()) / 1000;
  if (left > 0) return [short(left + 1), words("to the next step"), false];
  return left > -LATE_SECONDS ? [words("now"), words("next step"), false] : [short(-left), words("Step is late"), true];
}
