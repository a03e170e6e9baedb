/* A list of any length: pages come as their place nears the screen, and those far away are emptied to
   boxes of the same height, so that 100,000 messages cost no more than a few hundred. */

import { part } from "heron/mail/request";
import { away, dress, grid, rowNamed, scroller } from "heron/mail/rows";

/** How far outside the screen rows are made ready, and how far they are kept. */
const NEAR = "1600px 0px";
const FAR = "6000px 0px";

let nearing;
let leaving;
let round = 0;

export const firstUrl = () => document.getElementById("listform").dataset.first;

/** Watch the list that is on the screen now. */
export function watch() {
  nearing?.disconnect();
  leaving?.disconnect();
  round += 1;
  nearing = new IntersectionObserver(near, { root: scroller(), rootMargin: NEAR });
  leaving = new IntersectionObserver(far, { root: scroller(), rootMargin: FAR });
  for (const slab of grid().querySelectorAll(".slab")) leaving.observe(slab);
  const more = grid().querySelector("[data-more]");
  if (more) nearing.observe(more);
}

function near(entries) {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    nearing.unobserve(target);
    if (target.matches("[data-more]")) extend(target);
    else refill(target.dataset.page, target.dataset.start);
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
function empty(slab) {
  slab.style.blockSize = `${slab.offsetHeight}px`;
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
  if (mine !== round || !more.isConnected) return;
  more.remove();
  append(page);
}

function append(page) {
  for (const group of [...page.querySelectorAll("[role=rowgroup]")]) {
    for (const row of group.querySelectorAll(".row")) if (rowNamed(row.id) || away.has(row.id)) row.remove();
    const last = [...grid().querySelectorAll("[role=rowgroup]")].at(-1);
    if (last?.dataset.group === group.dataset.group) last.append(...group.querySelectorAll(".slab"));
    else grid().append(group);
  }
  const more = page.querySelector("[data-more]");
  if (more) grid().append(more);
  settle();
}

/** The page that begins after the cursor `page`, as a fragment. */
function readPage(page, start) {
  const url = new URL(firstUrl(), location.href);
  if (page) url.searchParams.set("before", page);
  url.searchParams.set("start", start);
  return part(url, "rows");
}

/** An emptied page is read again and its rows go back into their boxes. */
async function refill(page, start) {
  const mine = round;
  let fresh;
  try {
    fresh = await readPage(page, start);
  } catch {
    return;
  }
  if (mine !== round) return;
  for (const slab of grid().querySelectorAll(`.slab[data-page="${CSS.escape(page)}"]`)) {
    if (slab.childElementCount) continue;
    const group = slab.closest("[role=rowgroup]").dataset.group;
    const rows = [...fresh.querySelectorAll(`[data-group="${CSS.escape(group)}"] .row`)];
    slab.replaceChildren(...rows.filter((row) => !rowNamed(row.id) && !away.has(row.id)));
    slab.style.blockSize = "";
  }
  settle();
}

function settle() {
  dress();
  for (const slab of grid().querySelectorAll(".slab")) leaving.observe(slab);
  const more = grid().querySelector("[data-more]");
  if (more) nearing.observe(more);
}

/** Fresh rows of the top of the list. With `move` they take their true places and what has gone goes;
    without, rows change where they stand. Pages further down are freshened either way. Returns how many are new. */
export async function refreshTop({ move }) {
  const mine = round;
  refreshFurther();
  const fresh = await part(firstUrl(), "rows");
  if (mine !== round) return 0;
  for (const name of away) fresh.getElementById(name)?.remove();
  const rows = [...fresh.querySelectorAll(".row")];
  const focused = document.activeElement?.closest?.(".row")?.id;
  const unknown = rows.filter((row) => !rowNamed(row.id));
  if (!move) {
    freshen(fresh);
    refocus(focused);
    return unknown.length;
  }
  rebuildTop(fresh, rows);
  settle();
  refocus(focused);
  document.getElementById("listempty")?.toggleAttribute("hidden", Boolean(grid().querySelector(".row")));
  return unknown.length;
}

/** Rows of later pages: what is in view changes where it stands, the rest is read when it comes near. */
function refreshFurther() {
  const view = scroller().getBoundingClientRect();
  const inView = new Map();
  for (const slab of grid().querySelectorAll('.slab:not([data-page=""])')) {
    const place = slab.getBoundingClientRect();
    if (!slab.childElementCount) continue;
    if ((place.bottom > view.top && place.top < view.bottom) || slab.contains(document.activeElement)) {
      inView.set(slab.dataset.page, slab.dataset.start);
    }
  }
  for (const slab of grid().querySelectorAll('.slab:not([data-page=""])')) {
    if (slab.childElementCount && !inView.has(slab.dataset.page)) empty(slab);
  }
  const mine = round;
  for (const [page, start] of inView) {
    readPage(page, start).then((fresh) => { if (mine === round) freshen(fresh); }).catch(() => {});
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
  }
}

/** A row that had the focus and was replaced keeps it. */
function refocus(name) {
  if (name && document.activeElement?.id !== name) rowNamed(name)?.focus({ preventScroll: true });
}

/** Put a row back to where its time belongs. */
export function restore(row) {
  const at = Date.parse(row.querySelector("time").dateTime);
  const next = [...grid().querySelectorAll(".row")].find((one) => Date.parse(one.querySelector("time").dateTime) < at);
  if (next) next.before(row);
  else [...grid().querySelectorAll(".slab")].at(-1)?.append(row);
}

/** Rows older than the fresh page stay; younger ones that it does not name have gone. */
function rebuildTop(fresh, rows) {
  const names = new Set(rows.map((row) => row.id));
  const oldest = rows.at(-1)?.querySelector("time").dateTime ?? "";
  const isWhole = !fresh.querySelector("[data-more]");
  const kept = [];
  for (const slab of grid().querySelectorAll('.slab[data-page=""]')) {
    const group = slab.closest("[role=rowgroup]");
    for (const row of slab.querySelectorAll(".row")) {
      const stays = !isWhole && !names.has(row.id) && Date.parse(row.querySelector("time").dateTime) < Date.parse(oldest);
      if (stays) kept.push([group.dataset.group, group.getAttribute("aria-label"), row]);
    }
    slab.remove();
  }
  for (const name of names) rowNamed(name)?.remove();
  for (const group of grid().querySelectorAll("[role=rowgroup]")) {
    if (!group.querySelector(".slab")) group.remove();
  }
  const groups = [...fresh.querySelectorAll("[role=rowgroup]")];
  const first = grid().querySelector("[role=rowgroup]");
  for (const group of groups) grid().insertBefore(group, first ?? grid().querySelector("[data-more]"));
  for (const [key, label, row] of kept) slabFor(key, label, groups).append(row);
  const bridge = groups.at(-1);
  if (first && bridge?.dataset.group === first.dataset.group) {
    bridge.append(...first.querySelectorAll(".slab"));
    first.remove();
  }
  if (!grid().querySelector("[data-more]")) {
    const more = fresh.querySelector("[data-more]");
    if (more && !grid().querySelector('.slab:not([data-page=""])')) grid().append(more);
  }
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
    (groups.at(-1) ?? grid()).after(group);
    groups.push(group);
  }
  return group.querySelector(".slab:last-of-type");
}
