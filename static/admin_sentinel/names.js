// Names for what the admin's own templates leave without one, so that people who hear the page find their way.

window.addEventListener("load", () => {
  document.getElementById("content")?.setAttribute("role", "main");
  for (const box of document.querySelectorAll(".select2-selection")) {
    const select = box.closest(".select2")?.previousElementSibling;
    const label = select?.labels?.[0]?.textContent.trim();
    if (!label) continue;
    box.removeAttribute("aria-labelledby");
    box.setAttribute("aria-label", label);
    box.querySelector("[role=textbox]")?.setAttribute("aria-label", label);
  }
});
