// What goes on while somebody watches. The part of the page that tells of it is asked for again until it is over; nothing else of the page
// changes, so that what is typed elsewhere stays. While the line is down, or nobody looks, it waits.

const EVERY_MS = 1500;
const part = () => document.getElementById("underway");

function say(text) {
  const said = document.getElementById("underway-said");
  if (said && said.textContent !== text) said.textContent = text;
}

function take(page) {
  const fresh = new DOMParser().parseFromString(page, "text/html").getElementById("underway");
  if (!fresh) return location.reload();
  const old = part(), selection = document.getSelection();
  const copying = !selection.isCollapsed && old.contains(selection.focusNode) && fresh.dataset.goesOn === "true";
  if (!copying && fresh.outerHTML !== old.outerHTML) old.replaceWith(document.importNode(fresh, true));
  return say(fresh.dataset.says);
}

async function look() {
  if (!document.hidden) {
    try {
      const answer = await fetch(location.href, { cache: "no-store" });
      if (answer.ok) take(await answer.text());
      else if (answer.status < 500) return location.reload();
    } catch {
      // the line is down: it is asked again
    }
  }
  return again();
}

function again() {
  if (part()?.dataset.goesOn === "true") setTimeout(look, EVERY_MS);
}

again();
