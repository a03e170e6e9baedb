/* The buttons of a row. They show where the pointer is and cannot be reached without it, so they are made when it comes:
   of fifty rows they would be 40 kB. Without scripts the boxes and the bar above the list do it all. */

import { atRest } from "heron/mail/reader";
import { rowOf } from "heron/mail/rows";

const list = document.getElementById("list");
const PATIENCE_MILLISECONDS = 200;
const template = document.getElementById("rowacts");

/** Give the row the buttons that go with its marks, unless it has them. */
export function furnish(row) {
  const state = `${row.matches(".flagged")} ${row.matches(".unread")}`;
  const before = row.querySelector(".acts")?.parentElement;
  if (before?.dataset.state === state) return;
  const cell = template.content.firstElementChild.cloneNode(true);
  cell.dataset.state = state;
  for (const button of cell.querySelectorAll("button")) {
    if (button.dataset.when && !row.matches(button.dataset.when)) button.remove();
    else button.value = `${button.value} ${row.id}`;
  }
  if (before) before.replaceWith(cell);
  else row.append(cell);
}

/** The marks of a row have changed where it stands. */
export function refurnish(row) {
  if (row.querySelector(".acts")) furnish(row);
}

/* With the next picture, not before: a click that comes at once is not to wait for it, nor is what it opens. */
list?.addEventListener("pointerover", (event) => {
  const row = rowOf(event.target);
  if (!row || event.pointerType === "touch") return;
  requestAnimationFrame(async () => {
    await Promise.race([atRest(), new Promise((done) => { setTimeout(done, PATIENCE_MILLISECONDS); })]);
    if (row.matches(":hover")) furnish(row);
  });
});
