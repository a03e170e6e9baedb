/* Writing beside the mail: links with data-compose open a docked window; without scripts they are pages.
   One window for each draft, the newest open, the others folded to tabs. */

import { cover } from "heron/cover";
import { leftOf } from "heron/direction";
import { toast } from "heron/shell";
import { isPhone } from "heron/phone";
import { words } from "heron/words";
import { drawHere, icon } from "heron/icons";
import { localCopies, sendCopy } from "heron/compose/local";
import { ComposeWindow } from "heron/compose/window";

const dock = document.getElementById("dock");
const windows = new Map();

/** Opens the draft behind `url` (a compose or draft page) in the dock; the page itself where that fails. */
export async function openDraft(url) {
  let response;
  // What was just typed must be there before the server is asked: an untouched draft would be offered again.
  await Promise.all([...windows.values()].map((open) => open.save()));
  try {
    response = await fetch(url, { headers: { "HX-Request": "true" }, credentials: "same-origin" });
  } catch {
    toast(words("writing_offline"), { bad: true });
    return null;
  }
  if (response.status === 409) {
    toast(await response.text(), { bad: true });
    return null;
  }
  if (!response.ok || response.redirected) {
    location.assign(url);
    return null;
  }
  return place(await response.text());
}

/** Puts a window's HTML into the dock, or shows the one that stands there for the same draft. */
export function place(html, covering = null) {
  const made = new DOMParser().parseFromString(html, "text/html").querySelector(".compose");
  const standing = windows.get(made.dataset.draft);
  if (standing) {
    standing.restore();
    return standing;
  }
  for (const other of windows.values()) other.minimise();
  dock.prepend(document.importNode(drawHere(made), true));
  return enhance(dock.firstElementChild, covering ?? (isPhone() ? cover(() => {}) : null));
}

function enhance(section, covering = null) {
  const opened = new ComposeWindow(section, {
    closed: () => {
      windows.delete(section.dataset.draft);
      covering?.end();
      // What lies folded below has no tab on a phone.
      if (isPhone()) [...windows.values()].at(-1)?.restore();
      document.dispatchEvent(new CustomEvent("heron:compose-closed"));
    },
    replaced: (html) => {
      windows.delete(section.dataset.draft);
      if (section.classList.contains("full")) {
        location.assign(new DOMParser().parseFromString(html, "text/html").querySelector("form").action.replace(/save$/, ""));
        return;
      }
      section.remove();
      place(html, covering);
    },
    reopen: (url) => openDraft(url),
    raised: () => {
      for (const other of windows.values()) if (other !== opened && !other.isMinimised) other.minimise();
    },
  });
  windows.set(section.dataset.draft, opened);
  followAnswers({ type: "begun" }, [section]);
  if (covering) covering.close = () => opened.close();
  opened.focusFirst();
  return opened;
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-compose]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button !== 0) return;
  event.preventDefault();
  link.closest("[popover]")?.hidePopover();
  openDraft(link.href);
});

/* The caret of a menu button: popovers stand beside what opened them, above it where there is no room. */
document.addEventListener("beforetoggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.(".menu[data-menu]") || event.newState !== "open") return;
  const opener = document.activeElement?.closest(`[popovertarget="${menu.id}"]`)
    ?? document.querySelector(`[popovertarget="${menu.id}"]`);
  if (!opener || isPhone()) {
    menu.removeAttribute("style");
    return;
  }
  const box = opener.getBoundingClientRect();
  const below = box.bottom + 320 < innerHeight || box.top < innerHeight - box.bottom;
  Object.assign(menu.style, {
    inset: "auto",
    maxBlockSize: `${(below ? innerHeight - box.bottom : box.top) - 14}px`,
    left: `${leftOf(box, 272)}px`,
    top: below ? `${box.bottom + 6}px` : "auto",
    bottom: below ? "auto" : `${innerHeight - box.top + 6}px`,
  });
}, true);

/* A message that could not be sent is told wherever the person is. */
const told = new Set();
document.addEventListener("heron:event", async ({ detail }) => {
  if (detail.kind !== "outgoing" || document.hidden) return;
  try {
    const response = await fetch(`/outbox/${detail.outgoing}/`, { headers: { Accept: "application/json" } });
    if (!response.ok) return;
    const { title, state, explanation, tone } = await response.json();
    const key = `${detail.outgoing} ${state}`;
    if (!["bad", "warn"].includes(tone) || told.has(key)) return;
    told.add(key);
    const show = { label: words("show"), run: () => location.assign(`/outbox/#o${detail.outgoing}`) };
    toast(`${state}: “${title}”. ${explanation}`, { bad: tone === "bad", action: show, milliseconds: 20_000 });
  } catch {
    // The outbox says the same.
  }
});

/* While somebody writes an answer, others may answer too. */
function followAnswers({ type, detail }, sections = [...windows.values()].map((open) => open.section)) {
  const answers = sections.filter((one) => "answers" in one.dataset);
  if (answers.length) import("heron/compose/answered").then(({ hear }) => hear(type, detail, answers, { icon, isPhone, words })).catch(() => {});
}

for (const kind of ["heron:event", "heron:opened", "heron:closed"]) document.addEventListener(kind, (event) => followAnswers(event));

for (const section of document.querySelectorAll(".compose")) enhance(section);

/* A letter that another app has begun: its files wait in this browser. */
const shared = new URLSearchParams(location.search).get("shared");
const [letter] = windows.values();
if (shared && letter) {
  import("heron/compose/shared").then(({ takeShared }) => takeShared(letter, shared, (name) => {
    toast(words("share_lost", { name }), { bad: true, milliseconds: 20_000 });
  })).catch(() => {});
}

/* What this device kept of windows that were closed without a connection. A copy that is a minute old belongs to no
   window that is being written in, in whatever tab. */
async function sendKept() {
  const token = document.querySelector("[name=csrfmiddlewaretoken]")?.value;
  if (!token || !navigator.onLine) return;
  for (const [id, copy] of localCopies()) {
    if (!windows.has(id) && Date.now() - copy.at > 60_000) await sendCopy(id, copy, token);
  }
}

addEventListener("online", sendKept);
setTimeout(sendKept, 3000);

/* Before the person is signed out: each window's words to the server, and whether they are there. */
document.addEventListener("heron:leaving", ({ detail }) => {
  for (const open of windows.values()) detail.saves.push(open.settle());
});

/* A page that came from a send without scripts, or a list that caught up, may offer Undo as a plain form. */
document.addEventListener("heron:open-draft", (event) => openDraft(event.detail.url));
