/* Messages that came into an open conversation unread. They stay so until they have been seen: for a moment in view, in a
   tab that is, under nothing that covers them. What is out of view is told by a quiet notice that leads there. */

import { showAnswers } from "heron/compose/answered";

/** So long somebody looks who does not only scroll by. */
const SEEN_MILLISECONDS = 1000;
/** So much of a message in view is a look at it, if it has that much. */
const SEEN_PIXELS = 100;

let page;
let pane;
/** The timer of each that waits to be seen; 0 while it is out of view. */
const waiting = new Map();
/** What is to be done once all have been seen. */
let after = null;

/** Whether this card, or any of the open conversation, waits to be seen. */
export function isAwaited(card) {
  return waiting.has(card) || (card === pane && waiting.size > 0);
}

/** `done` is called once nothing waits: at once, if nothing does. Of two, the later counts. */
export function watch(handed, shown, cards, done) {
  page = handed;
  if (pane !== shown) waiting.clear();
  pane = shown;
  after = done;
  for (const card of cards) {
    card.classList.add("arrived");
    waiting.set(card, 0);
  }
  if (cards.length) tell(cards);
  sizes.disconnect();
  sizes.observe(pane.querySelector(".conv"));
  look();
}

/** It is read elsewhere, or has left. */
export function letGo(card) {
  clearTimeout(waiting.get(card));
  waiting.delete(card);
  card.classList.remove("arrived");
  load(card);
}

/** The text of one of these has come. It is shown when the message is, as its pictures may be from outside. */
export function bodyCame(card) {
  card.dataset.come = "";
  if (waiting.get(card)) load(card);
}

export function seeAll() {
  for (const card of [...waiting.keys()]) letGo(card);
  look();
}

const nameOf = (card) => card.querySelector(".line .who").firstChild.data;
const names = (cards) => [...new Set(cards.map(nameOf))].join(", ");

function tell(cards) {
  page.say(page.words("new_here", { names: names(cards) }));
}

/* --- looking ------------------------------------------------------------------------------------ */

function look() {
  if (!after) return;
  const isHere = Boolean(pane) && pane === page.reading();
  for (const [card, timer] of waiting) {
    if (!isHere || !card.isConnected) letGo(card);
    else if (!isSeen(card)) {
      clearTimeout(timer);
      waiting.set(card, 0);
    } else if (!timer) {
      load(card);
      waiting.set(card, setTimeout(seen, Math.max(SEEN_MILLISECONDS, 1000 * markReadSeconds()), card));
    }
  }
  if (isHere) notice();
  if (waiting.size) return;
  const done = after;
  after = null;
  if (isHere) done();
}

const sizes = new ResizeObserver(look);
document.addEventListener("scroll", look, { capture: true, passive: true });
document.addEventListener("visibilitychange", look);
/* Windows in which somebody writes come, go, grow and fold. */
const dock = document.getElementById("dock");
new MutationObserver(look).observe(dock, { childList: true });
new MutationObserver(look).observe(dock, { subtree: true, attributeFilter: ["data-state"] });

function isSeen(card) {
  const view = pane.querySelector("#readscroll").getBoundingClientRect();
  const place = card.getBoundingClientRect();
  const [top, bottom] = [Math.max(place.top, view.top), Math.min(place.bottom, view.bottom)];
  if (document.hidden || bottom - top < Math.min(SEEN_PIXELS, place.height)) return false;
  // A window in which somebody writes may cover it. What is read is where lines begin.
  const inwards = place.width / (getComputedStyle(card).direction === "rtl" ? -4 : 4);
  const begin = inwards > 0 ? place.left : place.right;
  return card.contains(document.elementFromPoint(begin + inwards, (top + bottom) / 2));
}

const markReadSeconds = () => Number(document.getElementById("listform").dataset.markRead);

function seen(card) {
  if (!isSeen(card)) return void look();
  const names = card.dataset.names.split(" ").filter(Boolean);
  const isByHand = document.getElementById("listform").dataset.markRead === "";
  letGo(card);
  if (card.matches(".closed")) return void look(); // its line was seen, and waits to be opened
  // What has not come yet is asked for by being read.
  if (card.querySelector("[data-waiting]")) page.reload(card).catch(() => {});
  else if (names.length && !isByHand) read(card, names);
  look();
}

function read(card, names) {
  card.classList.remove("unread");
  card.querySelector(".line .who .vh")?.remove();
  page.send("/act/", [["do", "read"], ...names.map((name) => ["on", name])]).catch(() => {});
}

function load(card) {
  if ("come" in card.dataset) renew(card);
  const frame = card.querySelector("iframe[data-held]");
  if (!frame) return;
  frame.src = frame.dataset.held;
  delete frame.dataset.held;
  frame.dataset.frame = "";
  page.adoptAll(card);
}

async function renew(card) {
  delete card.dataset.come;
  await page.reload(card, null, true).catch(() => {});
  const now = document.getElementById(card.id);
  if (!waiting.has(card) || !now || now === card) return;
  clearTimeout(waiting.get(card));
  waiting.delete(card);
  now.classList.add("arrived");
  waiting.set(now, 0);
  look();
}

/* --- the notice --------------------------------------------------------------------------------- */

function notice() {
  const pill = pane.querySelector("#newcards");
  const view = pane.querySelector("#readscroll").getBoundingClientRect();
  const hidden = [...waiting].filter(([, timer]) => !timer).map(([card]) => card);
  showAnswers(page, pane, names(hidden), () => goTo(hidden[0]));
  pill.hidden = !hidden.length;
  if (pill.hidden) return;
  pill.querySelector("b").textContent = page.counted("new", hidden.length);
  pill.querySelector("span").textContent = names(hidden);
  pill.classList.toggle("above", hidden[0].getBoundingClientRect().top < view.top);
  pill.onclick = () => goTo(hidden[0]);
}

function goTo(card) {
  if (card.matches(".closed")) card.querySelector("[data-unfold]").click();
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  card.tabIndex = -1;
  card.focus({ preventScroll: true });
  card.scrollIntoView({ block: "start", behavior: isCalm ? "instant" : "smooth" });
}
