// Asks, when somebody leaves a field that is costly to get wrong or pauses in it, what is wrong with it, and says it below the field.
// It never holds up a save; what cannot be asked is left to the save.
(() => {
  const WAIT_MS = 700, turns = new WeakMap(), timers = new WeakMap(), asked = new WeakMap();

  const checked = (node) => (node instanceof Element && node.form && node.dataset.check ? node : null);
  const prefixOf = (field) => field.name.slice(0, -field.dataset.checkField.length);
  const nameOf = (field, other) => prefixOf(field) + other;

  function placeOf(field) {
    const id = `${field.id}_check`;
    let place = document.getElementById(id);
    if (!place) {
      place = document.createElement("div");
      place.id = id;
      place.className = "snt-check";
      place.setAttribute("role", "status");
      field.after(place);
    }
    return place;
  }

  function rowOf(field) {
    if (prefixOf(field)) return field.form.elements[nameOf(field, "id")]?.value ?? "";
    return /\/([^/]+)\/change\/$/.exec(location.pathname)?.[1] ?? "";
  }

  function question(field) {
    const form = new FormData(field.form), said = new URLSearchParams();
    for (const name of [field.dataset.checkField, ...field.dataset.checkBeside.split(" ").filter(Boolean)]) {
      for (const value of form.getAll(nameOf(field, name))) if (typeof value === "string") said.append(name, value);
    }
    said.append("_field", field.dataset.checkField);
    said.append("_object", rowOf(field));
    return said;
  }

  function show(field, errors, hint) {
    const place = placeOf(field), ids = new Set((field.getAttribute("aria-describedby") ?? "").split(" ").filter(Boolean));
    place.classList.toggle("snt-error", errors.length > 0);
    place.textContent = errors.join(" ") || hint;
    if (place.textContent) ids.add(place.id); else ids.delete(place.id);
    if (ids.size) field.setAttribute("aria-describedby", [...ids].join(" ")); else field.removeAttribute("aria-describedby");
    if (errors.length) field.setAttribute("aria-invalid", "true"); else field.removeAttribute("aria-invalid");
  }

  async function ask(field) {
    clearTimeout(timers.get(field));
    const said = question(field), text = said.toString();
    if (asked.get(field) === text) return;
    asked.set(field, text);
    const turn = (turns.get(field) ?? 0) + 1;
    turns.set(field, turn);
    if (!field.value.trim()) { show(field, [], ""); return; }
    let answer = { errors: [], hint: "" };
    try {
      const token = field.form.elements.csrfmiddlewaretoken.value;
      const response = await fetch(field.dataset.check, { method: "POST", body: said, headers: { "X-CSRFToken": token, Accept: "application/json" } });
      if (!response.ok) throw new Error(String(response.status));
      answer = await response.json();
    } catch {
      if (turns.get(field) === turn) asked.delete(field);
    }
    if (turns.get(field) === turn) show(field, answer.errors, answer.hint);
  }

  function soon(field) {
    clearTimeout(timers.get(field));
    timers.set(field, setTimeout(() => ask(field), WAIT_MS));
  }

  function besides(changed) {
    const fields = changed.form?.querySelectorAll("[data-check]") ?? [];
    return [...fields].filter((field) => field.dataset.checkBeside.split(" ").some((name) => nameOf(field, name) === changed.name));
  }

  // What nobody has touched is not asked about: it was saved like that, or is not written yet.
  addEventListener("focusin", ({ target }) => {
    const field = checked(target);
    if (!field) return;
    placeOf(field);
    if (!asked.has(field)) asked.set(field, question(field).toString());
  });
  addEventListener("input", ({ target }) => { if (checked(target)) soon(target); });
  addEventListener("focusout", ({ target }) => { if (checked(target)) ask(target); });
  addEventListener("change", ({ target }) => { if (target.name) besides(target).filter((field) => field.value.trim()).forEach(ask); });
})();
