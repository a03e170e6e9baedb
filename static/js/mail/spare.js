/* Frames that wait ready: empty documents of ours out of sight, as confined as that of any body. A body that came along
   with its conversation is put into one: its text is there without another request, and no document has to load. */

import { makeFrame } from "heron/mail/frame";

/** Whether this browser can: take a frame elsewhere as it is, and read HTML with the frame's own policy, leaving out
    whatever could run (Sanitizer API). */
export const takesBodies = "moveBefore" in document.body && "parseHTML" in Document;
export const whenIdle = window.requestIdleCallback ?? setTimeout;
/** What the server has cleaned stays as it is: the browser leaves out no more than what runs. */
const AS_IT_IS = { sanitizer: { removeElements: [], comments: true } };

const MODES = ["standards", "almost", "quirks"];
/** By rendering mode. */
const spares = new Map();

/** Resolves when a frame of this mode waits, or cannot. */
export function getReady(mode) {
  if (!spares.has(mode)) spares.set(mode, load(mode));
  return spares.get(mode).ready;
}

/** One of each, one after the other: nobody waits for them yet. */
export async function getAllReady() {
  for (const mode of MODES) {
    await getReady(mode);
    await new Promise(whenIdle);
  }
}

function load(mode) {
  const frame = makeFrame(`/frame/${mode}`);
  const ready = new Promise((done) => { frame.addEventListener("load", done, { once: true }); });
  putOutOfSight(frame);
  return { frame, ready };
}

export function putOutOfSight(frame) {
  frame.hidden = true;
  document.body.append(frame);
}

/** What a page brought to be put into this frame of it. */
export const bodyOf = (frame) => frame?.parentElement?.querySelector("template[data-body]");

/** A frame, still out of sight, with the body that came for `own`; null where none waits ready. */
export function fill(own) {
  const body = bodyOf(own);
  const spare = body && takesBodies && spares.get(body.dataset.body);
  if (!spare) return null;
  const { frame } = spare;
  const inside = frame.contentDocument;
  const isThere = inside?.URL === frame.src && inside.readyState === "complete";
  if (!isThere && inside?.URL === "about:blank") return null; // it is still on its way
  spares.delete(body.dataset.body);
  if (!isThere || inside.body.hasChildNodes()) { // no answer of ours: another may be
    frame.remove();
    return null;
  }
  const read = frame.contentWindow.Document.parseHTML(body.content.textContent, AS_IT_IS);
  inside.replaceChild(inside.adoptNode(read.documentElement), inside.documentElement);
  frame.name = own.name;
  frame.contentWindow.name = own.name; // links that aim at a frame go by its window's
  return frame;
}
