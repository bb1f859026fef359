// What the page says about its connection.

import { byId, el, say, setText, show, words } from "./dom.js";
import { speak } from "./spoken.js";
import { duration } from "./time.js";

const SHORT = { live: "Live", connecting: "Connecting", stale: "Not live", login: "Signed out", forbidden: "Not allowed", unknown: "Not live" };

// On a telephone the pages' names are wider than the screen: the one that is open is in sight.
document.querySelector(".nav a[aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });

const SPOKEN = {
  stale: "No connection: what you see may be old. Trying again.", login: "You are signed out. What you see is old.",
  forbidden: "You may not see this live any more. What you see is old.", unknown: "You may not see this live any more. What you see is old.",
};
let before = "";

/** Once for each change: the seconds that tick in the banner are for eyes. */
function tell(state) {
  if (state === before || state === "connecting") return;
  if (SPOKEN[state]) speak(words(SPOKEN[state]), { urgent: true });
  else if (SPOKEN[before]) speak(words("Connected again: what you see is of now."));
  before = state;
}

/** Show the state of the feed: a small sign always, a banner when what stands here may be old. */
export function showLink(state, silentMs, login) {
  const link = byId("link");
  tell(state);
  link.dataset.state = state;
  setText(link.querySelector(".text"), words(SHORT[state]));
  const banner = byId("stale");
  document.body.classList.toggle("is-stale", state !== "live");
  if (state === "live" || state === "connecting") {
    show(banner, false);
    return;
  }
  if (state === "stale") setText(banner, say("No connection for {time}: what you see may be old. Trying again.", { time: duration(silentMs / 1000) }));
  else if (state === "login") {
    banner.replaceChildren(`${words("You are signed out. What you see is old.")} `, el("a", { href: login, text: words("Sign in again") }));
  } else setText(banner, words("You may not see this live any more. What you see is old."));
  show(banner, true);
}
