// Names for what the admin's own templates leave without one, so that people who hear the page find their way.

function nameBoxes() {
  for (const box of document.querySelectorAll(".select2-selection[aria-labelledby]")) {
    const select = box.closest(".select2")?.previousElementSibling;
    const label = select?.labels?.[0] || select?.closest("[class*=field-]")?.querySelector("label, legend");
    const text = label?.textContent.trim() || select?.name;
    if (!text) continue;
    box.removeAttribute("aria-labelledby");
    for (const each of [box, ...box.querySelectorAll("[role=textbox]")]) each.setAttribute("aria-label", text);
  }
}

const textOf = (node) => [...node.querySelectorAll(".material-symbols-outlined")].reduce((text, icon) => text.replace(icon.textContent, ""), node.textContent).trim();

/** What a control is called that shows an icon alone: as another link to the same page, or as the field beside it. */
function nameOf(control) {
  const twins = [...document.querySelectorAll("a[href]")].filter((each) => each !== control && each.href === control.href);
  return twins.map(textOf).find((text) => text) || control.closest("form")?.querySelector("input[placeholder]")?.placeholder || "";
}

/** An icon is a word in a font of its own: who hears the page would hear that word before each name. */
function hushIcons() {
  for (const icon of document.querySelectorAll(".material-symbols-outlined:not([aria-hidden])")) {
    const control = icon.closest("a, button, summary, [role=button]");
    const named = !control || textOf(control) || control.hasAttribute("aria-label") || control.title;
    const name = named ? "" : nameOf(control);
    if (name) control.setAttribute("aria-label", name);
    if (named || name) icon.setAttribute("aria-hidden", "true");
  }
}

/** What is asked for every second and comes as it was is not put in again: it would be read aloud each time. */
function keepSame(event) {
  const { target, fragment } = event.detail;
  if (target.matches("[aria-live]") && fragment.innerHTML !== undefined && fragment.innerHTML === target.innerHTML) event.detail.shouldSwap = false;
}

document.addEventListener("DOMContentLoaded", () => {
  document.body.addEventListener("htmx:oobBeforeSwap", keepSame);
  const content = document.getElementById("content");
  if (content) Object.assign(content, { role: "main", tabIndex: -1 });
  nameBoxes();
  hushIcons();
  new MutationObserver((changes) => {
    if (changes.some((change) => change.addedNodes.length)) { nameBoxes(); hushIcons(); }
  }).observe(document.body, { childList: true, subtree: true });
});
