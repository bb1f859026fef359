// Whether it was worth somebody's attention: four words, one tap, and what others said.

import { byId, data, pair, setText, show } from "./dom.js";
import { isOpen, isTaken } from "./looks.js";
import { post } from "./answers.js";
import { during } from "./press.js";

const labels = Object.fromEntries(data("usefulness"));

/** Show it once somebody has it, or it is over. `mine` is the reader's own word, `said` what everybody said. */
export function showFeedback(alert, { mine, said, may }) {
  show(byId("feedback"), (may || said.length > 0) && (isTaken(alert) || !isOpen(alert)));
  for (const button of document.querySelectorAll("[data-word]")) {
    show(button, may);
    button.setAttribute("aria-pressed", String(button.dataset.word === mine));
  }
  const line = byId("feedback-said");
  setText(line, said.map((each) => pair(each.by, labels[each.feedback] || each.feedback)).join(" · "));
  show(line, said.length > 0);
}

export function setUpFeedback(id, done) {
  for (const button of document.querySelectorAll("[data-word]")) {
    button.addEventListener("click", () => during(button, async () => {
      const after = await post(id, "feedback", { feedback: button.dataset.word });
      if (after) done(button.dataset.word);
    }));
  }
}
