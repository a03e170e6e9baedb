/* Rows are dragged to folders of their account, and to labels. The equal ways without a pointer are Move… (V) and
   Label… (L). */

import { act } from "heron/mail/act";
import { chosenWords, rowNamed, rowOf, selection } from "heron/mail/rows";

const list = document.getElementById("list");
let dragged = [];
let ghost = null;

list.addEventListener("dragstart", (event) => {
  const row = rowOf(event.target);
  if (!row) return;
  dragged = selection().includes(row.id) ? selection() : [row.id];
  ghost = document.createElement("div");
  ghost.className = "ghost";
  ghost.textContent = dragged.length === 1 ? row.querySelector(".subj").textContent : chosenWords(dragged.length, dragged);
  document.body.append(ghost);
  event.dataTransfer.setDragImage(ghost, -12, -8);
  event.dataTransfer.effectAllowed = "move";
  event.dataTransfer.setData("text/plain", row.querySelector(".subj").textContent);
});

/** The folder under the pointer, if what is dragged may go there. */
function targetOf(event) {
  const item = event.target.closest?.("#tree a[data-folder], #tree a[data-keyword]");
  if (!item || !dragged.length || item.getAttribute("aria-current")) return null;
  if (item.dataset.keyword) return item;
  const accounts = new Set(dragged.map((name) => rowNamed(name)?.dataset.account));
  return accounts.size === 1 && accounts.has(item.dataset.account) ? item : null;
}

/** Shows the place under the pointer that takes what is dragged. */
export function point(item) {
  for (const other of document.querySelectorAll("#tree .takes")) if (other !== item) other.classList.remove("takes");
  item?.classList.add("takes");
}

document.addEventListener("dragover", (event) => {
  if (!dragged.length) return;
  const item = targetOf(event);
  point(item);
  if (!item) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = "move";
});

document.addEventListener("drop", (event) => {
  const item = targetOf(event);
  if (!item) return;
  event.preventDefault();
  const { role, folder, keyword } = item.dataset;
  const verb = { trash: "trash", junk: "junk", archive: "archive" }[role] ?? "move";
  const names = dragged;
  finish();
  if (keyword) {
    act("label", names, { keyword });
    return;
  }
  act(verb, names, { folder: verb === "move" ? folder : null });
});

document.addEventListener("dragend", finish);

/** Also called by a drop: a row that has left the list can no longer tell of its end. */
function finish() {
  dragged = [];
  ghost?.remove();
  point(null);
}
