// Looks from a thread of its own whether the page still does its work: timers stall, and a fault in a loop stops it for good.

/**
 * work() says that the page did its work. When it has not for `misses` turns of the other thread, each `everyMs`, stalled() is called, and again after as many more.
 * The turns are counted, not timed: while the machine sleeps there are none.
 */
export class Watchdog {
  constructor({ worker, everyMs, misses, stalled }) {
    Object.assign(this, { misses, stalled });
    this.missed = 0;
    try {
      this.thread = new Worker(worker);
      this.thread.addEventListener("message", () => this.turn());
      this.thread.postMessage(everyMs);
    } catch {
      // without the other thread the page goes on unwatched
    }
  }

  work() {
    this.missed = 0;
  }

  turn() {
    this.missed += 1;
    if (this.missed % this.misses === 0) this.stalled();
  }
}
