/* Somebody has answered while an answer to the same conversation is being written: its window says so, below the words, which
   stay where they are, for as long as nobody has looked. Where that conversation is open, what is seen there counts
   (heron/mail/unseen); elsewhere the server knows what is unread. Loaded with the first answer that is written. */

import { listen } from "heron/compose/listening";

/** Several changes that come together are one question. */
const GATHER_MILLISECONDS = 250;
const asking = new WeakMap();

/** The window says who has answered before it was opened ("begun"), and from then on what comes by an event; what is opened
    beside it may be its conversation. `page` is what this uses of the page's own modules. */
export function hear(type, detail, windows, page) {
  for (const window of windows) {
    const note = noteOf(window);
    if (window.matches(".full:not(#dock *)")) listen();
    if (isOpen(window)) {
      if (type === "heron:opened") note?.remove(); // it was opened with all that is new in it
    } else if (type === "begun" || (type === "heron:event" ? concerns(detail, window) : note)) askSoon(window, page);
  }
}

const noteOf = (window) => window.querySelector(".meanwhile");
const originalOf = (window) => window.querySelector("[name=original]").value;
const isOpen = (window) => Boolean(document.querySelector(`#reading .msg[data-message="${originalOf(window)}"]`));

function concerns({ kind, threads }, window) {
  return kind === "resync" || (kind === "folder" && (!threads || threads.includes(Number(window.dataset.answers))));
}

function askSoon(window, page) {
  clearTimeout(asking.get(window));
  asking.set(window, setTimeout(() => ask(window, page).catch(() => {}), GATHER_MILLISECONDS));
}

async function ask(window, page) {
  const answer = await fetch(`/d/${window.dataset.draft}/answers`, { headers: { Accept: "application/json" } });
  if (!answer.ok || answer.redirected) return;
  const { names, url } = await answer.json();
  if (window.isConnected && !isOpen(window)) tell(window, page, names.join(", "), url);
}

/** The messages of `pane` that these people have written are not seen yet; `show` leads to them. Windows that answer one of
    its messages say so, and none of them takes it away. */
export function showAnswers(page, pane, names, show) {
  for (const window of document.querySelectorAll("#dock .compose")) {
    const original = originalOf(window);
    if (original && pane.querySelector(`.msg[data-message="${original}"]`)) tell(window, page, names, show);
  }
}

/* --- the note ----------------------------------------------------------------------------------- */

function tell(window, page, names, where) {
  const note = noteOf(window);
  if (names) fill(window, page, note ?? make(window), names, where);
  else note?.remove();
}

function make(window) {
  const note = document.createElement("div");
  note.className = "note info meanwhile";
  note.setAttribute("role", "status");
  window.querySelector(".cpaper").after(note);
  return note;
}

/** `where` they are: an address, or what leads there. */
function fill(window, page, note, names, where) {
  const isUrl = typeof where === "string";
  const text = page.words("new_here", { names });
  note.onclick = ({ target }) => { if (target.closest("button")) leadTo(page, window, isUrl ? () => follow(where) : where); };
  if (note.querySelector("span")?.textContent === text && note.querySelector("a")?.getAttribute("href") === (isUrl ? where : undefined)) return;
  const said = document.createElement("span");
  said.className = "grow";
  said.textContent = text;
  note.replaceChildren(page.icon("info", "i i-s"), said, window.closest("#dock") ? button(page) : link(page, where));
}

function button(page) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "btn";
  made.textContent = page.words("show");
  return made;
}

/** From a page of its own: what is written stays there. */
function link(page, url) {
  const made = document.createElement("a");
  made.className = "btn";
  made.href = url;
  made.target = "_blank";
  made.rel = "noopener";
  made.textContent = page.words("show");
  return made;
}

function follow(url) {
  const made = document.createElement("a");
  made.href = url;
  made.dataset.open = "";
  document.body.append(made);
  made.click();
  made.remove();
}

/** The window makes room: on a phone it is saved and closed, elsewhere it folds and is a click away. */
function leadTo(page, window, show) {
  if (page.isPhone()) {
    document.addEventListener("heron:compose-closed", () => setTimeout(show), { once: true });
    window.querySelector("[data-write=close]").click();
    return;
  }
  window.querySelector("[data-write=minimise]").click();
  show();
}
