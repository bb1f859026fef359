// A file on its way: how much of it has been sent, and then that it is being looked at. Its page takes the place of this one.
//
//   <form data-upload data-max-bytes="524288" data-too-big="…" data-sending="…" data-looking="…" data-not-sent="…">
//
// A form with data-waits="…" only says that it waits. Without this script, both are plain forms.

const SECTION = "div.snt";

function shown(form, text, done, of) {
  let place = form.querySelector("[data-progress]");
  if (!place) {
    place = document.createElement("div");
    place.dataset.progress = "";
    const bar = document.createElement("progress");
    bar.className = "snt-bar-of";
    const said = document.createElement("p");
    said.setAttribute("role", "status");
    place.append(bar, said);
    form.append(place);
  }
  const [bar, said] = place.children;
  bar.hidden = done === null;
  if (of) Object.assign(bar, { max: of, value: done });
  else bar.removeAttribute("value");
  bar.setAttribute("aria-label", text);
  if (said.textContent !== text) said.textContent = text;
}

function stopped(form, text) {
  form.removeAttribute("aria-busy");
  shown(form, text, null);
}

function take(page) {
  const fresh = new DOMParser().parseFromString(page, "text/html").querySelector(SECTION);
  if (!fresh) return location.reload(); // signed out meanwhile
  document.querySelector(SECTION).replaceWith(document.importNode(fresh, true));
  const section = document.querySelector(SECTION);
  section.tabIndex = -1;
  section.focus();
  return scrollTo(0, 0);
}

function send(form) {
  const request = new XMLHttpRequest();
  request.upload.addEventListener("progress", (event) => {
    if (event.lengthComputable) shown(form, form.dataset.sending, event.loaded, event.total);
  });
  request.upload.addEventListener("load", () => shown(form, form.dataset.looking, 0));
  request.addEventListener("load", () => {
    if (request.status < 500) take(request.responseText);
    else stopped(form, form.dataset.notSent);
  });
  request.addEventListener("error", () => stopped(form, form.dataset.notSent));
  request.open("POST", form.action);
  request.send(new FormData(form));
  shown(form, form.dataset.sending, 0, 1);
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!form.matches("[data-upload], [data-waits]")) return;
  if (form.getAttribute("aria-busy") === "true") { event.preventDefault(); return; }
  if (form.matches("[data-waits]")) {
    form.setAttribute("aria-busy", "true");
    shown(form, form.dataset.waits, 0);
    return;
  }
  event.preventDefault();
  const file = form.querySelector("input[type=file]").files[0];
  if (file && file.size > Number(form.dataset.maxBytes)) { stopped(form, form.dataset.tooBig); return; }
  form.setAttribute("aria-busy", "true");
  send(form);
});

// Unfold writes the name of a chosen file into a field that its own forms have, and fails where there is none.
document.addEventListener("change", (event) => { if (event.target.matches("[data-upload] input[type=file]")) event.stopImmediatePropagation(); }, true);

// A page that comes back out of the browser's memory waits for nothing any more.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[aria-busy]")) stopped(form, "");
});
