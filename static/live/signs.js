// Small pictures that are drawn here: a machine without a font of emoji shows an empty box instead of those.

const SVG = "http://www.w3.org/2000/svg";
const LINES = {
  call: "M6 3h4l2 5-2.5 1.6a11 11 0 0 0 5 5L16 12l5 2v4a2 2 0 0 1-2 2A16 16 0 0 1 4 5a2 2 0 0 1 2-2z",
  hear: "M4 9v6h4l5 4V5L8 9zM16.5 8.5a5 5 0 0 1 0 7M19 6a8.5 8.5 0 0 1 0 12",
  look: "M3 7h12v10H3zM15 11l6-4v10l-6-4z",
  leave: "M7 17L17 7M9 7h8v8",
};

/** The picture of that name, in the colour of the words beside it; a screen reader passes it by. */
export function sign(name) {
  const picture = document.createElementNS(SVG, "svg"), path = document.createElementNS(SVG, "path");
  for (const [key, value] of Object.entries({ class: "sign", viewBox: "0 0 24 24", "aria-hidden": "true", "data-sign": name })) picture.setAttribute(key, value);
  path.setAttribute("d", LINES[name]);
  picture.append(path);
  return picture;
}
