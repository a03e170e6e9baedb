/* Rows are dragged to folders of any account, to labels and to the flagged ones; with Ctrl (Option on a Mac) a folder
   gets copies. An account that is folded opens where the pointer rests on it. The equal ways without a pointer are
   Move… (V), Copy to…, Label… (L) and Flag (S). */

import { act } from "heron/mail/act";
import { openMenu } from "heron/mail/menus";
import { chosenWords, rowNamed, rowOf, selection } from "heron/mail/rows";

const list = document.getElementById("list");
const REST_MILLISECONDS = 600;
let dragged = [];
let ghost = null;
/** The folded account under the pointer, and those that opened while something was dragged over them. */
let resting = { account: null, timer: 0 };
let unfolded = [];

list.addEventListener("dragstart", (event) => {
  const row = rowOf(event.target);
  if (!row) return;
  dragged = selection().includes(row.id) ? selection() : [row.id];
  ghost = document.createElement("div");
  ghost.className = "ghost";
  ghost.textContent = dragged.length === 1 ? row.querySelector(".subj").textContent : wordsOfSelection();
  document.body.append(ghost);
  event.dataTransfer.setDragImage(ghost, -12, -8);
  event.dataTransfer.effectAllowed = "copyMove";
  event.dataTransfer.setData("text/plain", row.querySelector(".subj").textContent);
});

/** As the summary says it, which may mean the whole list. */
const wordsOfSelection = () => document.querySelector("#summary h2")?.textContent ?? chosenWords(dragged.length, dragged);

/** The place under the pointer, if what is dragged may go there. */
function targetOf(event) {
  const item = event.target.closest?.("#tree :is(a[data-folder], a[data-keyword], a[data-go=flagged])");
  return item && dragged.length && !item.getAttribute("aria-current") ? item : null;
}

const isCopy = (event, item) => Boolean(item.dataset.folder) && (event.ctrlKey || event.altKey);

/** Unfold the account on which the pointer rests. */
function rest(event) {
  const account = event.target.closest?.("#tree details:not([open])");
  if (account === resting.account) return;
  clearTimeout(resting.timer);
  resting = { account, timer: account ? setTimeout(unfold, REST_MILLISECONDS, account) : 0 };
}

function unfold(account) {
  account.open = true;
  unfolded.push(account);
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
  rest(event);
  if (!item) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = isCopy(event, item) ? "copy" : "move";
});

document.addEventListener("drop", (event) => {
  const item = targetOf(event);
  if (!item) return;
  event.preventDefault();
  const { folder, keyword } = item.dataset;
  const names = dragged;
  const verb = isCopy(event, item) ? "copy" : verbOf(item);
  unfolded = unfolded.filter((account) => !account.contains(item));
  finish();
  if (item.dataset.role === "snoozed") openMenu("snooze", item, names);
  else if (!folder) act(verb, names, keyword ? { keyword } : {});
  else act(verb, names, verb === "move" || verb === "copy" ? { folder } : {});
});

/** What a folder is for is done by its own verb, in the account of the mail. */
function verbOf({ dataset: { account, role, folder, keyword } }) {
  if (!folder) return keyword ? "label" : "flag";
  const isNear = dragged.every((name) => rowNamed(name)?.dataset.account === account);
  return (isNear && { trash: "trash", junk: "junk", archive: "archive" }[role]) || "move";
}

document.addEventListener("dragend", finish);

/** Also called by a drop: a row that has left the list can no longer tell of its end. */
function finish() {
  dragged = [];
  ghost?.remove();
  clearTimeout(resting.timer);
  resting = { account: null, timer: 0 };
  for (const account of unfolded) account.open = false;
  unfolded = [];
  point(null);
}
