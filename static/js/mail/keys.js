/* The keyboard. Single keys work while nothing is being typed, and can be switched off in the settings
   (WCAG 2.1.4); moving within the list and the toolbars always works. */

import { stepOf } from "heron/direction";
import { act, targets, toggle, undo } from "heron/mail/act";
import {
  clearSelection, focusRow, focusedRow, neighbour, rowNamed, rowOf, rows, select, selectAll, selectRange,
  selection,
} from "heron/mail/rows";
import { close, openList, openRow, reading, step } from "heron/mail/reader";
import { openMenu } from "heron/mail/menus";
import { reach } from "heron/mail/chunks";
import { showHelp } from "heron/mail/help";
import { showPalette } from "heron/mail/palette";

const app = document.getElementById("app");
/** After G, the next key within this time says where to go. */
const CHORD_MILLISECONDS = 1500;
let chordUntil = 0;

const isUnread = (row) => row?.classList.contains("unread");
const isFlagged = (row) => row?.classList.contains("flagged") || Boolean(document.querySelector("#readform [value=unflag]"));

/** What each key does; also what the help sheet and the palette list. */
export const COMMANDS = {
  j: () => move(1),
  k: () => move(-1),
  o: () => enter(),
  x: () => { const row = focusedRow(); if (row) select(row); },
  e: () => act("archive"),
  "#": () => act("trash"),
  Delete: () => act("trash"),
  "!": () => act(document.getElementById("listform").dataset.role === "junk" ? "notjunk" : "junk"),
  u: () => (selection().length ? toggle("unread", "read", isUnread) : act(isReading() ? "unread" : unreadVerb(), targets())),
  s: () => toggle("flag", "unflag", isFlagged),
  z: () => undo(),
  v: () => openMenu("move"),
  l: () => openMenu("label"),
  b: () => openMenu("snooze"),
  m: () => act(document.querySelector("#more-read [value=unmute]") && isReading() ? "unmute" : "mute"),
  r: () => write("reply"),
  a: () => write("reply_all"),
  f: () => write("forward"),
  c: () => document.querySelector("[data-compose]")?.click(),
  "/": () => { const box = document.getElementById("q"); box.focus(); box.select(); },
  "?": () => showHelp(),
  "*": () => selectAll(),
  n: () => scrollMessage(1),
  p: () => scrollMessage(-1),
};

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
  const card = [...document.querySelectorAll("#main .msg:not(.closed)")].at(-1);
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

function goTo(key) {
  const item = document.querySelector(`#tree a[data-go="${CSS.escape(key)}"]`);
  if (item) openList(item.href);
}

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.isComposing) return;
  if ((event.ctrlKey || event.metaKey) && !event.altKey && event.key.toLowerCase() === "k") {
    event.preventDefault();
    showPalette(COMMANDS);
    return;
  }
  if (document.querySelector("dialog[open], [popover]:popover-open")) return;
  if (event.key === "Escape" && !isTyping(event.target)) {
    escape(event);
    return;
  }
  if (isTyping(event.target) || event.altKey) return;
  if (inList(event)) return;
  if (event.ctrlKey || event.metaKey || !singleKeysOn()) return;
  if (performance.now() < chordUntil) {
    chordUntil = 0;
    event.preventDefault();
    goTo(event.key.toLowerCase());
    return;
  }
  if (event.key === "g") {
    chordUntil = performance.now() + CHORD_MILLISECONDS;
    return;
  }
  const command = COMMANDS[event.key] ?? (event.shiftKey ? null : COMMANDS[event.key.toLowerCase()]);
  if (!command || event.target.closest(".compose")) return;
  event.preventDefault();
  command();
});

const singleKeysOn = () => document.getElementById("listform").dataset.keys !== "off";

function escape(event) {
  if (event.target.closest(".compose")) return;
  if (selection().length) clearSelection();
  else if (event.target.closest("#main") && !matchMedia("(width < 48em)").matches) focusRow(rowNamed(reading()?.dataset.row) ?? focusedRow());
  else if (app.dataset.view === "read") close();
  else return;
  event.preventDefault();
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

