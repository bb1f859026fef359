// Nothing may burn itself into the screen: the picture moves, grows darker while all is calm, and turns light for a minute now and then.

const MOVE_MS = 60000;
const LIGHT_EVERY = 45; // moves
const PATH = [[0, 0], [1, 0], [2, 1], [2, 2], [1, 3], [0, 3], [-1, 2], [-2, 1], [-2, 0], [-1, -1], [0, -2], [1, -2], [1, -1]];

export class Rest {
  /** isUrgent(): something must not be dimmed now. */
  constructor({ frame, isUrgent }) {
    Object.assign(this, { frame, isUrgent, moves: 0 });
    this.calmer = window.matchMedia("(prefers-reduced-motion: reduce)");
    setInterval(() => this.move(), MOVE_MS);
  }

  move() {
    this.moves += 1;
    const [x, y] = PATH[this.moves % PATH.length];
    this.frame.style.setProperty("--x", String(x));
    this.frame.style.setProperty("--y", String(y));
    const urgent = this.isUrgent();
    document.body.classList.toggle("is-dim", !urgent && this.moves % 4 > 1);
    document.body.classList.toggle("is-light", !urgent && !this.calmer.matches && this.moves % LIGHT_EVERY === 0);
  }

  /** At once, when something urgent comes. */
  rouse() {
    document.body.classList.remove("is-dim", "is-light");
  }
}
