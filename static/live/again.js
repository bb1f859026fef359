// A page that looks again by itself: politely, not while nobody looks, and it says when what stands there is old.

import { setServerNow } from "./time.js";
import { showLink } from "./link.js";

const STALE_MS = 30000;
const SLOWEST_MS = 60000;

export class Again {
  /** path: a snapshot with `now`. everyMs() -> how long to wait. take(snapshot). login: where to sign in again. */
  constructor({ path, everyMs, take, login }) {
    Object.assign(this, { path, everyMs, take, login });
    this.heard = Date.now();
    this.failures = 0;
    this.stopped = false;
    this.timer = 0;
    showLink("live", 0, login);
    this.wait();
    setInterval(() => this.look(), 1000);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) this.now(); });
    window.addEventListener("online", () => this.now());
  }

  /** Ask at once. */
  now() {
    clearTimeout(this.timer);
    return this.ask();
  }

  wait() {
    clearTimeout(this.timer);
    const pause = Math.min(SLOWEST_MS, this.everyMs() * 1.6 ** Math.min(this.failures, 8));
    this.timer = setTimeout(() => this.ask(), pause * (0.85 + 0.3 * Math.random()));
  }

  async ask() {
    if (this.stopped || this.asking) return;
    if (document.hidden && this.failures === 0 && Date.now() - this.heard < STALE_MS) {
      this.wait();
      return;
    }
    this.asking = true;
    try {
      const response = await fetch(this.path, { credentials: "same-origin", cache: "no-store", redirect: "manual" });
      if (response.type === "opaqueredirect" || response.status === 401) this.stop("login");
      else if (response.status === 403) this.stop("forbidden");
      else if (response.ok) this.hear(await response.json());
      else this.failures += 1;
    } catch {
      this.failures += 1;
    }
    this.asking = false;
    if (!this.stopped) this.wait();
  }

  hear(snapshot) {
    this.heard = Date.now();
    this.failures = 0;
    setServerNow(snapshot.now);
    this.take(snapshot);
    showLink("live", 0, this.login);
  }

  stop(why) {
    this.stopped = true;
    showLink(why, 0, this.login);
  }

  look() {
    const silent = Date.now() - this.heard;
    if (!this.stopped && !document.hidden && this.failures > 0 && silent > STALE_MS) showLink("stale", silent, this.login);
  }
}
