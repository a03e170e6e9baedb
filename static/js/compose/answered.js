/* Somebody has answered while an answer to the same conversation is being written: its window says so, below the words, which
   stay where they are, for as long as nobody has looked. Loaded with heron/mail/unseen. */

/** Says in each window that answers a message of `pane` that these people have; none of them takes it away. `show` leads
    to what they wrote. */
export function showAnswers(page, pane, names, show) {
  for (const window of document.querySelectorAll("#dock .compose")) {
    const original = window.querySelector("[name=original]").value;
    const isOurs = names && original && pane.querySelector(`.msg[data-message="${original}"]`);
    const note = window.querySelector(".meanwhile");
    if (!isOurs) note?.remove();
    else fill(page, note ?? make(window), names, () => leadTo(page, window, show));
  }
}

function make(window) {
  const note = document.createElement("div");
  note.className = "note info meanwhile";
  note.setAttribute("role", "status");
  window.querySelector(".cpaper").after(note);
  return note;
}

function fill(page, note, names, show) {
  note.onclick = ({ target }) => { if (target.closest("button")) show(); };
  const text = page.words("new_here", { names });
  if (note.querySelector("span")?.textContent === text) return;
  const said = document.createElement("span");
  said.className = "grow";
  said.textContent = text;
  const button = document.createElement("button");
  button.type = "button";
  button.className = "btn";
  button.textContent = page.words("show");
  note.replaceChildren(page.icon("info", "i i-s"), said, button);
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
