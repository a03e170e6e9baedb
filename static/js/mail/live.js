/* Live: new mail and changed marks appear by themselves. One tab of a browser holds the event stream
   (Web Locks) and tells the others (BroadcastChannel); without a stream each tab asks once a minute. */

import { say, toast } from "heron/shell";
import { part } from "heron/mail/request";
import { counted, words } from "heron/words";
import { isOffline, offlineWords, replay } from "heron/mail/offline";
import { folderCounted, startNotifying } from "heron/mail/notify";
import { atRest } from "heron/mail/reader";
import { refreshTop } from "heron/mail/refresh";
import { scroller, selection } from "heron/mail/rows";
import { waitingActs } from "heron/waiting";

const POLL_MILLISECONDS = 60_000;
/** What had to be taken back is read, not glanced at. */
const NOTICE_MILLISECONDS = 20_000;
/** Several changes that come together are one refresh. */
const GATHER_MILLISECONDS = 250;
const channel = new BroadcastChannel("heron-live");
const list = document.getElementById("list");

let lastHeard = 0;
/** Until when this page knows all that was told, in the server's milliseconds: what comes later is asked of a stream. */
let toldUntil = Number(document.querySelector("main").dataset.made) || 0;
let gathering = null;
let isOwed = false;
let isOver = false;
let holdsStream = false;

/* --- hearing --------------------------------------------------------------------------------- */

function hear(event) {
  lastHeard = Date.now();
  toldUntil = Math.max(toldUntil, event.at ?? 0);
  document.dispatchEvent(new CustomEvent("heron:event", { detail: event }));
  switch (event.kind) {
    case "folder":
      folderCounted(event, holdsStream);
      return folderChanged(event);
    case "notice": return notice(event.text);
    case "account":
    case "resync": return catchUp();
    case "signed_out": return document.body.hasAttribute("data-leaving") || location.reload(); // elsewhere, not here
    default: return undefined;
  }
}

channel.addEventListener("message", ({ data }) => hear(data));

/** Something the reader did could not be done after all, and why: said where the reader is looking. */
function notice(text) {
  if (document.hidden) document.addEventListener("visibilitychange", () => notice(text), { once: true });
  else toast(text, { bad: true, milliseconds: NOTICE_MILLISECONDS });
}

/** The tab that gets the lock opens the stream; when it closes, the next in line takes over. */
function stream() {
  if (!navigator.locks) return listen();
  return navigator.locks.request("heron-live", () => listen());
}

function listen() {
  return new Promise((done) => {
    let opened = false;
    const source = new EventSource(`/events?since=${toldUntil}`);
    source.addEventListener("open", () => {
      holdsStream = true;
      if (opened) hear({ kind: "resync" });
      opened = true;
    });
    source.addEventListener("message", ({ data }) => {
      const event = JSON.parse(data);
      lastHeard = Date.now();
      if (event.kind === "hello") return;
      channel.postMessage(event);
      hear(event);
      if (event.kind === "signed_out" || event.kind === "busy") source.close();
    });
    source.addEventListener("error", () => {
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(() => done(), POLL_MILLISECONDS);
    });
    addEventListener("pagehide", () => { source.close(); done(); }, { once: true });
    addEventListener("pageshow", (event) => { if (event.persisted) stream(); }, { once: true });
  }).then(() => { holdsStream = false; }).then(() => (document.hidden ? undefined : stream()));
}

/** Without news for a minute, look. The stream's heartbeat is silent, so this is one small request. */
setInterval(() => {
  if (!document.hidden && Date.now() - lastHeard > POLL_MILLISECONDS) catchUp();
}, POLL_MILLISECONDS);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden && Date.now() - lastHeard > POLL_MILLISECONDS) catchUp();
});
addEventListener("online", () => replay().finally(catchUp));
/* Labels and their counts stand in the column. */
document.addEventListener("heron:acted", ({ detail: { verb } }) => {
  if (verb === "label" || verb === "unlabel") catchUp();
});

/* --- counts ---------------------------------------------------------------------------------- */

const form = () => document.getElementById("listform");
const shownFolders = () => form().dataset.folders.split(" ").filter(Boolean);

function folderChanged({ folder, unread, total }) {
  const item = document.querySelector(`#tree a[data-folder="${folder}"]`);
  if (item && item.dataset.role !== "drafts") setCount(item, unread);
  else if (item) setCount(item, total, false);
  sumUp();
  if (!shownFolders().includes(String(folder))) return;
  showTotals(folder, unread, total);
  gatherRefresh();
}

const SILENT = new Set(["sent", "trash", "archive", "all"]);

function setCount(item, count, strong = item.dataset.role !== "junk") {
  const shown = SILENT.has(item.dataset.role) ? 0 : count;
  const unread = Object.assign(document.createElement("span"), { className: "vh", textContent: ` ${words("unread_said")}` });
  item.querySelector(".cnt").replaceChildren(shown ? String(shown) : "", strong && shown ? unread : "");
  item.classList.toggle("has", strong && shown > 0);
}

/** Accounts and "All inboxes" add up their inboxes; the title and the icon show the sum. */
function sumUp() {
  let sum = 0;
  for (const item of document.querySelectorAll('#tree a[data-role="inbox"]')) {
    const count = Number(item.querySelector(".cnt").textContent.replace(/\D/g, "")) || 0;
    sum += count;
    const account = item.closest("details")?.querySelector("[data-account-unread]");
    if (account) account.textContent = count || "";
    account?.closest("summary").classList.toggle("has", count > 0);
  }
  const all = document.querySelector('#tree a[data-key="all"]');
  if (all) setCount(all, sum);
  badge(sum);
}

function showTotals(folder, unread, total) {
  if (form().dataset.kind !== "folder") return;
  const mark = document.getElementById("unreadbadge");
  if (mark) {
    mark.textContent = unread.toLocaleString();
    mark.hidden = !unread;
  }
  const label = document.querySelector("#listtitle [data-total]");
  if (label) label.textContent = counted("messages", total);
}

let badged = -1;

function badge(unread) {
  if (unread === badged) return;
  badged = unread;
  navigator.setAppBadge?.(unread).catch(() => {}); // the icon of an installed Heron; nought takes the badge away
  const plain = document.title.replace(/^\(\d+\+?\) /, "");
  document.title = unread ? `(${unread > 999 ? "999+" : unread}) ${plain}` : plain;
  const icon = document.querySelector("link[rel=icon]");
  icon.dataset.plain ??= icon.href;
  if (!unread) {
    icon.href = icon.dataset.plain;
    return;
  }
  icon.href = dotted();
}

/** Heron's icon with a dot: drawn here, as the picture of an unread count would be too small to read. */
function dotted() {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 64;
  const pen = canvas.getContext("2d");
  pen.fillStyle = "#0b5cc4";
  pen.beginPath();
  pen.roundRect(0, 4, 60, 60, 15);
  pen.fill();
  pen.strokeStyle = "#ffffff";
  pen.lineWidth = 5;
  pen.lineCap = "round";
  for (const [at, alpha] of [[20, 1], [33, 0.7]]) {
    pen.globalAlpha = alpha;
    pen.beginPath();
    pen.moveTo(12, at);
    pen.lineTo(30, at + 14);
    pen.lineTo(48, at);
    pen.stroke();
  }
  pen.globalAlpha = 1;
  pen.fillStyle = "#e5484d";
  pen.beginPath();
  pen.arc(49, 15, 14, 0, 7);
  pen.fill();
  return canvas.toDataURL("image/png");
}

/* The title changes with what is open: the count stays in front. */
new MutationObserver(() => {
  if (badged > 0 && !document.title.startsWith("(")) {
    const count = badged;
    badged = -1;
    badge(count);
  }
}).observe(document.querySelector("title"), { childList: true });

/* --- the list -------------------------------------------------------------------------------- */

list.addEventListener("pointerenter", () => { isOver = true; });
list.addEventListener("pointerleave", () => {
  isOver = false;
  if (isOwed && mayMove()) settle();
});

/** Whether rows may move: not under the pointer, not while somebody reads further down or selects. */
function mayMove() {
  return !isOver && scroller().scrollTop < 8 && !selection().length;
}

function gatherRefresh() {
  clearTimeout(gathering);
  gathering = setTimeout(() => refresh().catch(() => {}), GATHER_MILLISECONDS);
}

async function refresh() {
  await atRest();
  const move = mayMove();
  const added = await refreshTop({ move });
  if (added) say(counted("new", added));
  isOwed = !move;
  if (move) hidePill();
  else if (added) showPill(added);
}

function showPill(count) {
  const pill = document.getElementById("newpill");
  pill.querySelector("span").textContent = counted("new", count);
  pill.hidden = false;
}

function hidePill() {
  const pill = document.getElementById("newpill");
  if (pill) pill.hidden = true;
}

/** Rows come and go that had to wait. */
async function settle() {
  isOwed = false;
  hidePill();
  await refreshTop({ move: true }).catch(() => {});
}

list.addEventListener("click", (event) => {
  if (!event.target.closest("#newpill")) return;
  scroller().scrollTop = 0;
  settle();
});

/** Everything at once: after a reconnection, a resync, or a minute without news. */
async function catchUp() {
  lastHeard = Date.now();
  try {
    const at = form().dataset.kind === "folder" ? `?at=${shownFolders()[0]}` : "";
    const column = await part(`/tree/${at}`, "folders");
    offerLabels(column);
    const fresh = column.getElementById("tree");
    const tree = document.getElementById("tree");
    if (fresh && tree) {
      const top = tree.scrollTop;
      const open = new Set([...tree.querySelectorAll("details[open]")].map((one) => one.dataset.account));
      for (const one of fresh.querySelectorAll("details")) one.open = open.has(one.dataset.account);
      showHealth(fresh.dataset.health, fresh.dataset.healthLabel, fresh.dataset.healthText);
      if (!tree.contains(document.activeElement)) {
        const current = tree.querySelector("[aria-current]")?.getAttribute("href");
        tree.replaceChildren(...fresh.childNodes);
        if (current) tree.querySelector(`a[href="${CSS.escape(current)}"]`)?.setAttribute("aria-current", "page");
        tree.scrollTop = top;
      }
    }
    sumUp();
    await refresh();
  } catch {
    // Offline: the next look, or the browser coming back online, tries again.
  }
}

/** A label that is new, here or elsewhere, can be given from now on. */
function offerLabels(column) {
  const fresh = column.querySelector("template[data-labels]")?.content.firstElementChild;
  const menu = document.querySelector("#label .choices");
  if (!fresh || !menu || document.getElementById("label").matches(":popover-open")) return;
  for (const old of menu.querySelectorAll("[role=menuitemcheckbox]")) old.remove();
  menu.prepend(...fresh.childNodes);
}

/** The top bar's word on all accounts, or on the browser's own connection. */
function showHealth(kind, label, text = "") {
  const line = document.getElementById("syncstate");
  if (!line || label === undefined) return;
  line.className = `sync ${kind}`;
  line.textContent = label;
  line.title = text;
}

addEventListener("offline", () => showHealth("offline", offlineWords()));
document.addEventListener("heron:waiting", () => { if (isOffline()) showHealth("offline", offlineWords()); });
document.addEventListener("heron:list", () => hidePill());

export function start() {
  sumUp();
  startNotifying();
  stream();
  if (isOffline()) showHealth("offline", offlineWords());
  else if (waitingActs().length) replay().finally(catchUp); // the rows were made before, and the stream may begin after
}
