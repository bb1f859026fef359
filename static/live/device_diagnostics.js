// What is the matter with a device, and what to do about it, in words. No device is asked for it.

import { byId, el, words } from "./dom.js";
import { clock, duration } from "./time.js";
import { during } from "./press.js";
import { call } from "./rest.js";

const SIGNS = { error: "✕", warn: "!", info: "i", ok: "✓" };

export function setUpDiagnostics(slug) {
  byId("diagnose").addEventListener("click", () => during(byId("diagnose"), async () => {
    const answer = await call("GET", `/api/v1/devices/${slug}/diagnostics`);
    byId("diagnostics").replaceChildren(...(answer.ok ? report(answer.body) : [el("p", { class: "note bad", text: answer.problem })]));
  }));
}

function report(found) {
  const ahead = found.clock_ahead_seconds;
  const facts = [
    ["Mode", found.mode ? words(found.mode) : ""], ["Held by", found.lease.holder], ["Failures in a row", found.failures || ""], ["Viewers", found.viewers],
    ["Last reading", found.last_reading_at ? clock(found.last_reading_at) : ""], ["Clock ahead", ahead === null || ahead === undefined ? "" : `${ahead < 0 ? "−" : ""}${duration(Math.abs(ahead))}`],
    ["FTP password", found.password ? words(found.password) : ""],
  ].filter(([, value]) => value !== "" && value !== null && value !== undefined);
  return [
    el("ul", { class: "findings" }, ...found.findings.map((each) => el("li", { class: `f-${each.level}` }, el("span", { "aria-label": each.level, text: SIGNS[each.level] || "·" }), el("span", { text: each.text })))),
    el("dl", { class: "facts" }, ...facts.flatMap(([name, value]) => [el("dt", { text: words(name) }), el("dd", { text: String(value) })])),
  ];
}
