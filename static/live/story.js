// The story of an alert: it is whole as it comes; this opens the printing.

document.getElementById("print").addEventListener("click", () => window.print());
