/* Ahead of the reader: a conversation that is probably opened next is fetched before the click or key, and its newest
   body loads out of sight. Nothing is marked as read by that, and nothing is told outside. */

import { part } from "heron/mail/request";
import { urlOf } from "heron/mail/rows";

/** Conversations fetched ahead, by URL: so many, and each for so long as its row stays as it was. */
const rehearsals = new Map();
const AHEAD = { most: 3, milliseconds: 30_000 };

const marksOf = (row) => `${row.matches(".unread")}${row.matches(".flagged")}${row.innerHTML}`;

/** Fetch the conversation of a row ahead of the click or key that opens it, and its newest body. */
export function rehearse(row) {
  const url = urlOf(row);
  if (find(row, url)) return;
  drop(url);
  dropUnfinished();
  const abort = new AbortController();
  const page = part(url, "main", { rehearse: true, signal: abort.signal });
  const one = { page, abort, marks: marksOf(row), until: performance.now() + AHEAD.milliseconds };
  rehearsals.set(url, one);
  if (rehearsals.size > AHEAD.most) drop(rehearsals.keys().next().value);
  const isWanted = () => rehearsals.get(url) === one;
  page.then((shown) => {
    one.isThere = true;
    if (isWanted()) one.frame = loadBody(shown);
  }, () => { if (isWanted()) drop(url); });
}

/** What was fetched ahead for this row, if it still tells the truth. */
function find(row, url) {
  const one = rehearsals.get(url);
  return one && row && performance.now() < one.until && one.marks === marksOf(row) ? one : null;
}

/** The same, for the one who shows it now. What else is on its way was a wrong guess, and must not slow this one. */
export function takeRehearsal(row, url) {
  const one = find(row, url);
  if (one) rehearsals.delete(url);
  dropUnfinished();
  return one;
}

/** One guess is on its way at a time. */
function dropUnfinished() {
  for (const [url, { isThere }] of rehearsals) if (!isThere) drop(url);
}

function drop(url) {
  rehearsals.get(url)?.abort.abort();
  rehearsals.get(url)?.frame?.remove();
  rehearsals.delete(url);
}

/** The newest body of a page that is not shown yet loads out of sight. Not one with pictures from outside, whose
    sender would take it for read. */
function loadBody(page) {
  const frame = newestFrame(page)?.cloneNode(false);
  if (!/\/body(\?|$)/.test(frame?.getAttribute("src"))) return null;
  delete frame.dataset.frame; // it is nobody's yet
  frame.hidden = true;
  document.body.append(frame);
  return frame;
}

const newestFrame = (page) => [...page.querySelectorAll("iframe[data-frame]")].at(-1);

/** Put a page into the reading pane. A frame that has loaded out of sight is moved there as it is, where the browser
    can; elsewhere the page's own takes the body from the browser's cache. */
export function place(page, frame, main) {
  const own = frame && newestFrame(page);
  if (!own || !main.moveBefore) {
    main.replaceChildren(page);
    frame?.remove();
    return;
  }
  const slot = document.createElement("i");
  own.replaceWith(slot);
  main.replaceChildren(page);
  slot.parentElement.moveBefore(frame, slot);
  slot.remove();
  frame.dataset.frame = "";
  frame.hidden = false;
}

/* What is sent from here may change what any conversation says; another list has other rows. */
for (const name of ["submit", "heron:list"]) document.addEventListener(name, () => [...rehearsals.keys()].forEach(drop));
