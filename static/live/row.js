// One alert on the board: an element that is made once and then kept up to date.

import { el, inWords, setText, show, words } from "./dom.js";
import { age, callsAgain, isHeld, isOpen, isTaken, nextStep, rank, showMarks, showStatus, taken, where, whyHeld } from "./looks.js";
import { askResolution, post, promises, resolutionLabel } from "./answers.js";
import { during } from "./press.js";
import { clock } from "./time.js";

export class Row {
  constructor(alert, { canAnswer, onAnswered }) {
    Object.assign(this, { canAnswer, onAnswered });
    this.prio = el("span", { class: "prio" });
    this.status = el("span", { class: "status" });
    this.marks = el("span", { class: "marks" });
    this.link = el("a", { class: "title", href: `/live/alerts/${alert.id}` });
    this.times = el("span", { class: "times" });
    this.where = el("p", { class: "where muted" });
    this.held = el("p", { class: "where muted", hidden: "" });
    this.taken = el("p", { class: "row-taken" });
    this.age = el("span", { class: "age" });
    this.next = el("span", { class: "row-next muted" });
    this.answers = el("div", { class: "answers" }, ...promises.map(([value, label]) => this.button(label, "go", () => this.acknowledge(value))));
    this.end = this.button(words("It is over…"), "", () => this.resolve());
    this.actions = el("div", { class: "actions" }, this.answers, this.end);
    const parts = Object.entries({ prio: this.prio, title: this.link, status: this.status, taken: this.taken });
    for (const [name, node] of parts) node.id = `${name}-${alert.id}`;
    for (const button of [...this.answers.children, this.end]) button.setAttribute("aria-describedby", this.link.id);
    const label = parts.map(([, node]) => node.id).join(" ");
    this.node = el("li", { class: "row", tabindex: "-1", "data-id": alert.id, "aria-labelledby": label },
      el("div", { class: "row-prio" }, this.prio),
      el("div", { class: "row-what" }, el("p", { class: "row-title" }, this.link, " ", this.times), this.where, this.held, this.marks),
      el("div", { class: "row-state" }, this.status, this.taken),
      el("div", { class: "row-clock" }, this.age, this.next),
      this.actions);
    this.update(alert);
  }

  button(text, style, act) {
    const button = el("button", { type: "button", class: style, text });
    button.addEventListener("click", () => during(button, act));
    return button;
  }

  async acknowledge(promise) {
    const after = await post(this.alert.id, "acknowledge", { promise }, { about: this.alert });
    if (after) this.onAnswered(after);
  }

  async resolve() {
    askResolution(this.alert, this.onAnswered);
  }

  update(alert) {
    this.alert = alert;
    const open = isOpen(alert);
    this.prio.className = `prio p${rank(alert)}`;
    setText(this.prio, alert.priority);
    this.node.className = `row p${rank(alert)} ${open ? "open" : "over"} ${isTaken(alert) && !callsAgain(alert) ? "is-taken" : ""}`;
    setText(this.link, inWords(alert, "title"));
    setText(this.times, alert.occurrences > 1 ? `×${alert.occurrences}` : "");
    setText(this.where, `#${alert.number} · ${where(alert)}`);
    setText(this.held, whyHeld(alert));
    show(this.held, isHeld(alert));
    showStatus(this.status, alert);
    setText(this.taken, open ? taken(alert) : [alert.resolution ? resolutionLabel(alert.resolution) : "", taken(alert)].filter(Boolean).join(" · "));
    show(this.actions, open && this.canAnswer);
    show(this.answers, !isTaken(alert) || callsAgain(alert));
    this.tick();
  }

  tick() {
    const { alert } = this;
    setText(this.age, isOpen(alert) ? age(alert) : alert.resolved_at ? clock(alert.resolved_at) : "");
    setText(this.next, nextStep(alert));
    showMarks(this.marks, alert);
  }
}
