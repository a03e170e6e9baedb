/* The shell of every page: the folder drawer on a phone, toasts, and words for screen readers.
   Everything here has an equal without scripts; other modules import `toast`, `tell` and `say`. */

import { cover } from "heron/cover";
import { isTouched } from "heron/phone";

const live = document.getElementById("live");
const toasts = document.getElementById("toasts");
let dismissTold = () => {};

/** Says `text` once to screen readers. */
export function say(text) {
  live.textContent = "";
  requestAnimationFrame(() => { live.textContent = text; });
}

/** Shows a toast for `milliseconds`; it waits while the pointer or the focus is on it.
    `action` is {label, run}. Returns a function that takes the toast away. */
export function toast(text, { action = null, bad = false, milliseconds = 8000 } = {}) {
  dismissTold();
  const box = document.createElement("div");
  box.className = bad ? "toast bad" : "toast";
  if (bad) box.setAttribute("role", "alert");
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "btn";
    button.textContent = action.label;
    button.addEventListener("click", () => { box.remove(); action.run(); });
    box.append(button);
  }
  toasts.append(box);
  return expire(box, milliseconds);
}

/** A passing word that asks for nothing, seen and heard; it goes when the next word comes. */
export function tell(text) {
  dismissTold = toast(text, { milliseconds: 4000 });
}

function expire(box, milliseconds) {
  let timer;
  const remove = () => box.remove();
  const start = () => { timer = setTimeout(remove, milliseconds); };
  const stop = () => clearTimeout(timer);
  box.addEventListener("pointerenter", stop);
  box.addEventListener("pointerleave", start);
  box.addEventListener("focusin", stop);
  box.addEventListener("focusout", start);
  start();
  return remove;
}

for (const box of document.querySelectorAll("[data-toast]")) expire(box, 8000);

/* A soft keyboard covers what the sheets have to make room for. */
if (isTouched()) import("heron/keyboard").catch(() => {});

/* The drawer. Without scripts the link goes to #folders, which CSS opens by :target. */
const app = document.getElementById("app");
const drawer = document.getElementById("folders");

let drawerOpener = null;
let covering = null;

function closeDrawer() {
  delete app.dataset.drawer;
  covering?.end();
  drawerOpener?.focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || app?.dataset.drawer !== "open") return;
  event.preventDefault();
  closeDrawer();
});

for (const opener of document.querySelectorAll("[data-drawer-open]")) {
  opener.setAttribute("role", "button");
  opener.addEventListener("click", (event) => {
    event.preventDefault();
    app.dataset.drawer = "open";
    if (isTouched()) covering = cover(closeDrawer);
    drawerOpener = opener;
    [...drawer.querySelectorAll("a, button")].find((one) => one.offsetParent)?.focus();
  });
}

app?.addEventListener("click", (event) => {
  if (app.dataset.drawer === "open" && (!drawer.contains(event.target) || event.target.closest("a"))) {
    if (!event.target.closest("[data-drawer-open]")) closeDrawer();
  }
});

document.addEventListener("visibilitychange", () => {
  if (document.hidden && app?.dataset.drawer) closeDrawer();
});

/* Whoever is signed in gets a page of ours where there is no connection; it is fetched once all else is there.
   A browser that refuses a worker, as behind a certificate it does not know, shows its own. An installed app has it
   before one signs in, too: other apps share with it all the same. */
const isInstalled = !matchMedia("(display-mode: browser)").matches;
if (app || isInstalled) addEventListener("load", () => navigator.serviceWorker?.register("/worker.js").catch(() => {}), { once: true });

/* Fields that show or hide a password. */
for (const eye of document.querySelectorAll("[data-reveal]")) {
  eye.hidden = false;
  eye.addEventListener("click", () => {
    const field = document.getElementById(eye.dataset.reveal);
    const shown = field.type === "text";
    field.type = shown ? "password" : "text";
    eye.setAttribute("aria-pressed", String(!shown));
  });
}
