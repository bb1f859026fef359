// Copies the text of an element: <button data-copy="id" data-copied="Copied">. Where the clipboard is not allowed, it is selected.

function select(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  const selection = getSelection();
  selection.removeAllRanges();
  selection.addRange(range);
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const element = document.getElementById(button.dataset.copy);
  select(element);
  try {
    await navigator.clipboard.writeText(element.textContent.trim());
    button.textContent = button.dataset.copied;
  } catch {
    element.focus();
  }
});
