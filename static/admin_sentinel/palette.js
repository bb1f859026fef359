// The command palette for who hears it or has no mouse: it opens from a field as well, is a dialog with a name, has a field that says
// which result is chosen, and the focus goes back to where it was.

const COMMAND = /Mac|iP/.test(navigator.platform) ? "metaKey" : "ctrlKey"; // in a field of a Mac, Ctrl-K cuts the rest of the line

function setUpPalette() {
  const input = document.getElementById("search-input-command"), box = input?.closest("[x-data]"), results = document.getElementById("command-results");
  if (!box) return;
  let before = null;
  const name = (node, values) => { for (const [key, value] of Object.entries(values)) if (node.getAttribute(key) !== value) node.setAttribute(key, value); };
  name(box, { role: "dialog", "aria-modal": "true", "aria-label": input.placeholder });
  name(input, { role: "combobox", "aria-label": input.placeholder, "aria-autocomplete": "list", "aria-expanded": "false", "aria-controls": "command-results" });
  name(results, { "aria-live": "off" });
  name(document.getElementById("command-submit"), { tabindex: "-1", "aria-hidden": "true" });

  /** Which of the results has the mark, in the field's own terms. */
  function mark() {
    const list = document.getElementById("command-results-list"), items = list ? [...list.querySelectorAll("li")] : [];
    if (list) name(list, { role: "listbox", "aria-label": input.placeholder });
    items.forEach((item, place) => {
      name(item, { role: "option", id: `command-result-${place}`, "aria-selected": String(item.classList.contains("active")) });
      const link = item.querySelector("a");
      if (link) name(link, { tabindex: "-1", role: "presentation" });
    });
    const chosen = items.find((item) => item.classList.contains("active"));
    name(input, { "aria-expanded": String(items.length > 0), "aria-activedescendant": chosen ? chosen.id : "" });
  }
  new MutationObserver(() => mark()).observe(results, { childList: true, subtree: true, attributes: true, attributeFilter: ["class"] });

  // Unfold gives it the focus after a fixed time, in which a busy machine has not shown it yet.
  let shown = box.checkVisibility();
  new MutationObserver(() => {
    if (shown === box.checkVisibility()) return;
    shown = !shown;
    if (shown) input.focus();
    else if (box.contains(document.activeElement) || document.activeElement === document.body) before?.focus();
  }).observe(box, { attributes: true, attributeFilter: ["style"] });

  const open = () => { if (!box.contains(document.activeElement)) before = document.activeElement; };
  window.addEventListener("opencommand", open, true);
  window.addEventListener("keydown", (event) => {
    if (event.key !== "k" || !(event.metaKey || event.ctrlKey) || box.contains(document.activeElement)) return;
    open();
    if (!event[COMMAND] || event.defaultPrevented || !before.matches("input, textarea, [contenteditable]")) return; // Unfold opens it, or nobody
    event.preventDefault();
    window.dispatchEvent(new CustomEvent("opencommand"));
  }, true);
  box.addEventListener("keydown", (event) => { if (event.key === "Tab") event.preventDefault(); }); // the arrows choose: nothing else here takes the focus
}

document.addEventListener("DOMContentLoaded", setUpPalette);
