// Buttons that wait for an answer.

/** A button that cannot be pressed twice while its answer is on its way. */
export async function during(button, work) {
  if (button.getAttribute("aria-busy") === "true") return;
  button.setAttribute("aria-busy", "true");
  try {
    await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
