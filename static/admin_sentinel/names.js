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

document.addEventListener("DOMContentLoaded", () => {
  document.getElementById("content")?.setAttribute("role", "main");
  nameBoxes();
  new MutationObserver((changes) => {
    if (changes.some((change) => change.addedNodes.length)) nameBoxes();
  }).observe(document.body, { childList: true, subtree: true });
});
