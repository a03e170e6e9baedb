/* New mail is told on the desktop, where the reader has asked for it on this device, and only while the page is out
   of sight. The tab that holds the event stream speaks for all. */

import { toast } from "heron/shell";
import { part } from "heron/mail/request";
import { counted, words } from "heron/words";
import { openList } from "heron/mail/reader";

const KEY = "heron.notify";
const button = document.getElementById("notify");
const known = new Map();

const isWanted = () => localStorage.getItem(KEY) === "on" && window.Notification?.permission === "granted";

function show() {
  button.setAttribute("aria-checked", String(isWanted()));
}

if (button && "Notification" in window) {
  button.hidden = false;
  show();
  button.addEventListener("click", async () => {
    if (isWanted()) localStorage.removeItem(KEY);
    else if ((await Notification.requestPermission()) === "granted") localStorage.setItem(KEY, "on");
    else toast(words("notify_denied"), { bad: true });
    show();
  });
}

const inboxes = () => [...document.querySelectorAll('#tree a[data-role="inbox"]')];

/** What the inboxes count now is no news. */
export function startNotifying() {
  for (const item of inboxes()) known.set(Number(item.dataset.folder), countOf(item));
}

function countOf(item) {
  return Number(item.querySelector(".cnt").textContent.replace(/\D/g, "")) || 0;
}

/** A folder has changed; `speaks` is true in the one tab that tells. */
export function folderCounted({ folder, unread }, speaks) {
  if (!known.has(folder)) return;
  const added = unread - known.get(folder);
  known.set(folder, unread);
  if (added > 0 && speaks && document.hidden && isWanted()) tell(folder, added).catch(() => {});
}

/** Who writes, and about what: read when it is told, as events carry numbers only. */
async function tell(folder, added) {
  const url = `/f/${folder}/?show=unread&limit=1`;
  const row = (await part(url, "rows")).querySelector(".row");
  const who = row?.querySelector(".from")?.firstChild.textContent.trim();
  const title = added === 1 && who ? who : counted("new", added);
  const told = new Notification(title, { body: row?.querySelector(".subj").textContent ?? "", tag: `heron-${folder}` });
  told.addEventListener("click", () => {
    window.focus();
    told.close();
    openList(`/f/${folder}/`);
  });
}
