/* The keyboard. The keys of the reader's choice work while nothing is being typed, and can be switched off in the
   settings (WCAG 2.1.4); moving within the list and the toolbars always works. */

import { stepOf } from "heron/direction";
import { act, targets, toggle, undo } from "heron/mail/act";
import {
  clearSelection, focusRow, focusedRow, neighbour, rowNamed, rowOf, rows, select, selectAll, selectRange,
  selection,
} from "heron/mail/rows";
import { close, openList, openRow, reading, step } from "heron/mail/reader";
import { isPhone } from "heron/phone";
import { openMenu } from "heron/mail/menus";
import { reach } from "heron/mail/chunks";
import { showHelp } from "heron/mail/help";
import { keys } from "heron/mail/bound";
import { showPalette } from "heron/mail/palette";

const app = document.getElementById("app");
/** The second key of a sequence comes within this time. */
const SEQUENCE_MILLISECONDS = 1500;
let begun = "";
let begunUntil = 0;

const isUnread = (row) => row?.classList.contains("unread");
const isFlagged = (row) => row?.classList.contains("flagged") || Boolean(document.querySelector("#readform [value=unflag]"));

/** What can be done by key, by the names of webmail/present/shortcuts.py; which keys do it, the page says. */
const COMMANDS = {
  next: () => move(1),
  previous: () => move(-1),
  open: () => enter(),
  back: () => back(document.activeElement),
  next_part: () => scrollMessage(1),
  previous_part: () => scrollMessage(-1),
  search: () => { const box = document.getElementById("q"); box.focus(); box.select(); },
  archive: () => act("archive"),
  trash: () => act("trash"),
  junk: () => act(document.getElementById("listform").dataset.role === "junk" ? "notjunk" : "junk"),
  move: () => openMenu("move"),
  label: () => openMenu("label"),
  snooze: () => openMenu("snooze"),
  mute: () => act(document.querySelector("#more-read [value=unmute]") && isReading() ? "unmute" : "mute"),
  flag: () => toggle("flag", "unflag", isFlagged),
  read_or_unread: () => (selection().length ? toggle("unread", "read", isUnread) : act(isReading() ? "unread" : unreadVerb(), targets())),
  read: () => act("read"),
  unread: () => act("unread"),
  undo: () => undo(),
  select: () => { const row = focusedRow(); if (row) select(row); },
  select_all: () => selectAll(),
  clear: () => clearSelection(),
  write: () => document.querySelector("[data-compose]")?.click(),
  reply: () => write("reply"),
  reply_all: () => write("reply_all"),
  forward: () => write("forward"),
  help: () => showHelp(),
  ...Object.fromEntries(["inbox", "flagged", "drafts", "sent", "archive", "trash", "junk", "snoozed"].map((place) => [`go_${place}`, () => goTo(place)])),
};

const bound = keys().bound;
/** Keys after which another one is waited for. */
const beginnings = new Set(Object.keys(bound).filter((one) => one.length > 1 && one.includes(" ")).map((one) => one.split(" ")[0]));

function isReading() {
  return app.dataset.view === "read" && reading() && !rowOf(document.activeElement);
}

function unreadVerb() {
  const [name] = targets();
  return isUnread(rowNamed(name)) ? "read" : "unread";
}

function move(by) {
  if (app.dataset.view === "read" && rowNamed(reading()?.dataset.row)) {
    step(by);
    return;
  }
  const from = focusedRow();
  if (from && document.activeElement !== from) focusRow(from);
  else focusRow(from ? neighbour(from, by) : rows()[0]);
}

/** Enter opens; on the row that is open already it moves on to the subject. */
function enter() {
  const row = focusedRow();
  if (!row) return;
  if (row.classList.contains("current")) document.getElementById("subject")?.focus();
  else openRow(row);
}

function write(mode) {
  const card = [...document.querySelectorAll("#main .msg:not(.closed, .arrived)")].at(-1);
  if (card) {
    document.querySelector(`#main [data-compose][href*="mode=${mode}&"][href$="original=${card.dataset.message}"]`)?.click();
    return;
  }
  const row = focusedRow();
  if (row) openRow(row).then(() => write(mode));
}

function scrollMessage(by) {
  const cards = [...document.querySelectorAll("#main .msg")];
  const at = cards.indexOf(document.activeElement.closest?.(".msg"));
  const card = cards[at < 0 ? cards.length - 1 : at + by];
  card?.querySelector(".mh:not([hidden]) a, a.line")?.focus();
  card?.scrollIntoView({ block: "nearest" });
}

function isTyping(target) {
  return target.isContentEditable || target.matches?.("textarea, select, input:not([type=checkbox], [type=radio], [type=button])");
}

function goTo(place) {
  const item = document.querySelector(`#tree a[data-go="${place}"]`);
  if (item) openList(item.href);
}

/** The key as the table names it: letters small and with their Shift, signs as they are typed. */
function nameOf({ key, shiftKey, ctrlKey, metaKey }) {
  const isSign = key.length === 1 && key.toLowerCase() === key.toUpperCase() && !(ctrlKey || metaKey);
  return `${ctrlKey || metaKey ? "Ctrl+" : ""}${shiftKey && !isSign ? "Shift+" : ""}${key.length === 1 ? key.toLowerCase() : key}`;
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing || ["Shift", "Control", "Meta"].includes(event.key)) return;
  if (nameOf(event) === "Ctrl+k" && !event.altKey) {
    event.preventDefault();
    showPalette(COMMANDS);
    return;
  }
  if (document.querySelector("dialog[open], [popover]:popover-open")) return;
  // What the box offers is closed by its own Escape; the next one leaves it, so that the single keys work again.
  if (event.key === "Escape" && event.target.matches("form.search [name=q]")) {
    event.preventDefault();
    event.target.blur();
    const row = focusedRow() ?? rows()[0];
    if (row) focusRow(row);
    return;
  }
  if (event.key === "Escape" && !isTyping(event.target)) {
    if (back(event.target)) event.preventDefault();
    return;
  }
  if (isTyping(event.target) || event.altKey) return;
  if (inList(event)) return;
  if (event.target.closest(".compose")) return;
  const name = nameOf(event);
  const sequence = performance.now() < begunUntil ? `${begun} ${name}` : name;
  begunUntil = 0;
  if (sequence === name && beginnings.has(name)) {
    begun = name;
    begunUntil = performance.now() + SEQUENCE_MILLISECONDS;
    event.preventDefault();
    return;
  }
  const command = COMMANDS[bound[sequence]];
  if (!command) return;
  event.preventDefault();
  command();
});

/** One step back: from a selection, from the message to its row, from the message to the list. */
function back(from) {
  if (from.closest(".compose")) return false;
  if (selection().length) clearSelection();
  else if (from.closest("#main") && !isPhone()) focusRow(rowNamed(reading()?.dataset.row) ?? focusedRow());
  else if (app.dataset.view === "read") close();
  else return false;
  return true;
}

/** Keys that belong to the grid, whatever the setting: arrows, Home, End, pages, space, Enter, Shift+F10. */
function inList(event) {
  const row = rowOf(event.target);
  if (!row || event.target.closest("input, button, a") && event.key === " ") return false;
  const all = rows();
  const at = all.indexOf(row);
  const page = Math.max(1, Math.floor(document.getElementById("rows").clientHeight / row.offsetHeight) - 1);
  const to = {
    ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + page, PageUp: at - page,
    ...(event.shiftKey && { Home: 0, End: all.length - 1 }),
  }[event.key];
  if (to !== undefined && !event.ctrlKey && !event.metaKey) {
    const next = all[Math.min(Math.max(to, 0), all.length - 1)];
    if (event.shiftKey && next) {
      if (!selection().length) select(row, true);
      selectRange(next);
    }
    focusRow(next);
  } else if (["Home", "End"].includes(event.key)) {
    reach(event.key === "End").then((edge) => focusRow(edge ?? row));
  } else if (event.key === "Enter") {
    enter();
  } else if (event.key === " ") {
    select(row);
  } else if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "a") {
    selectAll();
  } else if (event.key === "ContextMenu" || (event.shiftKey && event.key === "F10")) {
    if (!selection().includes(row.id)) { clearSelection(); select(row, true); }
    openMenu("context", row);
  } else return false;
  event.preventDefault();
  return true;
}

/* A toolbar is one stop of Tab; arrows move within it. */
document.addEventListener("keydown", (event) => {
  const bar = event.target.closest?.("[role=toolbar]");
  if (!bar || !["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key)) return;
  const all = [...bar.querySelectorAll("a, button")].filter((one) => one.offsetParent);
  const at = all.indexOf(event.target);
  const to = { Home: 0, End: all.length - 1 }[event.key] ?? at + stepOf(event.key);
  const next = all[(to + all.length) % all.length];
  if (!next) return;
  for (const one of all) one.tabIndex = one === next ? 0 : -1;
  next.focus();
  event.preventDefault();
});

