// The command palette for who hears it or has no mouse: a dialog with a name, a field that says which result is chosen, and the focus
// goes back to where it was.

const SECOND_MS = 50; // the palette moves its mark after the key

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

  window.addEventListener("keydown", (event) => { if (event.key === "k" && (event.metaKey || event.ctrlKey) && !box.contains(document.activeElement)) before = document.activeElement; }, true);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Tab") event.preventDefault(); // the arrows choose: nothing else here takes the focus
    if (event.key === "Escape") setTimeout(() => { if (!box.checkVisibility()) before?.focus(); }, SECOND_MS);
  });
}

document.addEventListener("DOMContentLoaded", setUpPalette);
