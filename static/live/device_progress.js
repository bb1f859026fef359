// How far a file is that is fetched from a meter. The browser stores it by itself; what the monitor says of it is asked for here.

import { byId, decimal, say, setText, show, words } from "./dom.js";
import { call } from "./rest.js";
import { speak } from "./spoken.js";

const UNITS = ["B", "kB", "MB", "GB"];
const EVERY_MS = 1000;
const PATIENCE = 60; // the meter may be listing a folder of thousands of files before anything is said
let following = false;
let seen = null; // when the last one that was shown had begun

/** Follow what somebody just asked for, until it has come or broke off. */
export async function follow(base) {
  if (following) return;
  following = true;
  for (let waited = 0; following && waited < PATIENCE; waited += 1) {
    await new Promise((resolve) => { setTimeout(resolve, EVERY_MS); });
    const answer = await call("GET", `${base}/files/progress`);
    if (!answer.ok || answer.body.state === "none" || answer.body.begun_at === seen) continue;
    waited = 0;
    following = told(answer.body);
    if (!following) seen = answer.body.begun_at;
  }
  if (following) show(byId("files-progress"), false); // nothing is heard of it any more
  following = false;
}

/** Follow what is being fetched already, by whomever. */
export async function goesOn(base) {
  const { ok, body } = await call("GET", `${base}/files/progress`);
  if (!ok || following) return;
  if (["asking", "sending"].includes(body.state)) { told(body); follow(base); }
  else seen = body.begun_at;
}

/** Shows it; whether it goes on. */
function told({ state, path, bytes, size: whole, error }) {
  const place = byId("files-progress"), [text, bar] = place.children, name = path.split("/").pop() || path;
  const done = size(bytes), on = state === "asking" || state === "sending";
  const says = {
    asking: () => say("Asking the meter for {name}…", { name }),
    sending: () => (whole ? say("{name}: {done} of {whole}", { name, done, whole: size(whole) }) : say("{name}: {done} so far", { name, done })),
    done: () => say("{name} has come whole: {done}.", { name, done }),
    failed: () => say("{name} did not come whole: {error}", { name, error }),
  }[state]();
  setText(text, says);
  if (on && !(state === "sending" && whole)) bar.removeAttribute("value");
  else bar.value = on ? bytes / whole : 1;
  show(bar, state !== "failed");
  show(place, true);
  if (!on) speak(says);
  return on;
}

/** So many bytes, as people say it. */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "";
  let [value, unit] = [bytes, 0];
  while (value >= 1000 && unit < UNITS.length - 1) [value, unit] = [value / 1000, unit + 1];
  return `${decimal(value, unit ? 1 : 0)} ${words(UNITS[unit])}`;
}
