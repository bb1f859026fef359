// Instants and durations, by the server's clock: a wrong clock on this machine must not show a wrong age.

import { words } from "./dom.js";

let ahead = 0;

/** Tell it what the server's clock says now. */
export function setServerNow(instant) {
  const server = Date.parse(instant);
  if (!Number.isNaN(server)) ahead = server - Date.now();
}

export const now = () => Date.now() + ahead;
export const seconds = (instant) => Math.floor((now() - Date.parse(instant)) / 1000);

/** 42 s, 3:07 min, 2 h 05, 3 d 4 h (in French 3 j 4 h), with spaces that never break. */
export function duration(total) {
  const left = Math.max(0, Math.floor(total));
  if (left < 60) return `${left}\u00a0s`;
  const minutes = Math.floor(left / 60);
  if (minutes < 60) return `${minutes}:${String(left % 60).padStart(2, "0")}\u00a0min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}\u00a0h\u00a0${String(minutes % 60).padStart(2, "0")}`;
  return `${Math.floor(hours / 24)}\u00a0${words("d")}\u00a0${hours % 24}\u00a0h`;
}

const language = document.documentElement.lang || undefined;
const today = new Intl.DateTimeFormat(language, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const earlier = new Intl.DateTimeFormat(language, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", hourCycle: "h23" });

export function clock(instant) {
  const at = new Date(instant);
  return (Math.abs(now() - at.getTime()) < 20 * 3600 * 1000 ? today : earlier).format(at);
}
