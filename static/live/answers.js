// Answering: one POST to REST, with the session and its CSRF token.

import { byId, data, inWords, say, toast, words } from "./dom.js";
import { answer } from "./kept.js";
import { during } from "./press.js";

const KEPT = ["seen", "acknowledge", "resolve"]; // these wait for the line when there is none

const WAIT_MS = 20000; // what is not answered by then has no line

const token = () => document.querySelector("input[name=csrfmiddlewaretoken]").value;

/** POST /api/v1/alerts/<id>/<verb>. Resolves to the alert; says what went wrong and resolves to null otherwise. `about`: the alert. */
export async function post(id, verb, body = {}, { quiet = false, about = { id, number: "", title: "" } } = {}) {
  if (!quiet && KEPT.includes(verb)) {
    const after = await answer(data("data").user, about, verb, body, token());
    if (after !== undefined) return after;
  }
  const limit = new AbortController(), late = setTimeout(() => limit.abort(), WAIT_MS);
  try {
    const response = await fetch(`/api/v1/alerts/${id}/${verb}`, {
      signal: limit.signal,
      method: "POST",
      credentials: "same-origin",
      headers: { "Content-Type": "application/json", "X-CSRFToken": token(), "Sentinel-Language": document.documentElement.lang },
      body: JSON.stringify(body),
    });
    if (response.ok) return await response.json();
    if (quiet) return null;
    const problem = await response.json().catch(() => ({}));
    toast(response.status === 401 ? words("You are signed out: sign in again.") : problem.detail || say("Refused ({status}).", { status: response.status }), true);
  } catch {
    if (!quiet) toast(words("Not sent: no connection. Try again, or call."), true);
  } finally {
    clearTimeout(late);
  }
  return null;
}

export const promises = data("promises");
export const promiseLabel = (value) => (promises.find(([each]) => each === value) || [null, value])[1];
const endings = Object.fromEntries(data("resolutions"));
export const resolutionLabel = (value) => endings[value] || words({ recovered: "Recovered by itself", auto: "Closed by Sentinel" }[value] || value);

/** Ask how it ended, and resolve. */
export function askResolution(alert, done) {
  const dialog = byId("resolve");
  byId("resolve-what").textContent = `#${alert.number} ${inWords(alert, "title")}`;
  byId("resolve-note").value = "";
  for (const button of dialog.querySelectorAll("[data-resolution]")) {
    button.onclick = () => during(button, async () => {
      const after = await post(alert.id, "resolve", { resolution: button.dataset.resolution, note: byId("resolve-note").value }, { about: alert });
      dialog.close();
      if (after) {
        toast(words("Closed. Everyone who was told is told."));
        done(after);
      }
    });
  }
  dialog.showModal();
}
