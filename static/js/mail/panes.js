/* The panes: the list's width by drag or by arrows, kept on this device; what is clicked opens beside
   the list; the column and the tabs change the list without a new page. */

import { along, stepOf } from "heron/direction";
import { rehearse } from "heron/mail/ahead";
import { clearSelection, rowOf, select, selectAll, selectRange, selection } from "heron/mail/rows";
import { close, guess, open, openList, openRow, step } from "heron/mail/reader";
import { isPhone } from "heron/phone";

const app = document.getElementById("app");
const grip = document.getElementById("grip");
const WIDTH = { least: 300, most: 640, step: 16, key: "heron.list-width" };

function setWidth(pixels) {
  const width = Math.round(Math.min(Math.max(pixels, WIDTH.least), Math.min(WIDTH.most, innerWidth * 0.55)));
  app.style.setProperty("--list-w", `${width}px`);
  grip.setAttribute("aria-valuenow", String(width));
  localStorage.setItem(WIDTH.key, String(width));
}

if (grip) {
  grip.hidden = false;
  grip.setAttribute("aria-valuemin", String(WIDTH.least));
  grip.setAttribute("aria-valuemax", String(WIDTH.most));
  const kept = Number(localStorage.getItem(WIDTH.key));
  if (kept) setWidth(kept);
  else grip.setAttribute("aria-valuenow", String(document.getElementById("list").offsetWidth));
  grip.addEventListener("pointerdown", (event) => {
    const box = document.getElementById("list").getBoundingClientRect();
    grip.setPointerCapture(event.pointerId);
    app.classList.add("dragging");
    const drag = (move) => setWidth(along(box, move.clientX));
    grip.addEventListener("pointermove", drag);
    grip.addEventListener("lostpointercapture", () => {
      grip.removeEventListener("pointermove", drag);
      app.classList.remove("dragging");
    }, { once: true });
  });
  grip.addEventListener("keydown", (event) => {
    const by = WIDTH.step * stepOf(event.key);
    if (!by) return;
    event.preventDefault();
    setWidth(document.getElementById("list").offsetWidth + by);
  });
  grip.addEventListener("dblclick", () => {
    app.style.removeProperty("--list-w");
    localStorage.removeItem(WIDTH.key);
  });
}

const list = document.getElementById("list");
const isPlain = (event) => event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;

list.addEventListener("click", (event) => {
  const row = rowOf(event.target);
  if (!row) return;
  if (event.target.closest(".pick")) {
    // The label's own click follows on its box, which must not toggle a second time.
    event.preventDefault();
    if (event.shiftKey) selectRange(row);
    else select(row);
    return;
  }
  if (event.target.closest("button")) return;
  if (event.shiftKey) {
    event.preventDefault();
    selectRange(row);
    getSelection()?.removeAllRanges();
  } else if (event.ctrlKey || event.metaKey) {
    event.preventDefault();
    select(row);
  } else if (isPlain(event)) {
    event.preventDefault();
    if (isPhone() && selection().length) {
      select(row);
      return;
    }
    if (selection().length) clearSelection();
    if (document.getElementById("listform").dataset.role === "drafts") {
      document.dispatchEvent(new CustomEvent("heron:open-draft", { detail: { url: `/compose/?edit=${row.dataset.message}` } }));
      return;
    }
    openRow(row);
  }
});

list.addEventListener("mousedown", (event) => {
  const row = rowOf(event.target);
  if (event.shiftKey && row) event.preventDefault(); // no text selection under a range of rows
  if (row && isPlain(event) && !event.target.closest("button, .pick")) rehearse(row);
});

/** Where the pointer or the focus rests for so long, a click or Enter probably follows; passing by asks for nothing. */
const REST_MILLISECONDS = 80;
let resting = { row: null, timer: 0 };

function rest(row) {
  if (row === resting.row) return;
  clearTimeout(resting.timer);
  resting = { row, timer: row ? setTimeout(guess, REST_MILLISECONDS, row) : 0 };
}

list.addEventListener("pointerover", (event) => { if (event.pointerType === "mouse") rest(rowOf(event.target)); });
list.addEventListener("pointerleave", () => rest(null));
list.addEventListener("focusin", (event) => { if (event.target.matches(":focus-visible")) rest(rowOf(event.target)); });

document.addEventListener("click", (event) => {
  if (!isPlain(event)) return;
  const link = event.target.closest("a[data-list], a[data-back], a[data-open]");
  if (link) {
    event.preventDefault();
    if (link.matches("[data-back]")) close();
    else if (link.matches("[data-open]")) open(link.href);
    else openList(link.href);
    return;
  }
  const button = event.target.closest("[data-step], [data-do]");
  if (!button) return;
  if (button.dataset.step) step(Number(button.dataset.step));
  else if (button.dataset.do === "clear") clearSelection();
  else selectAll();
});

document.querySelector(".search")?.addEventListener("submit", (event) => {
  const field = event.target.querySelector("[name=q]");
  event.preventDefault();
  if (!field.value.trim()) return;
  const asked = new URLSearchParams(new FormData(event.target, event.submitter));
  openList(`${event.target.getAttribute("action")}?${asked}`);
});
