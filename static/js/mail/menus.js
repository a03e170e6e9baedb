/* Menus: popovers that open at what called them, are walked with arrows, and hand their choice to an
   act. The move menu finds folders by name, those of the messages' own account first; the label menu
   shows what each message has. */

import { leftOf } from "heron/direction";
import { act, openNames, targets } from "heron/mail/act";
import { isEverything } from "heron/mail/everything";
import { clearSelection, rowNamed, rowOf, select, selection } from "heron/mail/rows";
import { reading } from "heron/mail/reader";
import { isPhone, isTouched } from "heron/phone";

/** What the open menu acts on, the one message of a conversation that it is about, and the element it hangs on. */
let about = [];
let card = null;
let caller = null;
/** Letters that follow each other so fast are one word (WAI-ARIA Authoring Practices, menu pattern). */
const TYPED_MILLISECONDS = 500;
let typed = "";
let typedUntil = 0;
/** The open menu that has its choices, its place and the focus. */
let ready = null;

/** Open the menu with this id at `at` (a row, a button, or a point of the screen). */
export function openMenu(id, at = null, names = targets(), verb = "", of = null) {
  const menu = document.getElementById(id);
  if (!menu || !names.length) return;
  menu.dataset.verb = verb;
  about = names;
  card = of;
  caller = at ?? document.activeElement;
  menu.showPopover();
  prepare(menu);
}

/** At once where it can be: what is typed right after the key that opened the menu belongs to it. */
function prepare(menu) {
  if (ready === menu) return;
  ready = menu;
  typedUntil = 0;
  if (menu.id === "move") prepareMove(menu);
  if (menu.id === "label") prepareLabels(menu);
  if (menu.id === "context") prepareContext(menu);
  if (!menu.matches(".of-me, [data-menu]")) place(menu);
  // Where there is no keyboard, a field with the focus brings up one that covers what is to be chosen from.
  const field = isTouched() ? null : menu.querySelector(".find input");
  (field ?? items(menu)[0])?.focus();
}

function place(menu) {
  if (isPhone() || !caller) return;
  const from = caller instanceof Element ? caller.getBoundingClientRect() : caller;
  const { width, height } = menu.getBoundingClientRect();
  const isRow = caller instanceof Element && caller.matches(".row, body");
  const left = leftOf(from, width, isRow ? Math.min(from.width / 3, 140) : 0);
  const below = (isRow ? from.top + 30 : from.bottom + 4);
  const top = below + height > innerHeight - 8 ? Math.max(8, (isRow ? innerHeight - height - 8 : from.top - height - 4)) : below;
  menu.style.inset = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px auto auto ${left}px`;
}

/** The message whose own menu or button this is, where its conversation has others. */
function cardOf(element) {
  const one = element.closest(".msg");
  return one && reading().querySelector(`.msg:not(.went, #${one.id})`) ? one : null;
}

const namesOf = (one) => one.dataset.names.split(" ").filter(Boolean);

document.addEventListener("click", (event) => {
  const opener = event.target.closest("[popovertarget]");
  if (opener) {
    caller = opener;
    const menu = document.getElementById(opener.getAttribute("popovertarget"));
    if (menu) menu.dataset.verb = "";
    card = cardOf(opener);
    about = card ? namesOf(card) : opener.dataset.for === "read" || opener.closest("#reading") ? openNames() : targets();
  }
}, true);

document.addEventListener("beforetoggle", (event) => {
  if (event.target === ready && event.newState !== "open") ready = null;
}, true);

document.addEventListener("toggle", (event) => {
  const menu = event.target;
  if (!menu.matches?.(".menu[popover]")) return;
  if (menu.matches(":popover-open")) {
    prepare(menu);
  } else if (menu.contains(document.activeElement) || document.activeElement === document.body) {
    (caller instanceof Element ? caller : null)?.focus?.({ preventScroll: true });
  }
}, true);

/* Back has led elsewhere: what the menu was about is out of sight. Android's own Back closes a menu and nothing else, as
   the HTML standard's close requests say; a swipe in an installed app on iOS does not. What has only just opened has
   not told of it yet (`toggle` comes later), so the page is asked. */
addEventListener("popstate", () => {
  for (const menu of document.querySelectorAll(".menu:popover-open")) menu.hidePopover();
});

const items = (menu) => [...menu.querySelectorAll("[role^=menuitem]")].filter((one) => one.offsetParent);

/** The folders of the accounts that the chosen messages belong to come first. */
function prepareMove(menu) {
  const accounts = new Set(about.map((name) => rowNamed(name)?.dataset.account ?? reading()?.dataset.account));
  const field = menu.querySelector("input");
  field.value = "";
  const groups = [...menu.querySelectorAll("[data-account]")];
  const near = groups.filter((group) => accounts.has(group.dataset.account));
  menu.querySelector(".choices").prepend(...near);
  narrow(menu, "");
}

/** What would change something of at least one that is chosen; all of it where they are not all at hand. */
function prepareContext(menu) {
  const rows = isEverything() ? [null] : about.map(rowNamed);
  for (const one of menu.querySelectorAll("[data-when]")) one.hidden = !rows.some((row) => !row || row.matches(one.dataset.when));
  menu.querySelector("[value=merge]").hidden = about.length < 2;
}

function narrow(menu, text) {
  const wanted = text.trim().toLowerCase();
  for (const button of menu.querySelectorAll(".choices [role^=menuitem]:not(#labelnew)")) {
    button.hidden = Boolean(wanted) && !button.textContent.toLowerCase().includes(wanted);
  }
}

/** Checked where all of the chosen have the label, mixed where some do. */
function prepareLabels(menu) {
  const has = about.map((name) => labelsOf(name));
  for (const button of menu.querySelectorAll("[role=menuitemcheckbox]")) {
    const count = has.filter((labels) => labels.includes(button.value.toLowerCase())).length;
    button.setAttribute("aria-checked", !count ? "false" : count === has.length ? "true" : "mixed");
  }
  menu.querySelector("input").value = "";
  narrow(menu, "");
  offerNew(menu, "");
}

function labelsOf(name) {
  const isOpen = name === reading()?.dataset.row || reading()?.dataset.names.split(" ").includes(name);
  const labels = isOpen ? reading().dataset.labels : rowNamed(name)?.dataset.labels;
  return (labels ?? "").toLowerCase().split(" ");
}

/** A name that no label has can become one. */
function offerNew(menu, text) {
  const wanted = text.trim();
  const known = [...menu.querySelectorAll("[role=menuitemcheckbox]")].map((one) => one.textContent.trim().toLowerCase());
  const button = document.getElementById("labelnew");
  button.hidden = !wanted || known.includes(wanted.toLowerCase());
  button.querySelector("b").textContent = wanted ? `“${wanted}”` : "";
}

for (const id of ["movefind", "labelfind"]) {
  document.getElementById(id)?.addEventListener("input", ({ target }) => {
    const menu = target.closest(".menu");
    narrow(menu, target.value);
    if (menu.id === "label") offerNew(menu, target.value);
  });
}

document.getElementById("labelnew")?.addEventListener("click", (event) => {
  const menu = event.target.closest(".menu");
  const named = menu.querySelector("input").value.trim();
  menu.hidePopover();
  act("label", about, { named });
});

/** What begins with these words, from the focused choice on; of one letter again and again the next. */
function goTo(words, all, at) {
  const isOne = [...words].every((letter) => letter === words[0]);
  const from = isOne ? at + 1 : Math.max(at, 0);
  const order = [...all.slice(from), ...all.slice(0, from)];
  order.find((one) => one.textContent.trim().toLowerCase().startsWith(isOne ? words[0] : words))?.focus();
}

document.addEventListener("keydown", (event) => {
  const menu = event.target.closest?.(".menu[popover]");
  if (!menu) return;
  const all = items(menu);
  const at = all.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? all.length - 1 : at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (to !== undefined && all.length && !(event.target.matches("input") && ["Home", "End"].includes(event.key))) {
    all[(to + all.length) % all.length].focus();
    event.preventDefault();
  } else if (event.key === "Enter" && event.target.matches("input")) {
    all[0]?.click();
    event.preventDefault();
  } else if (event.key === "Tab") {
    menu.hidePopover();
  } else if (event.key.length === 1 && !event.target.matches("input") && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const isGoingOn = performance.now() < typedUntil;
    if (event.key === " " && !isGoingOn) return; // it chooses
    event.preventDefault();
    typed = (isGoingOn ? typed : "") + event.key.toLowerCase();
    typedUntil = performance.now() + TYPED_MILLISECONDS;
    goTo(typed, all, at);
  }
});

/* Choices of menus and buttons of bars are form buttons: here they become acts without a page load. */
document.addEventListener("click", (event) => {
  const other = event.target.closest("[data-opens]");
  if (other) {
    const [names, of] = [about, card];
    other.closest("[popover]")?.hidePopover();
    openMenu(other.dataset.opens, caller, names, other.dataset.verb ?? "", of);
    return;
  }
  const button = event.target.closest("button[name=do], button[name=one], button[name=move], button[name=snooze], [role=menuitemcheckbox]");
  if (!button || !(button.closest("#summary") || button.form?.getAttribute("action") === "/act/")) return;
  const menu = button.closest("[popover]");
  event.preventDefault();
  const inReader = button.closest("#readform, #reading, #main");
  const names = menu ? (card ? namesOf(card) : about) : inReader && !button.closest("#summary") ? openNames() : targets();
  menu?.hidePopover();
  if (button.name === "one") {
    const [verb, name] = button.value.split(" ");
    act(verb, [name]);
  } else if (button.matches("[role=menuitemcheckbox]")) {
    act(button.getAttribute("aria-checked") === "true" ? "unlabel" : "label", names, { keyword: button.value });
  } else if (button.name === "move") {
    act(menu?.dataset.verb || "move", names, { folder: button.value }, menu && card);
  } else if (button.name === "snooze") {
    act("snooze", names, { snooze: button.value, until: document.getElementById("snoozeat").value });
  } else {
    act(button.value, names, {}, menu && card);
  }
});

/* A link of a menu goes its way, and the menu goes too. */
document.addEventListener("click", (event) => {
  event.target.closest(".menu[popover] a[role=menuitem]")?.closest("[popover]").hidePopover();
});

document.addEventListener("submit", (event) => {
  if (event.target.matches("#listform, #readform")) event.preventDefault();
});

document.getElementById("list").addEventListener("contextmenu", (event) => {
  const row = rowOf(event.target);
  if (!row || event.shiftKey) return;
  event.preventDefault();
  if (event.pointerType === "touch") return; // a long press selects (heron/mail/swipe); the menu is above the list
  if (!selection().includes(row.id)) {
    clearSelection();
    select(row, true);
  }
  openMenu("context", new DOMRect(event.clientX, event.clientY, 0, 0), selection());
});
