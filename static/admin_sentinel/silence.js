// Says below the matchers of a silence, while they are written, how many open alerts they match now.
(() => {
  const WAIT_MS = 400;

  function watch(field) {
    const says = document.createElement("div");
    says.className = "snt-matches";
    says.setAttribute("aria-live", "polite");
    says.id = `${field.id}_matches`;
    field.setAttribute("aria-describedby", `${field.getAttribute("aria-describedby") ?? ""} ${says.id}`.trim());
    field.after(says);
    let timer, asked = 0;

    async function ask() {
      const turn = ++asked;
      if (!field.value.trim()) { show({ says: "" }); return; }
      try {
        const query = new URLSearchParams({ matchers: field.value });
        const answer = await fetch(`${field.dataset.silencePreview}?${query}`, { headers: { Accept: "application/json" } });
        if (!answer.ok) throw new Error(String(answer.status));
        const found = await answer.json();
        if (turn === asked) show(found);
      } catch {
        if (turn === asked) show({ says: field.dataset.silenceUnknown, wrong: true });
      }
    }

    function show(found) {
      says.classList.toggle("snt-error", Boolean(found.wrong));
      if (found.wrong) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
      says.replaceChildren(document.createTextNode(found.says));
      const list = document.createElement("ul");
      for (const each of found.examples ?? []) {
        const line = document.createElement("li");
        line.textContent = `#${each.number} ${each.priority} ${each.title}${each.life_safety ? ` ${field.dataset.silenceExempt}` : ""}`;
        list.append(line);
      }
      if (list.children.length) says.append(list);
    }

    field.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, WAIT_MS); });
    ask();
  }

  addEventListener("DOMContentLoaded", () => document.querySelectorAll("[data-silence-preview]").forEach(watch));
})();
