/* The menu of a folder or label in the column: by right click, the menu key or Shift+F10. Its page, behind the three
   dots, says the same without scripts. */

import { leftOf } from "heron/direction";
import { begin } from "heron/mail/everything";

const menu = document.getElementById("arrange");
const tree = document.getElementById("folders");
let item = null;

tree.addEventListener("contextmenu", (event) => {
  item = event.target.closest("a[data-folder], a[data-keyword]");
  if (!item) return;
  event.preventDefault();
  const isFolder = Boolean(item.dataset.folder);
  const edit = item.parentElement.querySelector(".edit").getAttribute("href");
  menu.querySelector("[data-part=edit]").href = edit;
  const below = menu.querySelector("[data-part=below]");
  below.href = `/folders/new/?below=${item.dataset.folder}`;
  below.hidden = !isFolder;
  menu.querySelector("[data-part=read]").hidden = !isFolder;
  menu.showPopover();
  const from = item.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  menu.style.inset = `${Math.max(8, Math.min(from.bottom, innerHeight - height - 8))}px auto auto ${leftOf(from, width, 24)}px`;
});

menu.querySelector("[data-part=read]").addEventListener("click", () => {
  menu.hidePopover();
  begin("read", item.getAttribute("href"));
});
