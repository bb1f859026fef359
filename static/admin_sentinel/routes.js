// The order of routes: Unfold drags them by their handle; this lets the keyboard do the same, keeps the catch-all last, and keeps the
// positions that there are, so that a list of several pages keeps its order, too.
document.addEventListener("DOMContentLoaded", () => {
  "use strict";
  const table = document.querySelector("#result_list[data-ordering-field]");
  if (!table) return;
  const field = table.dataset.orderingField;
  const rows = () => [...table.tBodies].filter((body) => input(body));
  const input = (body) => body.querySelector(`td.field-${field} input[name$="-${field}"]`);
  const isLast = (body) => Boolean(body.querySelector("[data-catch-all]"));
  const handle = (body) => body.querySelector(".cursor-move");
  const said = document.getElementById("route-order-said");
  const words = { move: "", moved: "", unsaved: "", ...said?.dataset };
  const numbers = rows().filter((body) => !isLast(body)).map((body) => Number(input(body).value) || 0);
  for (let place = 1; place < numbers.length; place += 1) numbers[place] = Math.max(numbers[place], numbers[place - 1] + 1);

  function renumber() {
    const last = rows().find(isLast);
    if (last) table.append(last);
    rows().filter((body) => !isLast(body)).forEach((body, place) => {
      input(body).value = numbers[place];
      const shown = body.querySelector("[data-place]");
      if (shown) shown.textContent = numbers[place];
    });
  }

  function move(body, step) {
    const movable = rows().filter((each) => !isLast(each));
    const place = movable.indexOf(body) + step;
    if (place < 0 || place >= movable.length) return;
    if (step < 0) movable[place].before(body);
    else movable[place].after(body);
    renumber();
    handle(body).focus();
    tell(words.moved.replace("{place}", place + 1).replace("{all}", movable.length));
  }

  function tell(text) {
    if (said) said.textContent = text;
  }

  for (const body of rows()) {
    const grip = handle(body);
    if (!grip) continue;
    if (isLast(body)) {
      grip.closest("td").replaceChildren();
      continue;
    }
    grip.tabIndex = 0;
    grip.setAttribute("role", "button");
    grip.setAttribute("aria-label", words.move);
    grip.addEventListener("keydown", (event) => {
      const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
      if (!step) return;
      event.preventDefault();
      move(body, step);
    });
  }
  table.addEventListener("end", () => setTimeout(() => { renumber(); tell(words.unsaved); }, 0));
});
