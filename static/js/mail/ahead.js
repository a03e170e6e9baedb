/* Ahead of the reader: a conversation that is probably opened next is fetched before the click or key, and its newest
   body loads out of sight. Of one that is surely opened, the body is asked for beside the conversation, not after it.
   Nothing is marked as read by that, and nothing is told outside. */

import { makeFrame } from "heron/mail/frame";
import { part } from "heron/mail/request";
import { urlOf } from "heron/mail/rows";

/** Conversations fetched ahead, by URL: so many, and each for so long as its row stays as it was. */
const rehearsals = new Map();
const AHEAD = { most: 3, milliseconds: 30_000 };

const marksOf = (row) => `${row.matches(".unread")}${row.matches(".flagged")}${row.innerHTML}`;

/** Fetch the conversation of a row ahead of the click or key that opens it, and its newest body: where it is `sure`
    to be opened, both at once. */
export function rehearse(row, { sure = false } = {}) {
  const url = urlOf(row);
  const one = find(row, url) ?? begin(row, url);
  if (sure && !one.isThere) one.frame ??= foreseeBody(row);
}

function begin(row, url) {
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
    if (!isWanted() || isOf(one.frame, shown)) return;
    one.frame?.remove();
    one.frame = loadBody(shown);
  }, () => { if (isWanted()) drop(url); });
  return one;
}

/** What was fetched ahead for this row, if it still tells the truth. */
function find(row, url) {
  const one = rehearsals.get(url);
  return one && row && performance.now() < one.until && one.marks === marksOf(row) ? one : null;
}

/** The same, for the one who shows it now; it begins now if it has not. What else is on its way was a wrong guess, and
    must not slow this one. `unhurried`: nor must a frame slow what is to be painted first. */
export function takeRehearsal(row, url, { unhurried = false } = {}) {
  if (row && urlOf(row) === url) rehearse(row, { sure: !unhurried });
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
  return putOutOfSight(frame);
}

/** The body that a row's conversation will probably show, before its page says so. Not where the page alone knows which:
    one that was answered ends with the answer, and what a list says nothing of depends on the message. */
function foreseeBody(row) {
  const query = document.getElementById("listform").dataset.body;
  if (query === undefined || row.matches(".answered:has(.thr)") || !document.body.moveBefore) return null;
  const frame = makeFrame(`/m/${row.dataset.message}/body${query}`);
  frame.name = `frame-${row.dataset.message}`;
  return putOutOfSight(frame);
}

function putOutOfSight(frame) {
  frame.hidden = true;
  document.body.append(frame);
  return frame;
}

const newestFrame = (page) => [...page.querySelectorAll("iframe[data-frame]")].at(-1);

const isOf = (frame, page) => Boolean(frame) && newestFrame(page)?.getAttribute("src") === frame.getAttribute("src");

/** Put a page into the reading pane. A frame that loads its body out of sight is moved there as it is, where the browser
    can; elsewhere the page's own takes the body from the browser's cache. */
export function place(page, frame, main) {
  if (!isOf(frame, page) || !main.moveBefore) {
    main.replaceChildren(page);
    frame?.remove();
    return;
  }
  const own = newestFrame(page);
  const slot = document.createElement("i");
  own.replaceWith(slot);
  main.replaceChildren(page);
  slot.parentElement.moveBefore(frame, slot);
  slot.remove();
  for (const name of own.getAttributeNames()) if (name !== "src") frame.setAttribute(name, own.getAttribute(name));
  frame.hidden = false;
}

/* What is sent from here may change what any conversation says; another list has other rows. */
for (const name of ["submit", "heron:list"]) document.addEventListener(name, () => [...rehearsals.keys()].forEach(drop));
