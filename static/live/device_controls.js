// Operating a meter: every command asks first when it changes something, shows how far it is, and says in words what came of it.

import { byId, el, pair, say, setText, show, words } from "./dom.js";
import { clock } from "./time.js";
import { settle } from "./device_looks.js";
import { during } from "./press.js";
import { call } from "./rest.js";
import { setUpFiles } from "./device_files.js";

const AGAIN_MS = 1000;
const OPEN = ["queued", "running"];
const STATES = { queued: ["…", "Waiting"], running: ["↻", "Under way"], done: ["✓", "Done"], refused: ["✕", "Refused"], unreachable: ["✕", "Not reachable"], timed_out: ["✕", "Not done in time"], failed: ["✕", "Failed"] };
const CODES = {
  "R+0001": "The meter does not know this command.", "R+0002": "The meter does not accept this value.",
  "R+0003": "This setting can only be read, or only be written.", "R+0004": "Not in its present state, or it is busy: stop the measurement first, or try again in a moment.",
};
/** What a button is called, by its command. */
const titles = new Map();
let base = "";
let after = () => {};

/** page: what the page was given; reload: to be called when something was done. */
export function setUpControls(page, { reload }) {
  base = `/api/v1/devices/${page.snapshot.device.slug}`;
  after = reload;
  if (!byId("controls")) return;
  for (const button of document.querySelectorAll("[data-command]")) {
    titles.set(button.dataset.command, button.textContent.trim());
    button.title = button.dataset.what || "";
    button.addEventListener("click", async () => {
      if (button.dataset.what && !(await confirmed(button.textContent.trim(), button.dataset.what))) return;
      await during(button, () => perform(button.dataset.command, {}, button.textContent.trim()));
    });
  }
  setUpSetting();
  setUpWatching();
  setUpFiles(base);
}

/** Asks; resolves to whether it was wanted. */
function confirmed(title, what) {
  const dialog = byId("confirm");
  setText(byId("confirm-title"), `${title}?`);
  setText(byId("confirm-what"), what);
  setText(byId("confirm-yes"), title);
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => { dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true }); });
}

async function perform(command, args, title) {
  reply(el("p", { text: say("{title}: waiting for the meter…", { title }) }));
  const answer = await call("POST", `${base}/commands`, { command, args });
  const result = answer.status === 202 ? await followed(answer.body, title) : answer;
  if (result.ok) shown(title, result.body);
  else reply(el("p", { class: "bad", text: pair(title, refusal(result)) }));
  after();
}

/** Ask again until a long command has ended. */
async function followed(first, title) {
  let command = first;
  while (OPEN.includes(command.status)) {
    progress(title, command.progress || {});
    await new Promise((resolve) => { setTimeout(resolve, AGAIN_MS); });
    const answer = await call("GET", `${base}/commands/${first.id}`);
    if (!answer.ok && answer.status !== 0) return answer;
    if (answer.ok) command = answer.body;
  }
  if (command.status === "done") return { ok: true, body: command };
  return { ok: false, status: 0, body: command, problem: command.error || words(STATES[command.status][1]) };
}

function progress(title, { what, done, of }) {
  const bar = of ? el("progress", { max: of, value: done, "aria-label": title }) : el("progress", { "aria-label": title });
  reply(el("p", { text: pair(title, `${what ? words(what) : words("under way")}${of ? ` (${done}/${of})` : ""}`) }), bar);
}

function refusal({ body, problem }) {
  const code = body.code || "";
  return CODES[code] ? `${words(CODES[code])} (${code})` : problem;
}

function shown(title, body) {
  const found = body.reply === undefined ? body : body.reply;
  reply(el("p", { class: "good", text: pair(title, words("done.")) }), listed(found));
}

/** A reply as a list of names and values; nested ones are indented. */
function listed(found) {
  const entries = found && typeof found === "object" ? Object.entries(found).filter(([, value]) => value !== null && value !== "") : [];
  if (!entries.length) return null;
  return el("dl", { class: "facts" }, ...entries.flatMap(([name, value]) => [el("dt", { text: name.replaceAll("_", " ") }), el("dd", {}, nested(value))]));
}

function nested(value) {
  if (Array.isArray(value)) return document.createTextNode(value.map((each) => (each && typeof each === "object" ? Object.values(each).join(" ") : String(each))).join(", ") || "–");
  if (value && typeof value === "object") return listed(value) || document.createTextNode("–");
  return document.createTextNode(value === true ? words("yes") : value === false ? words("no") : String(value));
}

function reply(...children) {
  const box = byId("reply");
  box.replaceChildren(...children.filter(Boolean));
  show(box, true);
}

/** Release the meter for other programs, or watch it again. */
function setUpWatching() {
  const release = byId("release");
  release.addEventListener("click", async () => {
    if (!(await confirmed(release.textContent, release.dataset.what))) return;
    await during(release, async () => {
      const answer = await call("POST", `${base}/monitor/stop`);
      if (answer.ok) window.location.assign(release.dataset.list);
      else reply(el("p", { class: "bad", text: answer.problem }));
    });
  });
  byId("watch").addEventListener("click", () => during(byId("watch"), async () => {
    const answer = await call("POST", `${base}/monitor/start`);
    if (!answer.ok) reply(el("p", { class: "bad", text: answer.problem }));
    after();
  }));
}

/** Which of the two can be done. */
export function showWatching({ keepalive }) {
  if (!byId("controls")) return;
  show(byId("release"), keepalive);
  show(byId("watch"), !keepalive);
  show(byId("unwatched"), !keepalive);
}

function setUpSetting() {
  byId("setting").addEventListener("submit", async (event) => {
    event.preventDefault();
    const [name, value] = [byId("setting-name").value.trim(), byId("setting-value").value.trim()];
    const change = event.submitter && event.submitter.value === "set";
    if (change && !(await confirmed(words("Change"), say("{name} is set to {value}.", { name, value })))) return;
    await during(event.submitter, () => (change ? perform("setting_set", { name, value }, name) : perform("setting_get", { name }, name)));
  });
}

/** What was done to the device, newest first. */
export function showCommands(commands) {
  if (!byId("log-card")) return;
  show(byId("log-card"), commands.length > 0);
  settle(byId("commands"), commands.map((command) => {
    const [sign, word] = STATES[command.status] || ["?", command.status];
    const given = Object.values(command.arguments || {}).join(" = ");
    const { what, done, of } = command.progress || {};
    const why = CODES[command.code] ? `${words(CODES[command.code])} (${command.code})` : command.error;
    const far = OPEN.includes(command.status) && what ? `${what}${of ? ` ${done}/${of}` : ""}` : "";
    return el("li", { class: "entry" }, el("time", { datetime: command.asked_at, text: clock(command.asked_at) }),
      el("span", { class: "entry-text" }, el("b", { text: titles.get(command.command) || command.command }), ` ${[given, command.by].filter(Boolean).join(" · ")}`,
        why || far ? el("span", { class: "muted", text: ` ${[far, why].filter(Boolean).join(" ")}` }) : null),
      el("span", { class: `entry-after c-${command.status}`, text: `${sign} ${words(word)}` }));
  }));
}
