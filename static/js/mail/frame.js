/* The frame of a message body: it takes the height of what it holds, what is too wide is made smaller, keys pressed inside count as
   pressed on the page, and links to people open compose. The frame itself runs no script. */

import { toast } from "heron/shell";
import { watchInk } from "heron/mail/ink";
import { LEGIBLE_SCALE, reflow } from "heron/mail/reflow";
import { send } from "heron/mail/request";

const watched = new WeakMap();
/** Smaller than this nobody reads: what is wider still is scrolled sideways. */
const LEAST_SCALE = 0.5;

/** A frame as the pages of the server have it: confined, and without scripts. */
export function makeFrame(src) {
  const frame = document.createElement("iframe");
  frame.className = "frame";
  frame.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
  frame.src = src;
  return frame;
}

/** The margin under the body: the widest of those that collapse into one (CSS 2.2 §8.3.1). */
function marginBelow(inside) {
  let margin = 0;
  for (let block = inside.body; block; block = block.lastElementChild) {
    const style = inside.defaultView.getComputedStyle(block);
    if (!["block", "list-item"].includes(style.display)) break;
    margin = Math.max(margin, parseFloat(style.marginBottom));
    if (parseFloat(style.paddingBottom) || parseFloat(style.borderBottomWidth)) break;
  }
  return margin;
}

/** The height of a document's content. In quirks mode html and body stretch to the frame, so that they would
    never tell of less than they have: there the contents themselves are measured. */
function heightOf(inside) {
  if (inside.compatMode !== "BackCompat" || !inside.body) {
    return Math.ceil(inside.documentElement.getBoundingClientRect().height);
  }
  // Child by child: a range over all would count what a closed fold hides.
  const range = inside.createRange();
  const bottoms = [...inside.body.childNodes].map((child) => {
    if (child.nodeType !== Node.ELEMENT_NODE) range.selectNode(child);
    return (child.nodeType === Node.ELEMENT_NODE ? child : range).getBoundingClientRect().bottom;
  });
  const style = inside.defaultView.getComputedStyle(inside.body);
  const below = parseFloat(style.paddingBottom) + parseFloat(style.borderBottomWidth) + marginBelow(inside);
  return Math.ceil(Math.max(0, ...bottoms) + inside.defaultView.scrollY + below);
}

const scaleIn = (room, inside) => {
  const wide = Math.max(inside.documentElement.scrollWidth, inside.body?.scrollWidth ?? 0);
  return room && wide > room + 4 ? Math.max(room / wide, LEAST_SCALE) : 1;
};
/** What takes back how letters were laid out anew. */
const reflowed = new WeakMap();

/** A letter made for a wide screen is shown whole on a narrow one. Returns its scale. */
function fitWidth(frame, inside) {
  frame.style.inlineSize = "";
  frame.style.transform = "";
  reflowed.get(inside)?.();
  reflowed.delete(inside);
  const room = frame.clientWidth;
  let scale = scaleIn(room, inside);
  if (scale < LEGIBLE_SCALE && inside.body) {
    reflowed.set(inside, reflow(inside, room));
    scale = scaleIn(room, inside);
  }
  if (scale < 1) {
    frame.style.inlineSize = `${room / scale}px`;
    frame.style.transform = `scale(${scale})`;
  }
  return scale;
}

function adopt(frame) {
  const inside = frame.contentDocument;
  if (!inside?.documentElement || inside.URL === "about:blank" || watched.get(frame) === inside) return;
  watched.set(frame, inside);
  let scale = 1;
  let room = 0;
  const fit = () => {
    if (frame.hidden) return; // it is left, or not come yet
    const needed = heightOf(inside) + Math.max(0, frame.clientHeight - inside.documentElement.clientHeight);
    if (needed && Math.abs(needed - frame.clientHeight) > 1) frame.style.blockSize = `${needed}px`;
    // A transform keeps the room that the frame had before it.
    frame.style.marginBlockEnd = scale < 1 ? `${-frame.clientHeight * (1 - scale)}px` : "";
    frame.classList.add("fitted");
  };
  const widen = () => {
    if (frame.hidden) return;
    room = frame.parentElement.clientWidth;
    scale = fitWidth(frame, inside);
    fit();
  };
  widen();
  new ResizeObserver(() => {
    if (frame.contentDocument === inside && frame.parentElement.clientWidth !== room) widen();
  }).observe(frame.parentElement);
  const sizes = new ResizeObserver(fit);
  sizes.observe(inside.documentElement);
  if (inside.body) sizes.observe(inside.body);
  watchInk(inside);
  let isOwed = false;
  const widenSoon = () => {
    if (isOwed) return;
    isOwed = true;
    requestAnimationFrame(() => { isOwed = false; widen(); });
  };
  for (const picture of inside.images) if (!picture.complete) picture.addEventListener("load", widenSoon, { once: true });
  for (const fold of inside.querySelectorAll("details")) fold.addEventListener("toggle", widen);
  inside.addEventListener("keydown", (event) => {
    const copy = new KeyboardEvent("keydown", event);
    if (!frame.dispatchEvent(copy)) event.preventDefault();
  });
  inside.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='/compose/']");
    if (!link || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    document.dispatchEvent(new CustomEvent("heron:open-draft", { detail: { url: link.href } }));
  });
}

/** As soon as the text is there: the load event waits for the last picture. */
function adoptEarly(frame) {
  if (!frame.isConnected || frame.classList.contains("fitted")) return;
  const inside = frame.contentDocument;
  if (inside && inside.URL !== "about:blank" && inside.readyState !== "loading") adopt(frame);
  else requestAnimationFrame(() => adoptEarly(frame));
}

export function adoptAll(root = document) {
  for (const frame of root.querySelectorAll("iframe[data-frame]")) {
    if (frame.dataset.bound) continue;
    frame.dataset.bound = "1";
    frame.addEventListener("load", () => adopt(frame));
    adoptEarly(frame);
  }
}

/* "Show pictures" aims at the frame, so it works without scripts; the bar has then said its word. */
document.addEventListener("click", (event) => {
  const show = event.target.closest("[data-show-pictures]");
  if (!show) return;
  event.preventDefault();
  document.getElementById(show.target).src = show.href;
  show.closest("[data-pictures]").remove();
});

document.addEventListener("submit", async (event) => {
  const form = event.target.closest("form[data-consent]");
  if (!form) return;
  event.preventDefault();
  const show = form.parentElement.querySelector("[data-show-pictures]");
  try {
    await send(form.action, [["scope", event.submitter?.value ?? "sender"]]);
    show?.click();
  } catch (error) {
    toast(error.message, { bad: true });
  }
});
