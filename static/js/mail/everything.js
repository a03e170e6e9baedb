/* Acts on a whole list: chosen beside "Select all", done by the workers. A strip shows how far they are, and takes
   it back, also while it is under way. */

import { tell, toast } from "heron/shell";
import { offerUndo, remember } from "heron/undo";
import { fragment, send } from "heron/mail/request";
import { counted, words } from "heron/words";
import { chosenWords, clearSelection, grid, selection } from "heron/mail/rows";
import { openList, reading } from "heron/mail/reader";
import { firstUrl } from "heron/mail/chunks";

const box = () => document.querySelector("#everything input");
/** Acts that are on their way back, or there: each goes it once. */
const takenBack = new Set();
const strip = (act) => document.querySelector(`.work[data-act="${act}"]`);

export const isEverything = () => Boolean(box()?.checked);

/** Whether the list is longer than what is selected: then all of it is offered, with its number once that is known. */
document.addEventListener("heron:selection", ({ detail: { count } }) => {
  const label = document.querySelector("#everything span");
  if (!label) return;
  if (!count) box().checked = false;
  const total = Number(grid().getAttribute("aria-rowcount"));
  const { title } = document.getElementById("listform").dataset;
  if (total > 0) label.textContent = words("everything", { n: total.toLocaleString(document.documentElement.lang), name: title });
});

document.getElementById("list").addEventListener("change", ({ target }) => {
  if (target !== box()) return;
  const total = Number(grid().getAttribute("aria-rowcount"));
  const number = target.checked ? total : selection().length;
  document.getElementById("selcount").textContent = number > 0 ? counted("selected", number) : words("everything_selected");
  const summary = document.querySelector("#summary h2");
  if (summary) summary.textContent = number > 0 ? chosenWords(number) : words("everything_selected");
});

export async function actOnEverything(verb, about) {
  const total = Math.max(0, Number(grid().getAttribute("aria-rowcount")));
  if (await begin(verb, firstUrl(), [["total", total], ...Object.entries(about)], total)) clearSelection();
}

/** Have the workers do this to all of the list at `next`. Returns whether they have been told. */
export async function begin(verb, next, more = [], total = 0) {
  try {
    const answer = fragment(await send("/act/", [["do", verb], ["everything", "1"], ["next", next], ...more])).querySelector(".toast");
    const { act, group } = answer.dataset;
    const label = answer.querySelector("span").textContent;
    show(act, group, label, total);
    remember(() => takeBack(group, act, label));
    return true;
  } catch (error) {
    toast(error.message, { bad: true });
    return false;
  }
}

function show(act, group, label, total) {
  if (strip(act)) return;
  const made = document.getElementById("working").content.firstElementChild.cloneNode(true);
  made.dataset.act = act;
  made.querySelector(".said").textContent = `${label}…`;
  made.querySelector("[name=group]").value = group;
  made.querySelector("progress").max = total || 1;
  document.body.append(made);
}

/** The workers tell how far they are. */
document.addEventListener("heron:event", ({ detail: { kind, act, state, done, total, count } }) => {
  const shown = kind === "act" && strip(act);
  if (!shown) return;
  const bar = shown.querySelector("progress");
  bar.max = total || Math.max(done, 1);
  bar.value = done;
  if (state === "working") return;
  if (state === "undoing") {
    shown.querySelector(".said").textContent = words("undoing");
    shown.querySelector("button").hidden = true;
    return;
  }
  const group = shown.querySelector("[name=group]").value;
  const label = shown.querySelector(".said").textContent.replace(/…$/, "");
  shown.remove();
  if (state === "done") offerUndo(`${label} (${counted("messages", count)})`, () => takeBack(group, act, label));
  else tell(words(state === "undone" ? "undone" : "stopped"));
  if (!reading()) openList(firstUrl(), { push: false });
});

function takeBack(group, act, label) {
  if (takenBack.has(act)) {
    tell(words("nothing_to_undo"));
    return;
  }
  takenBack.add(act);
  show(act, group, label, 1);
  strip(act).querySelector(".said").textContent = words("undoing");
  strip(act).querySelector("button").hidden = true;
  send("/undo/", [["group", group]]).catch((error) => {
    strip(act)?.remove();
    toast(error.message, { bad: true });
    // Nothing was taken back, so it may be tried again.
    takenBack.delete(act);
    remember(() => takeBack(group, act, label));
  });
}

document.addEventListener("submit", (event) => {
  const shown = event.target.closest(".work");
  if (!shown) return;
  event.preventDefault();
  takeBack(shown.querySelector("[name=group]").value, shown.dataset.act, "");
});
