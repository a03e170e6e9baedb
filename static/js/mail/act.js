/* Acts on mail: the rows change at once, the next conversation opens, a toast offers Undo. When the
   server refuses, everything comes back with the reason and a way to try again. */

import { tell, toast } from "heron/shell";
import { offerUndo, takeLast } from "heron/undo";
import { fragment, mayPass, part, send } from "heron/mail/request";
import { words } from "heron/words";
import {
  away, clearSelection, currentName, focusRow, focusedRow, forget, grid, neighbour, resize, rowNamed, rows, selection,
} from "heron/mail/rows";
import { withdraw } from "heron/mail/cards";
import { close, open, openRow, reading } from "heron/mail/reader";
import { isPhone } from "heron/phone";
import { refreshTop, restore, waitForUndo } from "heron/mail/refresh";
import { actOnEverything, isEverything } from "heron/mail/everything";
import { isOffline, keep } from "heron/mail/offline";
import { dropAct } from "heron/waiting";

/** What makes other conversations of them: the list and the open one are read anew. */
const REFILES = new Set(["merge", "split", "split_onward"]);

/** What takes a message out of its conversation, or may. Moved elsewhere it is still shown in it, but for bin and junk. */
const FILES_ONE = new Set(["trash", "move"]);

/** The act that the server has not answered yet: Z pressed at once means that one. */
let underWay = Promise.resolve();

/** What an act is about: the selection, else the conversation that is open or on its way, else the row with the focus. */
export function targets() {
  if (selection().length) return selection();
  const coming = onItsWay();
  if (coming) return [coming];
  if (reading() && document.getElementById("app").dataset.view === "read") return openNames();
  const row = focusedRow();
  return row ? [row.id] : [];
}

/** The row whose conversation has yet to come: the pane still shows the one before, which may have left the list. */
function onItsWay() {
  const name = currentName();
  const shown = reading()?.dataset.row;
  return document.getElementById("app").dataset.view === "read" && rowNamed(name) && shown !== "" && shown !== name ? name : null;
}

export function openNames() {
  const pane = reading();
  if (!pane) return [];
  return rowNamed(pane.dataset.row) ? [pane.dataset.row] : pane.dataset.names.split(" ").filter(Boolean);
}

/** Whether rows leave this list by that act. */
function leaves(verb, { keyword }) {
  const { kind, role, label } = document.getElementById("listform").dataset;
  if (verb === "unlabel") return kind === "label" && label.toLowerCase() === keyword.toLowerCase();
  if (verb === "trash" || verb === "junk" || verb === "block") return true;
  if (verb === "snooze") return kind === "folder" ? role !== "snoozed" : kind === "all";
  if (verb === "mute") return role === "inbox" || kind === "all";
  if (verb === "unflag") return kind === "flagged";
  if (verb === "notjunk") return role === "junk";
  return (verb === "archive" || verb === "move") && (kind === "folder" || kind === "all");
}

/** Acts on the rows or messages of these names. `about` is what else the verb needs: {folder}, or {keyword} or {named}.
    `card` is the one message of the open conversation that this is about: the conversation stays open with the others. */
export async function act(verb, names = targets(), about = {}, card = null) {
  if (isEverything() && names.join() === selection().join()) {
    await actOnEverything(verb, about);
    return;
  }
  if (!names.length) {
    tell(words("select_first"));
    return;
  }
  if (!FILES_ONE.has(verb)) card = null;
  const leaving = leaves(verb, about) && !card;
  const put = leaving ? takeAway(names) : card && verb === "trash" ? withdraw(card) : change(verb, names);
  put.card = card;
  if (card) card.dataset.acted = verb;
  const fields = [["do", verb], ...names.map((name) => ["on", name]), ...Object.entries(about)];
  try {
    const sending = send("/act/", fields);
    underWay = sending.catch(() => {});
    const answer = fragment(await sending).querySelector(".toast");
    for (const name of names) away.delete(name);
    offerBack(answer, put);
    if (!leaving) await refreshTop({ move: Boolean(card) || verb === "pin" || verb === "unpin" || REFILES.has(verb) }).catch(() => {});
    if (REFILES.has(verb)) showAnew();
    document.dispatchEvent(new CustomEvent("heron:acted", { detail: { verb, names, card } }));
  } catch (error) {
    if (isOffline()) {
      const queued = keep(fields);
      offerUndo(words("kept_for_later"), () => {
        put.back();
        tell(words(dropAct(queued) ? "undone" : "nothing_to_undo"));
      });
      return;
    }
    put.back();
    const again = { label: words("retry"), run: () => act(verb, names, about, card) };
    toast(error.message, { bad: true, action: mayPass(error) ? again : null });
    // An answer that did not come says nothing of what was done.
    if (error.status === 0) refreshTop({ move: true }).catch(() => {});
  }
}

/** Rows leave at once. Returns how to put them back. */
function takeAway(names) {
  const leaving = names.map(rowNamed).filter(Boolean);
  const hadFocus = leaving.includes(document.activeElement?.closest?.(".row"));
  const isOpen = names.includes(currentName()) || names.some((name) => reading()?.dataset.names.split(" ").includes(name));
  const next = isOpen || hadFocus ? after(leaving) : null;
  const places = leaving.map((row) => ({ row, parent: row.parentElement, before: row.nextElementSibling }));
  for (const name of names) away.add(name);
  for (const row of leaving) row.remove();
  resize(-leaving.length);
  forget(names);
  tidyGroups();
  if (isOpen) {
    if (next && !isPhone() && document.getElementById("listform").dataset.after === "next") openRow(next, { unhurried: true });
    else close();
  } else if (hadFocus && next) focusRow(next);
  return {
    back() {
      for (const name of names) away.delete(name);
      for (const { row, parent, before } of places.reverse()) {
        if (rowNamed(row.id)) continue;
        if (parent.isConnected && before?.parentElement === parent) parent.insertBefore(row, before);
        else restore(row);
        resize(1);
      }
      tidyGroups();
    },
  };
}

/** The row that takes the place of those that leave: the next below, else the last above. */
function after(leaving) {
  const last = leaving.at(-1);
  if (!last) return null;
  for (let row = neighbour(last, 1); row; row = neighbour(row, 1)) if (!leaving.includes(row)) return row;
  const left = rows().filter((row) => !leaving.includes(row));
  return left.at(-1) ?? null;
}

function tidyGroups() {
  for (const group of grid().querySelectorAll("[role=rowgroup]")) {
    const slabs = [...group.querySelectorAll(".slab")];
    group.hidden = slabs.every((slab) => !slab.childElementCount && !slab.matches(".hollow"));
  }
  document.getElementById("listempty")?.toggleAttribute("hidden", rows().length > 0);
}

/** Marks change at once; the fresh row from the server follows. */
function change(verb, names) {
  const touched = names.map(rowNamed).filter(Boolean);
  const before = touched.map((row) => [row, row.className]);
  for (const row of touched) {
    if (verb === "read" || verb === "unread") row.classList.toggle("unread", verb === "unread");
    if (verb === "flag" || verb === "unflag") row.classList.toggle("flagged", verb === "flag");
  }
  clearSelection();
  const isOpen = names.includes(currentName()) || names.join(" ") === reading()?.dataset.names;
  if (verb === "unread" && isOpen) close();
  if (isOpen && (verb === "flag" || verb === "unflag")) flagButton(verb === "flag");
  return {
    back() {
      for (const [row, was] of before) row.className = was;
      if (isOpen && (verb === "flag" || verb === "unflag")) flagButton(verb === "unflag");
    },
  };
}

function flagButton(on) {
  const button = document.querySelector("#readform [value=flag], #readform [value=unflag]");
  if (!button) return;
  button.value = on ? "unflag" : "flag";
  button.classList.toggle("on", on);
  button.setAttribute("aria-label", words(on ? "unflag" : "flag"));
}

/** Offer to take back what the server has just done, and says so in `answer`. */
export function offerBack(answer, put) {
  const { group, verb } = answer?.dataset ?? {};
  if (!group) return;
  const label = answer.querySelector("span").textContent;
  offerUndo(label, () => takeBack({ group, verb, label, put }));
}

/** Takes back the last act, from the toast or by Z. */
export async function undo() {
  await underWay;
  const back = takeLast();
  if (back) await back();
  else tell(words("nothing_to_undo"));
}

async function takeBack({ group, verb, label, put }) {
  put.back();
  try {
    const sending = send("/undo/", [["group", group]]);
    waitForUndo(sending);
    // Told is what was left, having changed since.
    const told = await sending;
    if (told) toast(told);
    else tell(words("undone_this", { what: label }));
    await refreshTop({ move: true }).catch(() => {});
    if (REFILES.has(verb)) showAnew();
    document.dispatchEvent(new CustomEvent("heron:acted", { detail: { verb, names: [], card: put.card } }));
  } catch (error) {
    toast(error.message, { bad: true });
    await refreshTop({ move: true }).catch(() => {});
  }
}

/** The open conversation as it is by now; one that has become part of another closes. */
async function showAnew() {
  if (!reading() || document.getElementById("app").dataset.view !== "read") return;
  const url = location.href;
  const isThere = await part(url, "main", { rehearse: true }).then(() => true, () => false);
  if (url !== location.href) return;
  // What had the focus is drawn anew.
  const focus = document.activeElement === document.body || Boolean(document.activeElement.closest("#main"));
  if (isThere) open(url, { name: rowNamed(reading()?.dataset.row)?.id ?? null, push: false, focus });
  else close();
}

/** Reading a conversation toggles: what is unread becomes read, and the other way round. */
export function toggle(on, off, isOn, names = targets()) {
  const anyOff = names.some((name) => !isOn(rowNamed(name)));
  return act(anyOff ? on : off, names);
}

