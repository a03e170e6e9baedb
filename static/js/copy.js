/* Puts a text of the page on the clipboard. Where the browser lets no page do that (one without encryption), there is no
   button for it. */

import { tell } from "heron/shell";

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    tell(button.dataset.copied);
  });
}
