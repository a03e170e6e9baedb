/* What happens elsewhere to a conversation that is open: its answers come in at their place, what has left goes, marks
   follow. Nobody's reading is moved by that: text stays where it is on the screen, frames are never touched, and what the
   reader has opened stays open. One question to the server for what concerns this conversation, none for anything else.
   Loaded with the first thing that happens (heron/mail/cards). */

import { bodyCame, isAwaited, letGo, seeAll, watch } from "heron/mail/unseen";

/** Several changes that come together are one question. */
const GATHER_MILLISECONDS = 250;
/** What surrounds the messages. It speaks of the newest, so it waits until that has been seen. */
const AROUND = ["#readform", "#readmeta", ".conv > .more", ".conv > .reply", ".dock", "#more-read"];

/** What this uses of the page's own modules. */
let page;
let gathering = null;
let working = Promise.resolve();

/** An event of the stream, while a conversation is open. */
export function hear(event, handed) {
  page = handed;
  const pane = page.reading();
  if (event.kind === "message") arrived(pane, event.message);
  else if (pane && concerns(event, pane)) gathering ??= setTimeout(look, GATHER_MILLISECONDS);
}

/** What this page has marked as read itself it knows, unless something is waiting to be read. */
function concerns({ kind, threads, by }, pane) {
  if (kind !== "folder") return kind === "resync" || kind === "acted";
  return (by !== page.pageName || isAwaited(pane)) && (!threads || threads.includes(Number(pane.dataset.thread)));
}

/** A body has arrived: its card takes it in, if it waits for it. That reads nothing. */
function arrived(pane, messageId) {
  const card = pane?.querySelector(`[data-waiting="${messageId}"]`)?.closest(".msg");
  if (isAwaited(card)) bodyCame(card);
  else if (card) keepStill(pane, () => page.reload(card, null, true).catch(() => {}));
}

/** Nobody looks at a tab that is hidden: it asks when it is not any more. */
function look() {
  if (document.hidden) return document.addEventListener("visibilitychange", look, { once: true });
  gathering = null;
  working = working.then(ask).catch(() => {}); // without a connection: once there is one, all is told anew
  return working;
}

async function ask() {
  await page.atRest();
  const told = page.settled();
  await told;
  const pane = page.reading();
  if (!pane) return;
  const newest = Math.max(...[...pane.querySelectorAll(".msg")].map((card) => Number(card.dataset.message)));
  let fresh;
  try {
    fresh = await read(location.href, newest);
  } catch (error) {
    if (error.status === 404 && !(await rejoin(pane, newest))) gone(pane, error.message);
    return;
  }
  if (told !== page.settled()) return ask(); // what was done meanwhile this answer may not know
  if (pane !== page.reading() || fresh?.dataset.thread !== pane.dataset.thread) return;
  if (pane.matches(".went")) page.open(location.href, { push: false }); // somebody has taken it back
  else follow(pane, fresh);
}

async function read(url, newest) {
  return (await page.part(url, "main", { rehearse: true, more: { "Heron-After": newest } })).getElementById("reading");
}

/** Its messages may have become part of another conversation, as by a letter that ties both: that one is shown here then.
    Returns whether it is. */
async function rejoin(pane, message) {
  const [, folder] = /^t(\d+)-/.exec(pane.dataset.row) ?? [];
  const alone = folder && await read(`/m/${message}/`, message).catch(() => null);
  if (!alone || alone.dataset.thread === pane.dataset.thread) return false;
  const url = `/f/${folder}/t/${alone.dataset.thread}/${location.search}`;
  const fresh = await read(url, message).catch(() => null);
  if (!fresh || pane !== page.reading()) return false;
  history.replaceState(history.state, "", url);
  for (const name of ["thread", "row"]) pane.dataset[name] = fresh.dataset[name];
  follow(pane, fresh);
  return true;
}

function follow(pane, fresh) {
  const cards = [...fresh.querySelectorAll(".msg")];
  const added = [];
  keepStill(pane, () => {
    takeAway(pane, fresh, cards);
    let before = null;
    for (const card of cards) {
      let here = document.getElementById(card.id);
      if (here) freshen(here, card);
      else {
        here = card;
        hold(card);
        if (before) before.after(card);
        else pane.querySelector(".msg")?.before(card) ?? pane.querySelector(".conv").append(card);
        added.push(card);
      }
      before = here;
    }
  });
  for (const card of added) {
    window.htmx?.process(card);
    page.adoptAll(card);
  }
  watch(page, pane, added.filter((card) => card.matches("[data-unread]")), () => surround(pane, fresh));
}

/** Pictures from outside tell their sender that somebody reads: this frame loads when its message is seen. */
function hold(card) {
  const frame = card.querySelector("iframe[data-frame]");
  if (!card.matches("[data-unread]") || !/\/body\/pictures/.test(frame?.getAttribute("src"))) return;
  frame.dataset.held = frame.getAttribute("src");
  frame.removeAttribute("src");
  delete frame.dataset.frame;
}

/* --- what stands here already ------------------------------------------------------------------ */

function freshen(card, fresh) {
  delete card.dataset.acted; // it was moved, and is shown from where it lies now
  const verb = fresh.querySelector(".line .flag") ? "unflag" : "flag";
  card.dataset.names = fresh.dataset.names;
  card.toggleAttribute("data-unread", fresh.matches("[data-unread]"));
  card.classList.toggle("unread", fresh.matches("[data-unread]"));
  if (!fresh.matches("[data-unread]")) letGo(card);
  liken(card.querySelector(".line"), fresh.querySelector(".line"));
  const form = card.querySelector("form[data-names]");
  if (!form) return;
  form.dataset.names = fresh.dataset.names;
  for (const field of form.querySelectorAll("[name=on]")) field.remove();
  form.append(...fresh.dataset.names.split(" ").map((value) => Object.assign(document.createElement("input"), { type: "hidden", name: "on", value })));
  const button = form.querySelector("[value=flag], [value=unflag]");
  button.value = verb;
  button.lastChild.data = page.words(verb);
}

/** What is not there any more goes, but not from under the eyes: an open message in view stays to be read. */
function takeAway(pane, fresh, cards) {
  const known = new Set(cards.map((card) => card.id));
  const first = document.getElementById(cards.find((card) => document.getElementById(card.id))?.id);
  const isCut = Boolean(fresh.querySelector(".conv > .more"));
  for (const card of pane.querySelectorAll(".msg:not(.went)")) {
    if (known.has(card.id)) continue;
    // Of a long conversation the newest are shown: the oldest here makes room, unless it is in the middle of being read.
    const isOld = isCut && first && card.compareDocumentPosition(first) & Node.DOCUMENT_POSITION_FOLLOWING;
    const isRead = !card.matches(".closed, [data-draft]") && isInView(pane, card);
    if (isOld && isRead) continue;
    letGo(card);
    if (isRead && !("acted" in card.dataset)) leave(card);
    else remove(card);
  }
}

function leave(card) {
  card.classList.add("went");
  card.dataset.names = "";
  for (const menu of card.querySelectorAll(".menu")) menu.remove();
  for (const control of card.querySelectorAll(".head > .ib")) control.remove();
  card.querySelector(".head").after(note());
}

/** Returns which message takes its place: the next, else the one before. */
function remove(card, hadFocus = card.contains(document.activeElement)) {
  const next = card.nextElementSibling?.matches(".msg") ? card.nextElementSibling : card.previousElementSibling;
  card.remove();
  if (hadFocus) (next?.querySelector(".msg.closed > .line, .head > button") ?? document.getElementById("subject")).focus({ preventScroll: true });
  return next;
}

/** What the reader takes away goes from under their eyes too, and the rest stays. Returns how to put it back. */
export function withdraw(card, handed) {
  page = handed;
  const pane = page.reading();
  const isAlone = ![...pane.querySelectorAll(".msg")].some((one) => one !== card && isInView(pane, one));
  const earlier = [];
  for (let one = card.previousElementSibling; one; one = one.previousElementSibling) earlier.push(one);
  letGo(card);
  keepStill(pane, () => {
    const next = remove(card, card.contains(document.activeElement) || document.activeElement === document.body);
    if (isAlone) next?.scrollIntoView({ block: "start" });
  });
  return () => {
    if (pane !== page.reading() || document.getElementById(card.id)) return;
    const isOpen = !card.matches(".closed");
    delete card.dataset.acted;
    card.classList.add("closed");
    card.querySelector(".full")?.remove(); // a frame that was taken out has lost what it showed
    keepStill(pane, () => earlier.find((one) => one.isConnected).after(card));
    if (isOpen) page.settled().then(() => keepStill(pane, () => page.reload(card, null, true).catch(() => {})));
  };
}

/** All of it has gone, and is said to have: its text can still be read, its buttons would do nothing. */
function gone(pane, text) {
  if (pane !== page.reading() || pane.matches(".went")) return;
  keepStill(pane, () => {
    pane.classList.add("went");
    pane.dataset.names = "";
    for (const one of pane.querySelectorAll("#readform :is([name=do], [popovertarget], [name=on], .sep), .subject > .ib, .reply, .dock, .menu, .head > .ib")) one.remove();
    pane.querySelector("#readform").after(note(text));
  });
  seeAll();
  page.say(text);
}

function note(text = page.words("gone")) {
  const bar = document.createElement("div");
  bar.className = "note warn";
  bar.setAttribute("role", "note");
  const said = document.createElement("span");
  said.className = "grow";
  said.textContent = text;
  bar.append(page.icon("circle-alert", "i i-s"), said);
  return bar;
}

function surround(pane, fresh) {
  if (pane !== page.reading() || pane.matches(".went")) return;
  const names = pane.dataset.names.split(" ");
  const hasMoved = !fresh.dataset.names.split(" ").some((name) => names.includes(name));
  for (const name of ["names", "labels", "newest"]) pane.dataset[name] = fresh.dataset[name];
  keepStill(pane, () => {
    for (const name of AROUND) {
      const [old, now] = [pane.querySelector(name), fresh.querySelector(name)];
      if (old && now) liken(old, now);
      else if (old) old.remove();
      else if (now) pane.querySelector(name === ".dock" ? ".arrivals" : ".conv").append(now);
    }
  });
  if (hasMoved) page.say(pane.querySelector("#readmeta").textContent);
}

/* --- without moving anything -------------------------------------------------------------------- */

function isInView(pane, card) {
  const view = pane.querySelector("#readscroll").getBoundingClientRect();
  const place = card.getBoundingClientRect();
  return place.bottom > view.top && place.top < view.bottom;
}

/** What is read stays where it is on the screen, whatever comes or goes above it, at once or by a promise. */
function keepStill(pane, change) {
  const scroller = pane.querySelector("#readscroll");
  const places = [...pane.querySelectorAll(".msg")].filter((card) => isInView(pane, card)).map((card) => [card.id, card.getBoundingClientRect().top]);
  const settle = () => {
    const [id, top] = places.find(([one]) => document.getElementById(one)) ?? [];
    if (id) scroller.scrollTop += document.getElementById(id).getBoundingClientRect().top - top;
  };
  const changing = change();
  if (changing) changing.then(settle);
  else settle();
}

/** Makes an element say what a fresh one says, in place: what has the focus keeps it, an open menu stays open. */
function liken(old, fresh) {
  if (old.isEqualNode(fresh)) return;
  if (old.nodeType === Node.TEXT_NODE) {
    old.data = fresh.data;
    return;
  }
  for (const name of new Set([...old.getAttributeNames(), ...fresh.getAttributeNames()])) {
    if (name === "style") continue; // where a menu stands
    if (fresh.hasAttribute(name)) old.setAttribute(name, fresh.getAttribute(name));
    else old.removeAttribute(name);
  }
  const [here, there] = [[...old.childNodes], [...fresh.childNodes]];
  if (here.map((one) => one.nodeName).join() === there.map((one) => one.nodeName).join()) here.forEach((one, at) => liken(one, there[at]));
  else old.replaceChildren(...there);
}
