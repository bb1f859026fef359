// Wall time of the device's place: the axis of the chart, and the hours of its rules.

const DAY_MS = 86400000;
const language = document.documentElement.lang || undefined;

export class Zone {
  /** name: an IANA name; one that the browser does not know falls back to the browser's own. */
  constructor(name) {
    let known = name;
    try {
      new Intl.DateTimeFormat("en", { timeZone: name });
    } catch {
      known = Intl.DateTimeFormat().resolvedOptions().timeZone;
    }
    this.name = known;
    this.parts = new Intl.DateTimeFormat("en-US", { timeZone: known, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric", hour: "numeric", minute: "numeric", second: "numeric" });
    const form = (options) => new Intl.DateTimeFormat(language, { timeZone: known, hourCycle: "h23", ...options });
    this.forms = {
      second: form({ hour: "2-digit", minute: "2-digit", second: "2-digit" }), minute: form({ hour: "2-digit", minute: "2-digit" }),
      day: form({ day: "numeric", month: "short" }), moment: form({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" }),
      full: form({ day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", second: "2-digit" }),
      date: form({ weekday: "short", day: "numeric", month: "short", year: "numeric" }), long: form({ day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit" }),
      iso: new Intl.DateTimeFormat("en-CA", { timeZone: known, year: "numeric", month: "2-digit", day: "2-digit" }),
    };
  }

  /** Whether the browser's own clock reads the same. */
  isHere() {
    return this.offset(Date.now()) === -new Date().getTimezoneOffset() * 60000;
  }

  /** seconds → text; how: second, minute, day, moment, full, date, long, or iso (2026-03-02). */
  text(at, how) {
    return this.forms[how].format(new Date(at * 1000));
  }

  /** How far the zone is ahead of UTC at an instant, both in milliseconds. */
  offset(ms) {
    const found = Object.fromEntries(this.parts.formatToParts(new Date(ms)).map((part) => [part.type, Number(part.value)]));
    return Date.UTC(found.year, found.month - 1, found.day, found.hour, found.minute, found.second) - Math.floor(ms / 1000) * 1000;
  }

  /** The instant (seconds) at which a wall clock reads so many milliseconds since 1970 as if it were UTC. */
  instant(wall) {
    const guess = wall - this.offset(wall);
    return (wall - this.offset(guess)) / 1000;
  }

  /** The stretches [from, until] in seconds within which a rule is looked at, cut to since…until. */
  windows(rule, since, until) {
    const days = rule.weekdays || [];
    if (!rule.window_from && days.length === 0) return [[since, until]];
    const [from, to] = rule.window_from ? [minutes(rule.window_from), minutes(rule.window_until)] : [0, 0];
    const found = [];
    const first = Math.floor((since * 1000 + this.offset(since * 1000)) / DAY_MS) - 1;
    const last = Math.floor((until * 1000 + this.offset(until * 1000)) / DAY_MS);
    for (let day = first; day <= last; day += 1) {
      if (days.length && !days.includes((day + 3) % 7)) continue; // 1970-01-01 was a Thursday; 0 is Monday
      const begins = Math.max(since, this.instant(day * DAY_MS + from * 60000));
      const ends = Math.min(until, this.instant((to > from ? day : day + 1) * DAY_MS + to * 60000));
      if (ends > begins) found.push([begins, ends]);
    }
    return joined(found);
  }
}

const minutes = (clock) => Number(clock.slice(0, 2)) * 60 + Number(clock.slice(3, 5));

function joined(stretches) {
  const found = [];
  for (const [from, until] of stretches) {
    const before = found[found.length - 1];
    if (before && from <= before[1]) before[1] = Math.max(before[1], until);
    else found.push([from, until]);
  }
  return found;
}
