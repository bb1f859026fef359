// The noise report: it stands in the page. The script asks for a new one, says how far that is, and shows the page anew when it is done.

import { byId, data, say, setText, show, toast, words } from "./dom.js";
import { during } from "./press.js";
import { call } from "./rest.js";
import { watchHealth } from "./health.js";

const LOOK_MS = 2000;
const page = data("data");

function far({ state, done, total }) {
  show(byId("underway"), true);
  const bar = byId("bar");
  if (state === "running" && total > 0) Object.assign(bar, { max: total, value: done });
  else bar.removeAttribute("value");
  setText(byId("far"), state === "queued" ? words("It waits for its turn.") : total > 0 ? say("Step {done} of {total}", { done, total }) : words("It is being worked out."));
}

async function follow(id) {
  const again = byId("again");
  if (again) again.setAttribute("aria-busy", "true");
  const answer = await call("GET", `/api/v1/noise/${id}`);
  if (answer.ok && answer.body.state === "done") return location.reload();
  if (answer.ok && answer.body.state === "failed") {
    show(byId("underway"), false);
    if (again) again.removeAttribute("aria-busy");
    return toast(say("It could not be worked out: {error}", { error: answer.body.error }), true);
  }
  if (answer.ok) far(answer.body);
  else setText(byId("far"), answer.problem);
  return setTimeout(() => follow(id), LOOK_MS);
}

async function ask() {
  const answer = await call("POST", "/api/v1/noise");
  if (!answer.ok) return toast(answer.problem, true);
  far(answer.body);
  return answer.body.id;
}

if (byId("again")) byId("again").addEventListener("click", async (event) => {
  let id = "";
  await during(event.currentTarget, async () => { id = await ask(); });
  if (id) follow(id);
});
if (page.underway) {
  far(page.underway);
  follow(page.underway.id);
}
watchHealth();
