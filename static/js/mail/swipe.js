/* On a touch screen a row is swept away: to the right into the archive, to the left into the bin. The
   same is in the row's menu and in the reading pane, and Undo takes it back. A long press selects. */

import { act } from "heron/mail/act";
import { rowOf, select } from "heron/mail/rows";

/** How far a finger must go before the row follows, and before letting go acts. */
const FOLLOW_PIXELS = 14;
const ACT_SHARE = 0.35;
const HOLD_MILLISECONDS = 500;

const list = document.getElementById("list");
let touch = null;

list.addEventListener("pointerdown", (event) => {
  const row = rowOf(event.target);
  if (!row || event.pointerType !== "touch" || event.target.closest("button, .pick")) return;
  touch = { row, id: event.pointerId, x: event.clientX, y: event.clientY, moved: 0, follows: false };
  touch.hold = setTimeout(() => {
    if (!touch || touch.follows) return;
    select(row, true);
    touch.held = true;
  }, HOLD_MILLISECONDS);
});

list.addEventListener("pointermove", (event) => {
  if (!touch || event.pointerId !== touch.id) return;
  touch.moved = event.clientX - touch.x;
  if (!touch.follows) {
    if (Math.abs(event.clientY - touch.y) > FOLLOW_PIXELS) return void finish();
    if (Math.abs(touch.moved) < FOLLOW_PIXELS) return;
    clearTimeout(touch.hold);
    touch.follows = true;
    touch.row.setPointerCapture(touch.id);
    touch.row.classList.add("swiped");
  }
  touch.row.classList.toggle("to-archive", touch.moved > 0);
  touch.row.classList.toggle("to-bin", touch.moved < 0);
  touch.row.style.translate = `${touch.moved}px`;
});

list.addEventListener("pointerup", () => {
  if (!touch) return;
  const { row, moved, follows } = touch;
  finish();
  if (follows && Math.abs(moved) > row.offsetWidth * ACT_SHARE) act(moved > 0 ? "archive" : "trash", [row.id]);
});
list.addEventListener("pointercancel", () => finish());

/* The click that ends a swipe or a long press opens nothing. */
let ended = 0;
list.addEventListener("click", (event) => {
  if (performance.now() - ended < 80) {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
}, true);

function finish() {
  if (!touch) return;
  clearTimeout(touch.hold);
  if (touch.follows || touch.held) ended = performance.now();
  touch.row.classList.remove("swiped", "to-archive", "to-bin");
  touch.row.style.translate = "";
  touch = null;
}
