/* The sheet of keyboard shortcuts. */

const sheet = document.getElementById("help");

export function showHelp() {
  if (sheet.open) sheet.close();
  else sheet.showModal();
}

sheet.addEventListener("click", (event) => {
  if (event.target === sheet || event.target.closest("[data-close]")) sheet.close();
});
document.addEventListener("click", (event) => {
  if (event.target.closest("[data-help]")) showHelp();
});
