// What stands where on a wall: pure, so that it can be tried without a screen.

export const rank = (alert) => Number(alert.priority.slice(1));
export const isTaken = (alert) => alert.status === "ACKNOWLEDGED";
/** Nobody has it, or it was taken and calls again. */
export const isUntaken = (alert) => !isTaken(alert) || alert.next_step_at !== null || alert.unanswered;
const older = (a, b) => (a.created_at < b.created_at ? -1 : a.created_at > b.created_at ? 1 : a.number - b.number);
export const inOrder = (a, b) => rank(a) - rank(b) || older(a, b);

/** The sites with something open, by name: {name, count, urgent, untaken}. */
export function sitesOf(alerts) {
  const found = new Map();
  for (const alert of alerts) {
    const site = found.get(alert.site) || { name: alert.site, count: 0, best: 9, untaken: 0 };
    found.set(alert.site, { ...site, count: site.count + 1, best: Math.min(site.best, rank(alert)), untaken: site.untaken + (isUntaken(alert) ? 1 : 0) });
  }
  return [...found.values()].sort((a, b) => a.name.localeCompare(b.name));
}

const chunks = (list, size) => Array.from({ length: Math.ceil(list.length / size) }, (_, at) => list.slice(at * size, (at + 1) * size));

/**
 * How `alerts` are shown on a screen with room for `room` rows. Every P1 is pinned above the sites that take turns; where P1s alone would
 * fill the screen they take turns themselves, those nobody has taken first, and leave a third of the room to the others.
 * Returns {pinned: [[alert]], slides: [{site, page, pages, rows, count}]}, each a list of what takes turns; site is null for all together.
 */
export function plan(alerts, room, together = false) {
  const urgent = alerts.filter((alert) => rank(alert) === 1).sort(inOrder);
  const rest = alerts.filter((alert) => rank(alert) !== 1).sort(inOrder);
  const kept = rest.length ? Math.min(rest.length, Math.max(1, Math.floor(room / 3))) : 0;
  const places = Math.max(1, Math.min(urgent.length, room - kept));
  if (urgent.length > places) urgent.sort((a, b) => isUntaken(b) - isUntaken(a) || inOrder(a, b));
  const left = Math.max(1, room - (urgent.length ? places : 0));
  const groups = together ? [[null, rest]] : sitesOf(rest).map((site) => [site.name, rest.filter((alert) => alert.site === site.name)]);
  const slides = groups.flatMap(([site, list]) => {
    const pages = chunks(list, left);
    return pages.map((rows, page) => ({ site, page, pages: pages.length, rows, count: list.length }));
  });
  return { pinned: urgent.length ? chunks(urgent, places) : [], slides };
}

/** Where to go on in new slides after `slide` was shown: at the same page of the same site, or near it. */
export function placeIn(slides, slide) {
  if (!slide || !slides.length) return 0;
  const same = slides.findIndex((each) => each.site === slide.site && each.page === slide.page);
  if (same >= 0) return same;
  const last = slides.findLastIndex((each) => each.site === slide.site);
  if (last >= 0) return last;
  const after = slides.findIndex((each) => (each.site || "").localeCompare(slide.site || "") > 0);
  return after >= 0 ? after : 0;
}
