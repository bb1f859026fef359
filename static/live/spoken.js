// What a page says by itself to who does not see it. Each thing is said once, in a log that nothing else touches: what stands on the
// page may tick, move and go. While a dialog is open, only what is in the dialog is heard.

const KEPT = 20; // so many can be read again
const READY_MS = 150; // a reader has to know of a log before something comes into it

function made(home, urgent) {
  const log = document.createElement("div");
  log.className = `visually-hidden spoken-${urgent ? "now" : "calm"}`;
  log.setAttribute("role", "log");
  log.setAttribute("aria-live", urgent ? "assertive" : "polite");
  home.append(log);
  return log;
}

function write(log, text) {
  const line = document.createElement("p");
  line.textContent = text;
  log.append(line);
  while (log.children.length > KEPT) log.firstElementChild.remove();
}

/** Say it: when the reader has finished, or `urgent`ly, at once. */
export function speak(text, { urgent = false } = {}) {
  if (!text) return;
  const home = document.querySelector("dialog:modal") || document.body;
  const log = home.querySelector(`:scope > .spoken-${urgent ? "now" : "calm"}`);
  if (log) write(log, text);
  else {
    const late = made(home, urgent);
    setTimeout(() => write(late, text), READY_MS);
  }
}

for (const urgent of [true, false]) made(document.body, urgent);
