// The keyboard's place on a page that changes by itself: what has the focus keeps it, or what comes nearest to it gets it.

const TARGETS = "a[href], button, input, select, textarea, summary, [tabindex]";
const shown = (node) => node.isConnected && node.checkVisibility();

function targets(scope) {
  return [...scope.querySelectorAll(TARGETS)].filter(shown);
}

/** Move the focus without moving the page. What takes none otherwise can have it from here. */
export function focusOn(node) {
  if (!node.matches(TARGETS)) node.tabIndex = -1;
  node.focus({ preventScroll: true });
}

/** Do `work`; if what has the focus is gone or hidden afterwards, `next(held)` says what gets it. */
export function keepFocus(work, next) {
  const held = document.activeElement;
  work();
  if (!held || held === document.body) return;
  if (shown(held)) { if (document.activeElement !== held) held.focus({ preventScroll: true }); return; }
  const found = next(held);
  if (found) focusOn(found);
}

/** Put other children into `node`; the one with the same place and words gets the focus again, in the same item (`data-id`) of a list. */
export function refill(node, ...children) {
  const held = node.contains(document.activeElement) ? document.activeElement : null;
  const item = held && held.closest("[data-id]"), id = item && node.contains(item) ? item.dataset.id : null;
  const place = held ? targets(id ? item : node).indexOf(held) : -1;
  keepFocus(() => node.replaceChildren(...children), () => {
    if (!held) return null;
    const scope = id ? node.querySelector(`[data-id="${CSS.escape(id)}"]`) : node;
    if (!scope) return node;
    const found = targets(scope);
    return found.find((each) => each.textContent === held.textContent) || found[place] || found.at(-1) || scope;
  });
}
