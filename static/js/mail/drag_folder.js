/* Folders are dragged onto folders of their account, or onto the heading above them. The equal way without a pointer is
   the place on the folder's own page, behind its three dots. */

import { toast } from "heron/shell";
import { offerBack } from "heron/mail/act";
import { point } from "heron/mail/drag";
import { fragment, send } from "heron/mail/request";

/** The folder that is under way. */
let carried = null;

/** Where it may be dropped: the server says no to its own subfolders, in words. */
function placeOf(event) {
  const place = carried && event.target.closest?.("#tree a[data-folder], #tree summary, #tree h2[data-account]");
  if (!place || place === carried) return null;
  return accountOf(place) === accountOf(carried) ? place : null;
}

const accountOf = (place) => place.closest("[data-account]").dataset.account;

document.getElementById("folders").addEventListener("dragstart", (event) => {
  carried = event.target.closest("#tree a[data-folder][data-role='']");
  if (carried) event.dataTransfer.effectAllowed = "move";
});

document.addEventListener("dragover", (event) => {
  if (!carried) return;
  const place = placeOf(event);
  point(place);
  if (place) event.preventDefault();
});

document.addEventListener("drop", (event) => {
  const place = placeOf(event);
  if (!place) return;
  event.preventDefault();
  const page = carried.parentElement.querySelector(".edit").getAttribute("href");
  // The column is drawn anew only where nobody is in it.
  carried.blur();
  finish();
  send(page, [["do", "move"], ["below", place.dataset.folder ?? `a${accountOf(place)}`]])
    .then((answer) => offerBack(fragment(answer).querySelector(".toast"), { back() {} }))
    .catch((error) => toast(error.message, { bad: true }));
});

document.addEventListener("dragend", finish);

function finish() {
  carried = null;
  point(null);
}
