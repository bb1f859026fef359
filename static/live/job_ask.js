// What people do to a job: run it now, pause it, go on. Each is asked about once.

import { byId, el, say, setText, show, toast, words } from "./dom.js";
import { during } from "./press.js";
import { call } from "./rest.js";
import { statusOf } from "./job_looks.js";

/** Buttons for a job. after() is called when something was done. */
export function buttons(job, after, { loud = true } = {}) {
  const run = job.runnable ? el("button", { type: "button", class: loud ? "go" : "", text: words("Run now"), onclick: () => askRun(job, after) }) : null;
  const pause = job.paused_until
    ? el("button", { type: "button", text: words("Go on"), onclick: (event) => resume(job, after, event.currentTarget) })
    : job.cron && job.enabled ? el("button", { type: "button", text: words("Pause"), onclick: () => askPause(job, after) }) : null;
  return [run, pause].filter(Boolean);
}

async function askRun(job, after) {
  const dialog = byId("ask-run");
  setText(byId("ask-run-title"), say("Run {job} now?", { job: job.name }));
  setText(byId("ask-run-text"), job.description || words("It starts at once, besides its schedule."));
  show(byId("ask-run-error"), false);
  byId("ask-run-fields").replaceChildren();
  dialog.showModal();
  const fields = job.kind === "callable" ? await argumentsOf(job) : [];
  byId("ask-run-fields").replaceChildren(...fields.map((field) => field.node));
  const go = byId("ask-run-go");
  go.onclick = () => during(go, async () => {
    const given = Object.fromEntries(fields.filter((field) => field.changed()).map((field) => [field.name, field.value()]));
    const answer = await call("POST", `/api/v1/jobs/${job.slug}/run`, { arguments: given });
    setText(byId("ask-run-error"), answer.problem);
    show(byId("ask-run-error"), !answer.ok);
    if (!answer.ok) return;
    dialog.close();
    toast(answer.body.status === "skipped" ? say("{job} was not run: {why}", { job: job.name, why: answer.body.reason }) : say("{job}: {what}.", { job: job.name, what: statusOf(answer.body.status).text }), answer.body.status === "skipped");
    after(answer.body);
  });
}

/** The arguments of a Python callable, each with the value it has unless somebody changes it. */
async function argumentsOf(job) {
  const [own, all] = await Promise.all([call("GET", `/api/v1/jobs/${job.slug}`), call("GET", "/api/v1/jobs/callables")]);
  const callable = all.ok && own.ok ? all.body.find((each) => each.name === own.body.callable) : null;
  return callable ? callable.parameters.map((parameter) => field(parameter, own.body.arguments[parameter.name])) : [];
}

function field(parameter, own) {
  const before = own === undefined ? parameter.default : own;
  const type = parameter.type === "bool" ? "checkbox" : parameter.type === "str" ? "text" : "number";
  const input = el("input", { type, step: parameter.type === "float" ? "any" : null });
  if (type === "checkbox") input.checked = Boolean(before);
  else input.value = before === null || before === undefined ? "" : String(before);
  const value = () => (type === "checkbox" ? input.checked : type === "number" ? Number(input.value) : input.value);
  const node = type === "checkbox" ? el("label", { class: "choice" }, input, el("span", { text: parameter.name })) : el("label", {}, el("span", { text: parameter.name }), input);
  return { name: parameter.name, node, value, changed: () => (input.value !== "" || type === "text") && value() !== before };
}

function askPause(job, after) {
  const dialog = byId("ask-pause");
  setText(byId("ask-pause-title"), say("Pause {job}?", { job: job.name }));
  for (const button of dialog.querySelectorAll("[data-hours]")) {
    button.onclick = () => during(button, async () => {
      const until = new Date(Date.now() + Number(button.dataset.hours) * 3600000).toISOString();
      const answer = await call("POST", `/api/v1/jobs/${job.slug}/pause`, { until });
      dialog.close();
      toast(answer.ok ? say("{job} is paused.", { job: job.name }) : answer.problem, !answer.ok);
      after();
    });
  }
  dialog.showModal();
}

function resume(job, after, button) {
  during(button, async () => {
    const answer = await call("POST", `/api/v1/jobs/${job.slug}/resume`);
    toast(answer.ok ? say("{job} goes on.", { job: job.name }) : answer.problem, !answer.ok);
    after();
  });
}
