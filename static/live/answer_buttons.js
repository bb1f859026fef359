// The five big buttons: seen, calling, on my way, false alarm, resolved. What ends an alert is pressed twice.

import { el, show, words } from "./dom.js";
import { callsAgain, isOpen, isTaken } from "./looks.js";
import { label } from "./kept.js";
import { during, twice } from "./press.js";

const BUTTONS = [
  ["seen", "seen", {}, ""], ["calling", "acknowledge", { promise: "calling" }, "go"], ["on_my_way", "acknowledge", { promise: "on_my_way" }, "go"],
  ["false_alarm", "resolve", { resolution: "false_alarm" }, "ends"], ["handled", "resolve", { resolution: "handled" }, "ends"],
];

export class AnswerButtons {
  /** press(verb, body) -> Promise. title: the id of what names the alert. */
  constructor(press, title) {
    this.buttons = new Map(BUTTONS.map(([word, verb, body, style]) => {
      const button = el("button", { type: "button", class: style, "data-answer": word, text: label(word), "aria-describedby": title });
      if (style === "ends") twice(button, label(word), () => press(verb, body));
      else button.addEventListener("click", () => during(button, () => press(verb, body)));
      return [word, button];
    }));
    this.node = el("div", { class: "five", role: "group", "aria-label": words("Answer") }, ...this.buttons.values());
  }

  update(alert) {
    const open = isOpen(alert), wanted = !isTaken(alert) || callsAgain(alert);
    show(this.node, open);
    show(this.buttons.get("seen"), open && ["PENDING", "DELIVERED"].includes(alert.status));
    for (const word of ["calling", "on_my_way"]) show(this.buttons.get(word), open && wanted);
  }
}
