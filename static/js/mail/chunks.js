/* A list of any length under a true scrollbar. Its outline, asked for once, cuts it into stretches; each holds
   its place as a gap of the right height until it comes near the screen, is then read by its key, and is emptied
   again when it is far away. So 100,000 messages cost no more than a few hundred, and any spot of them is reached
   by dragging the scrollbar. A list without an outline (a search, a label) grows page by page instead. */

import { facts, part } from "heron/mail/request";
import { away, dress, grid, rowNamed, scroller } from "heron/mail/rows";

/** How far outside the screen rows are made ready, and how far they are kept. */
const NEAR = "1600px 0px";
const FAR = "6000px 0px";
/** A scrollbar that is dragged passes thousands of rows: only where it rests are they read. */
const REST_MILLISECONDS = 70;
const AT_ONCE = 2;
const AGAIN_MILLISECONDS = 5000;
const LONGEST_PAGE = 200;
const NONE = { count: 0, stretch: 1, ends: [] };

let nearing;
let leaving;
let round = 0;
let busy = 0;
let resting = null;
const waiting = new Set();

export const firstUrl = () => document.getElementById("listform").dataset.first;
/** Which list is on the screen: what was asked for another one comes too late. */
export const listRound = () => round;
export const groupsOf = (root) => [...root.querySelectorAll("[role=rowgroup]")];

/** Watch the list that is on the screen now. */
export function watch() {
  nearing?.disconnect();
  leaving?.disconnect();
  waiting.clear();
  round += 1;
  nearing = new IntersectionObserver(near, { root: scroller(), rootMargin: NEAR });
  leaving = new IntersectionObserver(far, { root: scroller(), rootMargin: FAR });
  for (const slab of grid().querySelectorAll(".slab")) leaving.observe(slab);
  const more = grid().querySelector("[data-more]");
  if (more) layOut(more);
}

/** Gaps take the place of the link to the next page, each as high as the rows that will stand there. */
export async function layOut(more) {
  const mine = round;
  // Other keys than those of time are compared by the database alone; here their places tell which is below.
  const byTime = document.getElementById("listform").dataset.sort === "newest";
  const isIndexed = !["search", "label"].includes(document.getElementById("listform").dataset.kind);
  const { count, stretch, ends } = isIndexed ? await facts(firstUrl(), "outline").catch(() => NONE) : NONE;
  if (mine !== round || !more.isConnected) return;
  const asked = new URL(more.querySelector("a").href).searchParams;
  let before = asked.get("before");
  let start = Number(asked.get("start"));
  const gaps = [];
  ends.forEach((until, at) => {
    if (byTime ? !isBelow(until, before) : (at + 1) * stretch <= start) return;
    const isLast = at === ends.length - 1;
    // What lies below the last key is not known: mail that is still being fetched, oldest last.
    gaps.push(gap(before, isLast ? "" : until, start, Math.max(1, (isLast ? count : (at + 1) * stretch) - start)));
    before = until;
    start += Number(gaps.at(-1).dataset.rows);
  });
  if (!gaps.length) {
    nearing.observe(more);
    return;
  }
  more.replaceWith(...gaps);
  grid().setAttribute("aria-rowcount", String(start));
  for (const one of gaps) nearing.observe(one);
}

function gap(before, until, start, rows) {
  const made = document.createElement("div");
  made.className = "gap";
  made.setAttribute("role", "presentation");
  Object.assign(made.dataset, { before, until, start, rows });
  made.style.setProperty("--rows", rows);
  return made;
}

/** Keys are times in microseconds and ids, as ``mailsync.store.listing.Cursor`` writes them. */
function isBelow(key, other) {
  const [[at, id], [otherAt, otherId]] = [key, other].map((one) => atob(one.replaceAll("-", "+").replaceAll("_", "/")).split(".").map(Number));
  return at < otherAt || (at === otherAt && id < otherId);
}

function near(entries) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) waiting.delete(target);
    else if (!target.matches("[data-more]")) waiting.add(target);
    else {
      nearing.unobserve(target);
      extend(target);
    }
  }
  clearTimeout(resting);
  resting = setTimeout(pump, REST_MILLISECONDS);
}

/** What waits to be read is read, what is nearest to the middle of the screen first. */
function pump() {
  const middle = scroller().getBoundingClientRect().top + scroller().clientHeight / 2;
  const distance = (one) => {
    const { top, bottom } = one.getBoundingClientRect();
    return Math.max(top - middle, middle - bottom, 0);
  };
  for (const one of [...waiting].sort((a, b) => distance(a) - distance(b))) {
    if (busy >= AT_ONCE) return;
    waiting.delete(one);
    if (!one.isConnected) continue;
    busy += 1;
    nearing.unobserve(one);
    (one.matches(".gap") ? fill(one) : refill(one))
      .catch(() => setTimeout(() => nearing.observe(one), AGAIN_MILLISECONDS))
      .finally(() => {
        busy -= 1;
        pump();
      });
  }
}

function far(entries) {
  if (!scroller().clientHeight) return; // a list behind the reading pane has no size, which is not far away
  for (const { isIntersecting, target } of entries) {
    if (isIntersecting || !target.childElementCount || target.contains(document.activeElement)) continue;
    empty(target);
  }
}

/** Only the height is left; the rows are read anew when their place comes near. */
export function empty(slab) {
  slab.style.setProperty("--rows", slab.querySelectorAll(".row").length);
  slab.classList.add("hollow");
  slab.replaceChildren();
  nearing.observe(slab);
}

/** The next page goes where the link to it stands. */
async function extend(more) {
  const mine = round;
  let page;
  try {
    page = await part(more.querySelector("a").href, "rows");
  } catch {
    more.classList.add("failed"); // it stays a link: a click tries again
    return;
  }
  if (mine === round && more.isConnected) put(page, more);
}

async function fill(gapped) {
  const mine = round;
  const { before, until, start } = gapped.dataset;
  const page = await readPage(before, start, until);
  if (mine === round && gapped.isConnected) put(page, gapped, until);
}

/** A page takes the place of `holder`; what continues a group above or below becomes part of it. */
function put(page, holder, until = "") {
  const more = page.querySelector("[data-more]");
  for (const row of page.querySelectorAll(".row")) if (rowNamed(row.id) || away.has(row.id)) row.remove();
  for (const slab of page.querySelectorAll(".slab")) {
    slab.dataset.until = until;
    if (!slab.childElementCount) slab.remove();
  }
  const groups = groupsOf(page).filter((group) => group.querySelector(".slab"));
  const rest = more && until ? gapAt(more, until) : more;
  const [above, below] = [holder.previousElementSibling, holder.nextElementSibling];
  holder.replaceWith(...groups, ...(rest ? [rest] : []));
  const isJoined = join(above, groups[0]);
  join(isJoined && groups.length === 1 ? above : groups.at(-1), below);
  if (rest) nearing.observe(rest);
  settle();
}

/** More rows than one page holds have come to lie between two keys. */
function gapAt(more, until) {
  const asked = new URL(more.querySelector("a").href).searchParams;
  return gap(asked.get("before"), until, asked.get("start"), LONGEST_PAGE / 2);
}

export function join(above, below) {
  if (!above?.dataset.group || above.dataset.group !== below?.dataset.group || above.nextElementSibling !== below) return false;
  above.append(...below.querySelectorAll(".slab"));
  below.remove();
  return true;
}

/** The rows after the key `page`, as a fragment: to the key `until`, or one page of them. */
export function readPage(page, start, until = "") {
  const url = new URL(firstUrl(), location.href);
  if (page) url.searchParams.set("before", page);
  if (until) url.searchParams.set("until", until);
  url.searchParams.set("start", start);
  if (page) url.searchParams.set("limit", LONGEST_PAGE);
  return part(url, "rows");
}

/** An emptied page is read again and its rows go back into their boxes. */
async function refill({ dataset: { page, start, until } }) {
  const mine = round;
  const fresh = await readPage(page, start, until);
  if (mine !== round) return;
  for (const slab of grid().querySelectorAll(`.slab.hollow[data-page="${CSS.escape(page)}"]`)) {
    const group = slab.closest("[role=rowgroup]").dataset.group;
    const rows = [...fresh.querySelectorAll(`[data-group="${CSS.escape(group)}"] .row`)];
    slab.replaceChildren(...rows.filter((row) => !rowNamed(row.id) && !away.has(row.id)));
    slab.classList.remove("hollow");
    nearing.unobserve(slab);
  }
  settle();
}

export function settle() {
  dress();
  for (const slab of grid().querySelectorAll(".slab:not(.hollow)")) leaving.observe(slab);
}

/** The first row of the list, or its last one: wherever that is, it is read first. */
export async function reach(isEnd) {
  for (let tries = 0; tries < 100; tries += 1) {
    scroller().scrollTop = isEnd ? scroller().scrollHeight : 0;
    const edge = isEnd ? [...grid().querySelectorAll(".row, .gap, .hollow, [data-more]")].at(-1) : grid().querySelector(".row, .gap, .hollow");
    if (!edge || edge.matches(".row")) return edge;
    await new Promise((done) => { setTimeout(done, 50); });
  }
  return null;
}
