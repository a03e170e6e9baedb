/* Opening and closing: a conversation comes into the reading pane, a list into the list pane, and the
   browser's history follows, so that Back closes what was opened. */

import { bringIcons } from "heron/icons";
import { toast } from "heron/shell";
import { conversation, place, rehearse, takeRehearsal } from "heron/mail/ahead";
import { mayPass, part, send } from "heron/mail/request";
import { isPhone } from "heron/phone";
import { words } from "heron/words";
import { firstUrl, watch } from "heron/mail/chunks";
import {
  clearSelection, currentName, currentRow, focusRow, grid, neighbour, rowNamed, rows, scroller, setCurrent,
  startAfresh, urlOf,
} from "heron/mail/rows";
import { getAllReady, getReady, takesBodies, whenIdle } from "heron/mail/spare";

const app = document.getElementById("app");
const list = document.getElementById("list");
const main = document.getElementById("main");
/** How long nothing is shown before a placeholder is: quick answers must not flicker. */
const PATIENCE_MILLISECONDS = 150;
/** Nor does the list wait for ever. */
const LONGEST_WAY_MILLISECONDS = 2_000;

let abort = new AbortController();
let listAbort = new AbortController();
/** Where the reader is going: what lies there is fetched ahead. */
let heading = 1;

export const reading = () => document.getElementById("reading");
/** One pane at a time: on a phone, and where the reading pane is switched off. */
export const isSingle = () => isPhone() || document.documentElement.dataset.pane === "none";

const painted = () => new Promise((done) => { requestAnimationFrame(() => setTimeout(done)); });

let underWay = Promise.resolve();
/** Resolves when no conversation is on its way: what changes in the list meanwhile waits for its text. */
export const atRest = () => underWay;

/** A conversation is on its way. Returns what says that it has come; one that is left has come, too. */
function begun(signal) {
  let arrived;
  underWay = new Promise((done) => { arrived = done; });
  signal.addEventListener("abort", arrived);
  setTimeout(arrived, LONGEST_WAY_MILLISECONDS);
  return arrived;
}

/** Show a conversation. `push` writes history: a first one is a new entry, the next ones take its place.
    With `unhurried` what has just changed on the screen is painted before. */
export async function open(url, { name = null, push = true, focus = false, unhurried = false } = {}) {
  abort.abort();
  abort = new AbortController();
  const mine = abort;
  const arrived = begun(mine.signal);
  const wasReading = app.dataset.view === "read";
  const wasUnread = rowNamed(name)?.classList.contains("unread");
  const ahead = takeRehearsal(rowNamed(name), url);
  if (ahead) mine.signal.addEventListener("abort", () => ahead.abort.abort());
  setCurrent(name);
  if (name) readLocally(name);
  const slow = setTimeout(() => placeholder(), PATIENCE_MILLISECONDS);
  let isShown = false;
  try {
    const [page] = await Promise.all([ahead?.page ?? conversation(url, { signal: mine.signal }), unhurried && painted()]);
    if (mine.signal.aborted) return;
    clearTimeout(slow);
    show(page, ahead?.frame);
    isShown = true;
    if (ahead) settle(url, wasUnread).then(() => wasUnread && readLocally(name)).catch(() => {}); // fresh rows may not have known
  } catch (error) {
    if (error.name === "AbortError" || mine.signal.aborted) return;
    const again = { label: words("retry"), run: () => open(url, { name, push, focus }) };
    toast(error.message, { bad: true, action: mayPass(error) ? again : null });
    if (error.status === 404) close({ push: false });
    return;
  } finally {
    clearTimeout(slow);
    if (ahead?.frame?.hidden) ahead.frame.remove();
    if (isShown) textShown().then(arrived);
    else arrived();
    if (!isShown && wasUnread) rowNamed(name)?.classList.add("unread"); // nobody has read it, and nobody was told so
  }
  if (push) remember(wasReading ? "replaceState" : "pushState", "read", url);
  document.title = `${reading()?.dataset.title ?? ""} – Heron`;
  if (focus || isSingle()) document.getElementById("subject")?.focus({ preventScroll: true });
}

function show(page, frame) {
  const mode = place(page, frame, main);
  app.dataset.view = "read";
  const name = reading()?.dataset.row;
  if (name && name !== currentName()) setCurrent(name);
  readLater();
  document.dispatchEvent(new CustomEvent("heron:opened"));
  const mine = abort;
  loaded(main.querySelector("iframe[data-frame]")).then(() => whenIdle(() => {
    if (takesBodies && mode) getReady(mode);
    if (mine === abort) lookAhead();
  }));
}

/** With the text there, however long it took, browser and server have time for the conversation that probably comes next. */
function lookAhead() {
  const from = currentRow();
  if (from && from.id === reading()?.dataset.row) guess(neighbour(from, heading));
}

/** Fetch what this row opens, where that is a guess: not on a phone, nor where the line is slow or paid for. */
export function guess(row) {
  if (!row || row.matches(".current") || isPhone() || navigator.connection?.saveData) return;
  if (document.getElementById("listform").dataset.role !== "drafts") rehearse(row);
}

async function loaded(frame, options) {
  const inside = frame?.contentDocument;
  if (!frame || (inside && inside.URL !== "about:blank" && inside.readyState === "complete")) return;
  await new Promise((done) => { frame.addEventListener("load", done, { once: true, ...options }); });
}

/** A page that was fetched ahead has changed nothing yet: say now that it is read. */
async function settle(url, wasUnread) {
  const names = reading()?.dataset.names.split(" ").filter(Boolean) ?? [];
  await textShown();
  if (main.querySelector("[data-waiting]")) await part(url, "main");
  else if (wasUnread && names.length && markReadSeconds() === 0) await send("/act/", [["do", "read"], ...names.map((name) => ["on", name])]);
}

/** What can wait lets the text come first, though not for long; and not beyond this page. */
function textShown() {
  const over = new AbortController();
  return new Promise((done) => {
    loaded(main.querySelector("iframe[data-frame]"), { signal: over.signal }).then(painted).then(done);
    addEventListener("pagehide", done, { signal: over.signal });
    setTimeout(done, PATIENCE_MILLISECONDS);
  }).finally(() => over.abort());
}

/** How long a conversation is open before it counts as read; null: only when the reader says so. */
function markReadSeconds() {
  const wanted = document.getElementById("listform").dataset.markRead;
  return wanted === "" ? null : Number(wanted);
}

let readTimer;

/** Where the reader wants it, a conversation becomes read after some seconds in view. */
function readLater() {
  clearTimeout(readTimer);
  const seconds = markReadSeconds();
  const pane = reading();
  if (!seconds || !pane) return;
  readTimer = setTimeout(() => {
    const names = pane.dataset.names.split(" ").filter(Boolean);
    if (pane.isConnected && names.length) send("/act/", [["do", "read"], ...names.map((name) => ["on", name])]).catch(() => {});
  }, seconds * 1000);
}

function placeholder() {
  if (document.getElementById("summary")) return; // of what was selected meanwhile
  main.replaceChildren(document.getElementById("loading").content.cloneNode(true));
}

function readLocally(name) {
  if (markReadSeconds() === 0) rowNamed(name)?.classList.remove("unread");
}

/** Back to the list alone. */
export function close({ push = true } = {}) {
  abort.abort();
  const row = currentRow();
  main.replaceChildren(document.getElementById("nothing").content.cloneNode(true));
  setCurrent(null);
  const wasReading = app.dataset.view === "read";
  app.dataset.view = "list";
  document.title = `${document.getElementById("listform").dataset.title} – Heron`;
  if (push && wasReading) {
    if (history.state?.opened) history.back();
    else remember("replaceState", "list", firstUrl());
  }
  focusRow(row ?? grid().querySelector('.row[tabindex="0"]'));
  document.dispatchEvent(new CustomEvent("heron:closed"));
}

/** Show another list. */
export async function openList(url, { push = true } = {}) {
  let page;
  abort.abort(); // a conversation on its way belongs to the list that is left
  listAbort.abort();
  listAbort = new AbortController();
  const mine = listAbort;
  const slow = setTimeout(() => list.setAttribute("aria-busy", "true"), PATIENCE_MILLISECONDS);
  try {
    page = await part(url, "list", { signal: mine.signal });
    if (mine.signal.aborted) return;
  } catch (error) {
    if (error.name === "AbortError" || mine.signal.aborted) return;
    const again = { label: words("retry"), run: () => openList(url, { push }) };
    toast(error.message, { bad: true, action: mayPass(error) ? again : null });
    return;
  } finally {
    clearTimeout(slow);
    if (!listAbort.signal.aborted) list.removeAttribute("aria-busy");
  }
  list.replaceChildren(page);
  window.htmx?.process(list);
  main.replaceChildren(document.getElementById("nothing").content.cloneNode(true));
  setCurrent(null);
  app.dataset.view = "list";
  const form = document.getElementById("listform");
  document.title = `${form.dataset.title} – Heron`;
  if (push) remember("pushState", "list", url);
  pointTo(url);
  startAfresh();
  watch();
  scroller().scrollTop = 0;
  document.dispatchEvent(new CustomEvent("heron:list"));
}

/** The column shows which list is on the screen. */
function pointTo(url) {
  const shown = new URL(url, location.href);
  for (const item of document.querySelectorAll("#tree a.item")) {
    if (isSameList(new URL(item.href), shown)) item.setAttribute("aria-current", "page");
    else item.removeAttribute("aria-current");
  }
}

/** Two searches are the same list where they ask for the same words in the same folder. */
function isSameList(one, other) {
  const asked = (url, name) => (url.searchParams.get(name) ?? "").trim();
  return one.pathname === other.pathname && ["q", "folder"].every((name) => asked(one, name) === asked(other, name));
}

function remember(how, view, url) {
  const opened = view === "read" && (how === "pushState" || Boolean(history.state?.opened));
  // What covered the screen (heron/cover) has left its entry: the one below is where Back leads.
  history[history.state?.cover ? "replaceState" : how]({ heron: view, list: firstUrl(), opened }, "", url);
}

/** Open the row `step` places below (or above) the one that is open. */
export function step(by) {
  const from = currentRow();
  const next = from ? neighbour(from, by) : rows()[0];
  if (!next) return;
  heading = Math.sign(by);
  openRow(next);
}

export function openRow(row, options = {}) {
  if (!isSingle()) focusRow(row);
  return open(urlOf(row), { name: row.id, ...options });
}

addEventListener("popstate", async (event) => {
  const state = event.state;
  if (!state?.heron) {
    if (location.hash) return;
    location.reload();
    return;
  }
  clearSelection();
  const here = history.state;
  listAbort.abort();
  if (state.list !== firstUrl()) await openList(state.list, { push: false });
  if (history.state !== here && history.state?.list !== state.list) return; // Back was pressed again meanwhile
  if (state.heron === "read") await open(location.href, { push: false });
  else if (app.dataset.view === "read") close({ push: false });
});

/** What every conversation is drawn with, once the page itself is there. */
async function prepare() {
  await bringIcons();
  if (takesBodies) await getAllReady();
}

export function start() {
  addEventListener("load", () => whenIdle(prepare), { once: true });
  history.replaceState({ heron: app.dataset.view, list: firstUrl(), opened: false }, "");
}
