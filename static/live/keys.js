// Keys of one letter. Who speaks to the machine, or brushes the keys, switches them off; that is kept in this browser.

import { byId, setText, words } from "./dom.js";
import { speak } from "./spoken.js";

const NAME = "sentinel.keys";

/** Whether such keys do something. */
export function keysAreOn() {
  try {
    return localStorage.getItem(NAME) !== "off";
  } catch {
    return true; // a browser that keeps nothing
  }
}

function keep(on) {
  try {
    localStorage.setItem(NAME, on ? "on" : "off");
  } catch {
    // then it holds as long as the page
  }
}

export function setUpKeySwitch() {
  const button = byId("keys"), look = () => setText(button, words(keysAreOn() ? "Switch the keys off" : "Switch the keys on"));
  button.addEventListener("click", () => { keep(!keysAreOn()); look(); speak(words(keysAreOn() ? "The keys are on." : "The keys are off.")); });
  look();
}

/** "/" goes to the field that searches, Escape leaves it. */
export function setUpSearchKey() {
  document.addEventListener("keydown", (event) => {
    const typing = event.target.matches("input, select, textarea");
    if (event.key === "Escape" && typing) event.target.blur();
    else if (event.key === "/" && !typing && keysAreOn() && !event.ctrlKey && !event.metaKey && !event.altKey) { byId("search").focus(); event.preventDefault(); }
  });
}
