/* Fresh rows for a list that is on the screen: marks change where they stand, new rows come in on top, what has
   gone leaves; further down, what is out of view is emptied and read anew when it comes near. */

import { part } from "heron/mail/request";
import { refurnish } from "heron/mail/row_acts";
import { away, dress, grid, isArrival, resize, rowNamed, scroller } from "heron/mail/rows";
import { empty, firstUrl, groupsOf, join, layOut, listRound, readPage, settle } from "heron/mail/chunks";

/** Which reading of the top was asked for last, and which stands on the screen. */
let asked = 0;
let standing = 0;
/** How many undos were begun, and the answer to the last: what is read before it would take the rows away again. */
let undos = 0;
let undone = Promise.resolve();

export function waitForUndo(sending) {
  undos += 1;
  undone = sending.catch(() => {});
}

/** Fresh rows of the top of the list. With `move` they take their true places and what has gone goes;
    without, rows change where they stand. Pages further down are freshened either way. Returns how many are new mail. */
export async function refreshTop({ move }) {
  await undone;
  const known = undos;
  const mine = listRound();
  asked += 1;
  const turn = asked;
  refreshFurther();
  const fresh = await part(firstUrl(), "rows");
  if (mine !== listRound()) return 0;
  if (known !== undos) return refreshTop({ move });
  // Answers may overtake each other: one that is older than what stands here would bring back what was undone since.
  if (turn < standing) return move ? refreshTop({ move }) : 0;
  standing = turn;
  for (const name of away) fresh.getElementById(name)?.remove();
  const rows = [...fresh.querySelectorAll(".row")];
  const focused = document.activeElement?.closest?.(".row")?.id;
  const unknown = rows.filter((row) => !rowNamed(row.id));
  const arrived = rows.filter(isArrival).length;
  if (!move) {
    freshen(fresh);
    refocus(focused);
    return arrived;
  }
  rebuildTop(fresh, rows);
  resize(unknown.length);
  settle();
  refocus(focused);
  document.getElementById("listempty")?.toggleAttribute("hidden", Boolean(grid().querySelector(".row")));
  return arrived;
}

/** Rows of later pages: what is in view changes where it stands, the rest is read when it comes near. */
function refreshFurther() {
  const view = scroller().getBoundingClientRect();
  const inView = new Map();
  for (const slab of grid().querySelectorAll('.slab:not([data-page=""])')) {
    const place = slab.getBoundingClientRect();
    if (!slab.childElementCount) continue;
    if ((place.bottom > view.top && place.top < view.bottom) || slab.contains(document.activeElement)) {
      inView.set(slab.dataset.page, slab.dataset);
    }
  }
  for (const slab of grid().querySelectorAll('.slab:not([data-page=""])')) {
    if (slab.childElementCount && !inView.has(slab.dataset.page)) empty(slab);
  }
  const mine = listRound();
  for (const [page, { start, until }] of inView) {
    readPage(page, start, until).then((fresh) => { if (mine === listRound()) freshen(fresh); }).catch(() => {});
  }
}

/** Marks and words of these rows change where they stand: the row stays the same element, under the pointer too. */
function freshen(fresh) {
  dress(fresh);
  for (const row of fresh.querySelectorAll(".row")) {
    const old = rowNamed(row.id);
    if (!old) continue;
    old.className = row.className;
    old.dataset.labels = row.dataset.labels ?? "";
    [...row.children].forEach((cell, at) => {
      if (old.children[at].innerHTML !== cell.innerHTML) old.children[at].replaceWith(cell);
    });
    refurnish(old);
  }
}

/** A row that had the focus and was replaced keeps it. */
function refocus(name) {
  if (name && document.activeElement?.id !== name) rowNamed(name)?.focus({ preventScroll: true });
}

const isNewestFirst = () => document.getElementById("listform").dataset.sort === "newest";
const timeOf = (row) => Date.parse(row.querySelector("time").dateTime);
const placeOf = (row) => Number(row.getAttribute("aria-rowindex"));

/** Put a row back to where its time belongs, or to the place it had. */
export function restore(row) {
  const below = isNewestFirst() ? (one) => timeOf(one) < timeOf(row) : (one) => placeOf(one) > placeOf(row);
  const next = [...grid().querySelectorAll(".row")].find(below);
  if (next) next.before(row);
  else [...grid().querySelectorAll(".slab")].at(-1)?.append(row);
}

/** Rows below the last one of the fresh page stay; those above it that it does not name have gone. */
function rebuildTop(fresh, rows) {
  const names = new Set(rows.map((row) => row.id));
  const isBelow = belowOf(rows);
  const isWhole = !fresh.querySelector("[data-more]");
  const kept = [];
  for (const slab of grid().querySelectorAll('.slab[data-page=""]')) {
    const group = slab.closest("[role=rowgroup]");
    for (const row of slab.querySelectorAll(".row")) {
      const stays = !isWhole && group.dataset.group !== "pinned" && !names.has(row.id) && isBelow(row);
      if (stays) kept.push([group.dataset.group, group.getAttribute("aria-label"), row]);
    }
    slab.remove();
  }
  for (const name of names) rowNamed(name)?.remove();
  for (const group of grid().querySelectorAll("[role=rowgroup]")) {
    if (!group.querySelector(".slab")) group.remove();
  }
  const groups = groupsOf(fresh);
  grid().prepend(...groups);
  for (const [key, label, row] of kept) slabFor(key, label, groups).append(row);
  join(groups.at(-1), groups.at(-1)?.nextElementSibling);
  if (isWhole || grid().querySelector('[data-more], .gap, .slab:not([data-page=""])')) return;
  const more = fresh.querySelector("[data-more]");
  grid().append(more);
  layOut(more);
}

/** Which of the rows that stand here lie below these: by time, else by where they stand. */
function belowOf(rows) {
  if (isNewestFirst()) return (row) => rows.length > 0 && timeOf(row) < timeOf(rows.at(-1));
  const known = new Set(rows.map((row) => row.id));
  const standing = [...grid().querySelectorAll(".row")];
  const last = standing.findLastIndex((row) => known.has(row.id));
  return (row) => standing.indexOf(row) > last;
}

function slabFor(key, label, groups) {
  let group = groups.find((one) => one.dataset.group === key);
  if (!group) {
    group = groups.at(-1)?.cloneNode(false) ?? document.createElement("div");
    group.setAttribute("role", "rowgroup");
    group.dataset.group = key;
    group.setAttribute("aria-label", label);
    const head = document.createElement("div");
    head.className = "group";
    head.setAttribute("aria-hidden", "true");
    head.textContent = label;
    const slab = document.createElement("div");
    slab.className = "slab";
    slab.setAttribute("role", "presentation");
    slab.dataset.page = "";
    slab.dataset.start = "0";
    group.append(head, slab);
    if (groups.length) groups.at(-1).after(group);
    else grid().prepend(group);
    groups.push(group);
  }
  return group.querySelector(".slab:last-of-type");
}
