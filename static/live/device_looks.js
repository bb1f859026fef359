// How a device's state reads. Colour is never the only sign: every state has a symbol and a word.

import { el, say, sayMany, words } from "./dom.js";
import { refill } from "./focus.js";
import { duration, seconds } from "./time.js";

/** A watched device speaks every `poll_seconds`, an idle one every ten seconds. */
const WATCHED_SILENT_SECONDS = 10;
const IDLE_SILENT_SECONDS = 30;
/** Devices that push have no rhythm of their own; an hour without a value is worth a word. */
const PUSHED_SILENT_SECONDS = 3600;
const RUN = { measuring: ["▶", "Measuring"], stopped: ["■", "Stopped"] };

/** off, trouble, wait or good; with a sign and words. */
export function standing(device) {
  const { status } = device;
  if (!device.enabled) return { kind: "off", sign: "○", text: words("Switched off") };
  if (status.reachable === false) {
    const since = status.unreachable_since ? duration(seconds(status.unreachable_since)) : "";
    const text = device.polled ? (since ? say("Unreachable for {time}", { time: since }) : words("Unreachable")) : since ? say("Silent for {time}", { time: since }) : words("Silent");
    return { kind: "trouble", sign: "✕", text };
  }
  if (isOld(device)) return { kind: "trouble", sign: "◷", text: say("No value for {time}", { time: duration(seconds(status.last_frame_at)) }) };
  if (status.reachable === true) return { kind: "good", sign: "●", text: device.polled ? words("Reachable") : words("Sends readings") };
  if (device.polled && !device.keepalive) return { kind: "off", sign: "◌", text: words("Standby") };
  return { kind: "wait", sign: "…", text: device.polled ? words("Not tried yet") : words("No reading yet") };
}

/** Whether its last value is older than it should be. */
export function isOld(device) {
  const { status } = device;
  const wanted = device.enabled && (device.keepalive || !device.polled || status.mode !== "standby");
  if (!wanted || !status.last_frame_at) return false;
  const watched = Math.max(status.mode === "idle" ? IDLE_SILENT_SECONDS : WATCHED_SILENT_SECONDS, 4 * device.poll_seconds);
  return seconds(status.last_frame_at) > (device.polled ? watched : device.silent_after_seconds || PUSHED_SILENT_SECONDS);
}

/** Whether the values that stand here are of now. */
export const isLive = (device) => device.status.reachable === true && !isOld(device);

/** Take a message of the feed into `device`. Returns whether it brought values. */
export function takeMessage(device, message) {
  const { status } = device;
  if (message.type === "status") {
    status.reachable = message.reachable;
    status.unreachable_since = message.since;
    if (message.mode) status.mode = message.mode;
    status.error = message.error || "";
    return false;
  }
  if (message.type !== "frame") return false;
  status.frame = message;
  if (message.measured_at) status.last_frame_at = message.measured_at;
  if (message.state) status.state = message.state;
  if (message.reachable !== undefined && !message.stale) status.reachable = message.reachable;
  if (message.reachable === true && !message.stale) status.unreachable_since = null;
  return Boolean(message.values);
}

export const valuesOf = (device) => (device.status.frame && device.status.frame.values) || {};

/** The signs beside a device's name. */
export function signs(device, { viewers = true } = {}) {
  const { status } = device;
  const now = standing(device);
  const found = [el("span", { class: `status d-${now.kind}`, text: `${now.sign} ${now.text}` })];
  const run = RUN[status.state];
  if (run && device.polled && status.reachable) found.push(el("span", { class: `mark run-${status.state}` }, el("span", { "aria-hidden": "true", text: run[0] }), ` ${words(run[1])}`));
  if (status.frame && status.frame.overload) found.push(el("span", { class: "mark m-nobody-answered", text: words("Overload") }));
  if (status.frame && status.frame.under_range) found.push(el("span", { class: "mark", text: words("Under range") }));
  if (viewers && device.viewers > 0) found.push(el("span", { class: "mark", text: sayMany("{n} viewer", "{n} viewers", device.viewers) }));
  return found;
}

/** Replace the children of a node only when they read differently, so that a ticking page does no work. */
export function settle(node, children) {
  const text = children.map((child) => `${child.className}|${child.textContent}`).join("\n");
  if (node.dataset.said === text) return;
  node.dataset.said = text;
  refill(node, ...children);
}
