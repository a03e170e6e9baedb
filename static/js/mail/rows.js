/* The rows on the screen: which one has the focus, which is open, which are selected. The selection
   is kept by name, so that it survives rows that are emptied, filled again or replaced. */

import { counted } from "heron/words";

const list = document.getElementById("list");
const selected = new Set();
/** Rows that an act has just taken away: until the server knows, a fresh page must not bring them back. */
export const away = new Set();
/** Messages that stood in a list of this page: whatever brings one of them back, it is not new mail. */
const shown = new Set();
let anchor = null;
let current = document.getElementById("reading")?.dataset.row ?? null;

export const grid = () => document.getElementById("grid");
export const scroller = () => document.getElementById("rows");
export const rows = () => [...grid().querySelectorAll(".row:not(.leaving)")];
export const rowOf = (element) => element.closest?.(".row");
export const rowNamed = (name) => (name ? document.getElementById(name) : null);
export const urlOf = (row) => row.querySelector("a.subj").href;

export const selection = () => [...selected];
/** How many are chosen, in words: the rows of searches, of labels and of whoever wants it so are single messages. */
export const chosenWords = (n, [name] = selection()) => counted(name?.startsWith("p") ? "messages_selected" : "conversations_selected", n);
export const currentName = () => current;
export const currentRow = () => rowNamed(current);
export const focusedRow = () => rowOf(document.activeElement) ?? grid().querySelector('.row[tabindex="0"]');

/** Rows come from the server without a tab order and without state: give both to those in `root`. */
export function dress(root = grid()) {
  for (const row of root.querySelectorAll(".row")) {
    row.tabIndex = -1;
    row.draggable = matchMedia("(hover: hover)").matches;
    for (const control of row.querySelectorAll("a, button, input")) {
      control.tabIndex = -1;
      if (control.matches("a")) control.draggable = false;
    }
    row.classList.toggle("current", row.id === current);
    mark(row, selected.has(row.id));
    if (row.isConnected) shown.add(row.dataset.message);
  }
  if (!grid().querySelector('.row[tabindex="0"]')) {
    const first = currentRow() ?? grid().querySelector(".row");
    if (first) first.tabIndex = 0;
  }
}

/** Whether a row of a fresh page is mail that came in: unread, never shown here, and not pulled up from further down. */
export function isArrival(row, at, fresh) {
  if (!row.classList.contains("unread") || shown.has(row.dataset.message)) return false;
  return !grid().querySelector(".row") || fresh.slice(at).some((other) => shown.has(other.dataset.message));
}

function mark(row, on) {
  row.setAttribute("aria-selected", String(on));
  row.querySelector("input").checked = on;
}

/** The list has become longer, or shorter, by so many rows. */
export function resize(by) {
  const count = Number(grid().getAttribute("aria-rowcount"));
  if (count >= 0) grid().setAttribute("aria-rowcount", String(Math.max(0, count + by)));
}

export function focusRow(row, { scroll = true } = {}) {
  if (!row) return;
  for (const other of grid().querySelectorAll('.row[tabindex="0"]')) other.tabIndex = -1;
  row.tabIndex = 0;
  row.focus({ preventScroll: true });
  if (scroll) keepInView(row);
}

/** Date groups stick to the top and would hide a row that is scrolled just under it. */
function keepInView(row) {
  const box = scroller().getBoundingClientRect();
  const place = row.getBoundingClientRect();
  const sticky = row.closest("[role=rowgroup]")?.querySelector(".group")?.offsetHeight ?? 0;
  if (place.top < box.top + sticky) scroller().scrollTop -= box.top + sticky - place.top;
  else if (place.bottom > box.bottom) scroller().scrollTop += place.bottom - box.bottom;
}

/** The row `step` places away from `row`, or null at an end. */
export function neighbour(row, step) {
  const all = rows();
  const at = all.indexOf(row);
  return at < 0 ? null : all[at + step] ?? null;
}

export function setCurrent(name) {
  currentRow()?.classList.remove("current");
  current = name;
  currentRow()?.classList.add("current");
}

export function select(row, on = !selected.has(row.id)) {
  if (on) selected.add(row.id);
  else selected.delete(row.id);
  mark(row, on);
  anchor = row.id;
  announceSelection();
}

/** From the row chosen last to this one, as with Shift. */
export function selectRange(row) {
  const all = rows();
  const from = all.indexOf(rowNamed(anchor) ?? focusedRow());
  const to = all.indexOf(row);
  for (const one of all.slice(Math.min(from, to), Math.max(from, to) + 1)) {
    selected.add(one.id);
    mark(one, true);
  }
  announceSelection();
}

export function selectAll() {
  for (const row of rows()) {
    selected.add(row.id);
    mark(row, true);
  }
  announceSelection();
}

export function clearSelection() {
  for (const name of selected) {
    const row = rowNamed(name);
    if (row) mark(row, false);
  }
  selected.clear();
  announceSelection();
}

/** Rows that have left the list leave the selection too. */
export function forget(names) {
  let changed = false;
  for (const name of names) changed = selected.delete(name) || changed;
  if (changed) announceSelection();
}

function announceSelection() {
  list.classList.toggle("picking", selected.size > 0);
  const count = document.getElementById("selcount");
  if (count) count.textContent = counted("selected", selected.size);
  document.dispatchEvent(new CustomEvent("heron:selection", { detail: { count: selected.size } }));
}

/** Another list is on the screen. */
export function startAfresh() {
  selected.clear();
  anchor = null;
  announceSelection();
  dress();
}

list.addEventListener("focusin", (event) => {
  const row = rowOf(event.target);
  if (!row || row.tabIndex === 0) return;
  for (const other of grid().querySelectorAll('.row[tabindex="0"]')) other.tabIndex = -1;
  row.tabIndex = 0;
});
