/* The messages of an open conversation: older ones unfold and fold, a body that was still on its way
   comes in when it has arrived, the reading pane sums up a selection. */

import { pageName, part, send, settled } from "heron/mail/request";
import { adoptAll, makeFrame } from "heron/mail/frame";
import { chosenWords, currentName, selection } from "heron/mail/rows";
import { atRest, open, reading } from "heron/mail/reader";
import { isPhone } from "heron/phone";
import { say, toast } from "heron/shell";
import { icon } from "heron/icons";
import { counted, words } from "heron/words";

const main = document.getElementById("main");

main.addEventListener("click", (event) => {
  const line = event.target.closest("[data-unfold]");
  if (line && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    unfold(line.closest(".msg"), line.href);
    return;
  }
  const head = event.target.closest(".mh.head");
  const isControl = event.target.closest("a, button, summary, dl");
  if (head && !isControl && main.querySelectorAll(".msg").length > 1) fold(head.closest(".msg"));
});

/* A message attached to a message opens below the files, in a frame like that of a body; a second click closes it. */
main.addEventListener("click", (event) => {
  const tile = event.target.closest("[data-nested]");
  if (!tile || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const files = tile.closest(".files");
  const standing = [...files.parentElement.querySelectorAll(".nested iframe")].find((frame) => frame.src === tile.href);
  tile.setAttribute("aria-expanded", String(!standing));
  if (standing) {
    standing.parentElement.remove();
    return;
  }
  const place = document.createElement("div");
  place.className = "framed nested";
  const frame = makeFrame(tile.href);
  frame.dataset.frame = "";
  frame.title = tile.dataset.nested;
  place.append(frame);
  files.after(place);
  adoptAll(place);
});

async function unfold(card, href) {
  if (!card.querySelector(".full")) {
    try {
      await reload(card, href);
    } catch (error) {
      toast(error.message, { bad: true });
      return;
    }
    card = document.getElementById(card.id);
  }
  card.classList.remove("closed");
  card.querySelector(".head > button")?.focus({ preventScroll: true });
}

function fold(card) {
  card.classList.add("closed");
  card.querySelector("[data-unfold]").focus({ preventScroll: true });
}

/** The card as it is by now. One that is on its way to be read is so by that. */
async function reload(card, href, rehearse) {
  const url = new URL(href ?? location.href, location.href);
  url.hash = "";
  const more = { "Heron-Card": card.dataset.message };
  const fresh = (await part(url, "main", { rehearse, more })).getElementById(card.id);
  if (!fresh || !card.isConnected) return;
  card.replaceWith(fresh);
  window.htmx?.process(fresh);
  adoptAll(fresh);
}

/* What happens elsewhere to an open conversation, in a module that is loaded with the first of it. */
const page = { adoptAll, atRest, counted, icon, isPhone, open, pageName, part, reading, reload, say, send, settled, words };

function meanwhile(event) {
  if (reading()) import("heron/mail/meanwhile").then(({ hear }) => hear(event, page)).catch(() => {});
}

document.addEventListener("heron:event", ({ detail }) => meanwhile(detail));
document.addEventListener("heron:acted", ({ detail: { verb, card } }) => { if (card || /label/.test(verb)) meanwhile({ kind: "acted" }); });

/** Takes this message out of the open conversation, which stays. Returns how to put it back. */
export function withdraw(card) {
  const taken = import("heron/mail/meanwhile").then((here) => here.withdraw(card, page)).catch(() => () => {});
  return { back: () => taken.then((back) => back()) };
}

/** The newest open message comes into view under the subject. */
function scrollToOpen() {
  const cards = [...main.querySelectorAll(".msg")];
  const first = cards.find((card) => !card.classList.contains("closed"));
  if (!first || cards.indexOf(first) < 3) return;
  document.getElementById("readscroll").scrollTop = first.offsetTop - 60;
}

/** Which conversation was open, or on its way, when the selection was summed up last: that one does not take the place. */
let summedOver;

document.addEventListener("heron:opened", () => {
  adoptAll(main);
  scrollToOpen();
  if (currentName() === summedOver) sumUp();
});

document.addEventListener("heron:selection", sumUp);

function sumUp() {
  document.getElementById("summary")?.remove();
  const chosen = selection().length;
  const sums = chosen > 1 && !isPhone();
  summedOver = sums ? currentName() : undefined;
  reading()?.toggleAttribute("hidden", sums);
  main.querySelector(":scope > .empty")?.toggleAttribute("hidden", sums);
  if (!sums) return;
  const pane = document.getElementById("summing").content.cloneNode(true);
  pane.querySelector("h2").textContent = chosenWords(chosen);
  main.append(pane);
}
