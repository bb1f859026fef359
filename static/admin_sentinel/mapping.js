// Shows what the typed expressions find, half a second after the last key: the button “Show”, pressed by itself.
document.addEventListener("DOMContentLoaded", () => {
  const show = document.getElementById("mapping-show");
  if (!show || !show.form) return;
  let waiting = 0;
  const soon = () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => show.form.requestSubmit(show), 500);
  };
  show.form.addEventListener("input", soon);
  show.form.addEventListener("change", soon);
  soon();
});
