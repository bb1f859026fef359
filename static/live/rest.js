// Calls to REST, with the session and its CSRF token.

import { say, words } from "./dom.js";

const token = () => document.querySelector("input[name=csrfmiddlewaretoken]").value;

/** Resolves to {ok, status, body, problem}: `problem` says in words what went wrong. Never rejects. */
export async function call(method, path, body) {
  const init = { method, credentials: "same-origin", cache: "no-store", headers: { Accept: "application/json", "Sentinel-Language": document.documentElement.lang } };
  if (method !== "GET") init.headers["X-CSRFToken"] = token();
  if (body !== undefined) Object.assign(init, { body: JSON.stringify(body), headers: { ...init.headers, "Content-Type": "application/json" } });
  try {
    const response = await fetch(path, init);
    const answer = await response.json().catch(() => ({}));
    return { ok: response.ok, status: response.status, body: answer, problem: response.ok ? "" : problemOf(response.status, answer) };
  } catch {
    return { ok: false, status: 0, body: {}, problem: words("Not sent: no connection. Try again.") };
  }
}

const sentence = (text) => text[0].toUpperCase() + text.slice(1) + (/[.!?…]$/.test(text) ? "" : ".");

function problemOf(status, answer) {
  if (status === 401) return words("You are signed out: sign in again.");
  const errors = Array.isArray(answer.errors) ? answer.errors.map((each) => each.detail || each.message || each.msg || "").filter(Boolean) : [];
  return errors.map(sentence).join(" ") || answer.detail || say("Refused ({status}).", { status });
}
