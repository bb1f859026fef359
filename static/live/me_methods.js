// My contact methods: what proves them, a test now, a code, and this device as one of them.

import { byId, el, say, setText, show, toast, words } from "./dom.js";
import { refill } from "./focus.js";
import { call } from "./rest.js";
import { clock } from "./time.js";
import { during, twice } from "./press.js";
import { setUpDevice } from "./web_push.js";

const AGAIN_MS = 2000, LOOKS = 20;
let page = null;

function state(method) {
  if (method.disabled_at) return ["bad", say("switched off: {why}", { why: method.disabled_reason || "" })];
  if (!method.verified) return ["bad", words("not verified yet: nothing is sent to it")];
  if (!method.active) return ["bad", words("not active")];
  if (method.lacking) return ["bad", say("cannot be used here: {why}", { why: method.lacking })];
  if (!method.proved_at) return [method.stale ? "bad" : "", words("nothing has proved yet that it reaches you")];
  return [method.stale ? "bad" : "good", say("last proved {at}", { at: clock(method.proved_at) })];
}

const tested = (test) => (test ? say("Test: {state} {at}", { state: test.error || words(test.status_name), at: clock(test.at) }) : "");

function line(method) {
  const [style, text] = state(method);
  const tools = [];
  if (method.usable && !method.lacking) tools.push(button("Test me now", () => test(method)));
  if (!method.verified && method.active) tools.push(button("Verify…", () => verify(method)));
  const remove = el("button", { type: "button", class: "quiet", text: words("Remove") });
  twice(remove, words("Remove"), async () => { await done(await call("DELETE", `/api/v1/contact-methods/${method.id}`)); });
  for (const each of [...tools, remove]) each.setAttribute("aria-describedby", `method-${method.id}`);
  return el("li", { class: "line-item", "data-id": method.id },
    el("p", { id: `method-${method.id}` }, el("b", { text: words(method.kind_name) }), ` ${method.address}`, method.label ? el("span", { class: "muted", text: ` ${method.label}` }) : null),
    el("p", { class: `method-state ${style}`, text }), el("p", { class: "muted method-test", text: tested(method.test) }),
    el("div", { class: "kept-tools" }, ...tools, remove));
}

function button(name, work) {
  const made = el("button", { type: "button", text: words(name) });
  made.addEventListener("click", () => during(made, work));
  return made;
}

async function load() {
  const answer = await call("GET", "/api/v1/me/contact-methods");
  if (!answer.ok) return [];
  const { items } = answer.body;
  refill(byId("methods-list"), ...items.map(line));
  show(byId("methods-none"), !items.some((method) => method.usable && !method.lacking));
  return items;
}

async function done(answer) {
  if (!answer.ok) toast(answer.problem, true);
  await load();
  return answer.ok;
}

/** Send a test message, and look for a while what becomes of it. */
async function test(method) {
  if (!(await done(await call("POST", `/api/v1/contact-methods/${method.id}/test`, {})))) return;
  toast(words("A test message is on its way. Open it, or confirm it."));
  watch(method.id, LOOKS);
}

async function watch(id, left) {
  const found = (await load()).find((each) => each.id === id);
  const ended = !found || !found.test || ["seen", "dead", "cancelled"].includes(found.test.status);
  if (!ended && left > 0) setTimeout(() => watch(id, left - 1), AGAIN_MS);
}

/** Send a code, and ask for it. */
async function verify(method) {
  const answer = await call("POST", `/api/v1/contact-methods/${method.id}/verify/start`, {});
  if (!answer.ok && answer.status !== 429) { toast(answer.problem, true); return; }
  if (!answer.ok) toast(answer.problem, true);
  const input = el("input", { inputmode: "numeric", autocomplete: "one-time-code", maxlength: "40", required: true });
  const problem = el("p", { class: "note bad", id: `wrong-${method.id}`, role: "alert", hidden: true });
  const form = el("form", { class: "stack code" }, el("label", {}, words("The code that was sent there"), input), problem, el("button", { class: "go", type: "submit", text: words("Confirm") }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    during(form.querySelector("button"), async () => {
      const end = await call("POST", `/api/v1/contact-methods/${method.id}/verify`, { code: input.value });
      wrong(input, problem, end.problem);
      if (end.ok) toast(words("Verified."));
      if (end.ok) await load();
    });
  });
  const item = byId("methods-list").querySelector(`[data-id="${CSS.escape(method.id)}"]`);
  item.querySelector(".code")?.remove();
  item.append(form);
  input.focus();
}

/** Say beside a field what is wrong with it, and go back to it; "" takes that away. */
function wrong(input, problem, text) {
  setText(problem, text);
  show(problem, text !== "");
  input.setAttribute("aria-invalid", String(text !== ""));
  if (text) { input.setAttribute("aria-describedby", problem.id); input.focus(); } else input.removeAttribute("aria-describedby");
}

function setUpAdding() {
  const form = byId("method-add"), kind = byId("add-kind");
  kind.addEventListener("change", () => {
    const mail = kind.value === "email";
    Object.assign(byId("add-address"), { type: mail ? "email" : "tel", autocomplete: mail ? "email" : "tel" });
  });
  show(form.parentElement, page.recipient !== null);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    during(form.querySelector("button"), async () => {
      const body = { recipient: page.recipient, kind: byId("add-kind").value, address: byId("add-address").value };
      const answer = await call("POST", "/api/v1/contact-methods", body);
      wrong(byId("add-address"), byId("add-problem"), answer.problem);
      if (!answer.ok) return;
      await load();
      byId("add-address").value = "";
      form.parentElement.open = false;
      form.parentElement.querySelector("summary").focus();
      toast(words("Added. Verify it, so that messages are sent to it."));
    });
  });
}

export function setUpMethods(data) {
  page = data;
  setUpAdding();
  load();
  setUpDevice(page.user, load);
}
