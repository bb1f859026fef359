// Buttons that wait for an answer.

import { setText, words } from "./dom.js";
import { speak } from "./spoken.js";

const SURE_MS = 5000;

/** A button that cannot be pressed twice while its answer is on its way. */
export async function during(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}

/** A button that must be pressed again within some seconds: a thumb in the dark closes nothing. */
export function twice(button, text, work) {
  let timer = 0;
  const calm = () => { clearTimeout(timer); timer = 0; setText(button, text); button.classList.remove("sure"); };
  button.addEventListener("keydown", (event) => { if (event.repeat) event.preventDefault(); }); // a key that is held is one press as well
  button.addEventListener("click", (event) => {
    if (event.detail > 1) return; // a double tap is one press
    if (timer) { calm(); during(button, work); return; }
    setText(button, words("Press again"));
    speak(words("Press again"));
    button.classList.add("sure");
    timer = setTimeout(calm, SURE_MS);
  });
}
