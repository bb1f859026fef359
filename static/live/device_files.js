// The files on a meter: folders, sizes, dates, and fetching one file or a folder as ZIP.

import { byId, el, setText, show, words } from "./dom.js";
import { refill } from "./focus.js";
import { during } from "./press.js";
import { call } from "./rest.js";
import { follow, goesOn, size } from "./device_progress.js";

let base = "";

export function setUpFiles(address) {
  base = address;
  byId("files-open").addEventListener("click", () => during(byId("files-open"), () => open("/")));
}

async function open(path) {
  setText(byId("files-state"), words("Asking the meter…"));
  const answer = await call("GET", `${base}/files?${new URLSearchParams({ path })}`);
  if (!answer.ok) {
    setText(byId("files-state"), answer.problem);
    return;
  }
  const entries = answer.body.entries || answer.body.items || [];
  setText(byId("files-state"), entries.length ? "" : words("This folder is empty."));
  setText(byId("files-open"), words("Show again"));
  crumbs(path);
  list(path, entries);
  goesOn(base);
}

function crumbs(path) {
  const parts = path.split("/").filter(Boolean);
  const steps = [["/", words("Meter")], ...parts.map((part, place) => [`/${parts.slice(0, place + 1).join("/")}`, part])];
  refill(byId("crumbs"), ...steps.map(([to, name], place) => (place === steps.length - 1
    ? el("b", { text: name })
    : el("button", { type: "button", class: "link", text: name, onclick: (event) => during(event.target, () => open(to)) }))));
  show(byId("crumbs"), true);
}

function list(path, entries) {
  const sorted = [...entries].sort((a, b) => Number(isFolder(b)) - Number(isFolder(a)) || a.name.localeCompare(b.name));
  refill(byId("files").querySelector("tbody"), ...sorted.map((entry) => {
    const full = entry.path || `${path === "/" ? "" : path}/${entry.name}`;
    const folder = isFolder(entry);
    const name = folder ? el("button", { type: "button", class: "link", text: `${entry.name}/`, onclick: (event) => during(event.target, () => open(full)) }) : entry.name;
    return el("tr", {}, el("td", { "data-label": words("Name") }, name), el("td", { class: "muted", text: folder ? "" : size(entry.size) }), el("td", { class: "muted", text: changed(entry) }),
      el("td", {}, el("a", { class: "button", href: `${base}/files/download?${new URLSearchParams({ path: full })}`, download: "", text: words(folder ? "As ZIP" : "Download"), onclick: () => follow(base) })));
  }));
  show(byId("files"), entries.length > 0);
}

const isFolder = (entry) => entry.kind === "folder" || entry.folder === true || entry.is_folder === true || entry.type === "folder";

function changed(entry) {
  const at = entry.modified_at || entry.changed_at || entry.at || null;
  return at ? new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" }).format(new Date(at)) : "";
}
