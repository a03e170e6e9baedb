/* Ahead of the reader: a conversation that is probably opened next is fetched before the click or key, with its newest
   body, which waits in a frame out of sight. Nothing is marked as read by that, and nothing is told outside. */

import { part } from "heron/mail/request";
import { urlOf } from "heron/mail/rows";
import { bodyOf, fill, getReady, putOutOfSight, takesBodies, whenIdle } from "heron/mail/spare";

/** Conversations fetched ahead, by URL: so many, and each for so long as its row stays as it was. */
const rehearsals = new Map();
const AHEAD = { most: 3, milliseconds: 30_000 };

/** How it looks and what it says; the buttons that it gets under the pointer change neither. */
const marksOf = (row) => {
  const said = [...row.children].filter((cell) => !cell.querySelector(".acts")).map((cell) => cell.innerHTML);
  return `${row.matches(".unread")}${row.matches(".flagged")}${said.join("")}`;
};

/** Fetch the conversation of a row ahead of the click or key that opens it, and its newest body. */
export function rehearse(row) {
  const url = urlOf(row);
  if (!find(row, url)) begin(row, url);
}

/** A conversation as the reading pane shows it, where this browser can with its newest body. */
export const conversation = (url, options) => part(url, "main", { ...options, body: takesBodies });

function begin(row, url) {
  drop(url);
  dropUnfinished();
  const abort = new AbortController();
  const page = conversation(url, { rehearse: true, signal: abort.signal });
  const one = { page, abort, marks: marksOf(row), until: performance.now() + AHEAD.milliseconds };
  rehearsals.set(url, one);
  if (rehearsals.size > AHEAD.most) drop(rehearsals.keys().next().value);
  const isWanted = () => rehearsals.get(url) === one;
  page.then(async (shown) => {
    one.isThere = true;
    const mode = bodyOf(newestFrame(shown))?.dataset.body;
    if (mode) await getReady(mode);
    if (isWanted()) one.frame = loadBody(shown);
  }, () => { if (isWanted()) drop(url); });
}

/** What was fetched ahead for this row, if it still tells the truth. */
function find(row, url) {
  const one = rehearsals.get(url);
  return one && row && performance.now() < one.until && one.marks === marksOf(row) ? one : null;
}

/** The same, for the one who shows it now; it begins now if it has not. What else is on its way was a wrong guess, and
    must not slow this one. */
export function takeRehearsal(row, url) {
  if (row && urlOf(row) === url) rehearse(row);
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
  const { abort, frame } = rehearsals.get(url) ?? {};
  rehearsals.delete(url);
  abort?.abort();
  if (frame) whenIdle(() => frame.remove()); // often a click has made room here, and waits for its own
}

/** The newest body of a page that is not shown yet waits out of sight, filled or loading. Not one with pictures from
    outside, whose sender would take it for read. */
function loadBody(page) {
  const own = newestFrame(page);
  const mode = bodyOf(own)?.dataset.body;
  if (mode) {
    whenIdle(() => getReady(mode)); // another, as it is but a guess
    return fill(own);
  }
  const frame = own?.cloneNode(false);
  if (!/\/body(\?|$)/.test(frame?.getAttribute("src"))) return null;
  delete frame.dataset.frame; // it is nobody's yet
  putOutOfSight(frame);
  return frame;
}

const newestFrame = (page) => [...page.querySelectorAll("iframe[data-frame]")].at(-1);

/** To take a document down takes as long as to lay one out: what was read until now goes when there is time. */
function retire(frame) {
  if (!document.body.moveBefore) return;
  frame.hidden = true;
  for (const name of ["id", "name", "data-frame"]) frame.removeAttribute(name);
  document.body.moveBefore(frame, null);
  whenIdle(() => frame.remove());
}

/** Put a page into the reading pane, its newest body in a frame that was filled or loads out of sight. That one is moved
    there as it is, where the browser can; elsewhere the page's own takes the body from the browser's cache. */
export function place(page, ahead, main) {
  const own = newestFrame(page);
  const body = bodyOf(own);
  const frame = ahead ?? fill(own);
  body?.remove();
  main.querySelectorAll("iframe[data-frame]").forEach(retire);
  if (frame && main.moveBefore) {
    const slot = document.createElement("i");
    own.replaceWith(slot);
    main.replaceChildren(page);
    slot.parentElement.moveBefore(frame, slot);
    slot.remove();
    for (const name of own.getAttributeNames()) if (name !== "src") frame.setAttribute(name, own.getAttribute(name));
    frame.hidden = false;
  } else {
    main.replaceChildren(page);
    frame?.remove();
  }
  return body?.dataset.body;
}

/* What is sent from here may change what any conversation says; another list has other rows. */
for (const name of ["submit", "heron:list"]) document.addEventListener(name, () => [...rehearsals.keys()].forEach(drop));
