// A sound for new alerts, when somebody asked for it. Browsers allow sound only after a click, so it starts off on each visit.

import { byId, setText, words } from "./dom.js";
import { speak } from "./spoken.js";

let context = null;
let on = false;

export function setUpSound() {
  const button = byId("sound");
  button.addEventListener("click", () => {
    on = !on;
    setText(button, words(on ? "Sound on" : "Sound off"));
    speak(button.textContent);
    if (on) {
      context = context || new AudioContext();
      context.resume();
      ring(3);
    }
  });
}

const SHAKE = [400, 150, 400, 150, 400, 150, 800];

/** Two tones; higher and three times for P1, which shakes a telephone as well, with the sound on or off. */
export function ring(rank) {
  if (rank === 1 && navigator.vibrate && navigator.userActivation && navigator.userActivation.hasBeenActive) navigator.vibrate(SHAKE);
  if (!context || !on) return;
  for (let turn = 0; turn < (rank === 1 ? 3 : 1); turn += 1) {
    tone(rank === 1 ? 988 : 660, turn * 0.5);
    tone(rank === 1 ? 740 : 523, turn * 0.5 + 0.2);
  }
}

function tone(hertz, after) {
  const oscillator = context.createOscillator();
  const volume = context.createGain();
  const at = context.currentTime + after;
  oscillator.frequency.value = hertz;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.3, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.19);
  oscillator.connect(volume).connect(context.destination);
  oscillator.start(at);
  oscillator.stop(at + 0.2);
}
