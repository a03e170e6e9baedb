/* Signing out: what was written and what waits goes first, and nothing of one person stays on the device for the next.
   The browser forgets only once the server has answered; without a connection all stays as it is, and it says so. */

import { localCopies, sendCopy } from "heron/compose/local";
import { replay } from "heron/replay";
import { toast } from "heron/shell";
import { waitingActs } from "heron/waiting";
import { counted, words } from "heron/words";

for (const form of document.querySelectorAll("form[data-signed-out]")) {
  let isUnderWay = false;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (isUnderWay) return;
    isUnderWay = true;
    await signOut(form);
    isUnderWay = false;
  });
}

async function signOut(form) {
  const unsaved = await saveDrafts(form);
  if (unsaved) return toast(counted("sign_out_unsaved", unsaved), { bad: true });
  await replay();
  if (waitingActs().length) return toast(counted("sign_out_waiting", waitingActs().length), { bad: true });
  let answer;
  // The page hears that the session has ended, too: it is on its way already.
  document.body.toggleAttribute("data-leaving", true);
  try {
    // Not followed: what the next page has to say is for the one that is looked at.
    answer = await fetch(form.action, {
      method: "POST", body: new URLSearchParams(new FormData(form)), redirect: "manual",
    });
  } catch {
    document.body.removeAttribute("data-leaving");
    return toast(words("sign_out_offline"), { bad: true });
  }
  if (answer.type !== "opaqueredirect") return form.submit(); // the server's own page says why
  await forget();
  location.assign(form.dataset.signedOut);
}

/** What open windows hold, then what this device kept of closed ones; resolves to how many the server did not take. */
async function saveDrafts(form) {
  const saves = [];
  document.dispatchEvent(new CustomEvent("heron:leaving", { detail: { saves } }));
  const open = (await Promise.all(saves)).filter((saved) => !saved).length;
  if (open) return open;
  const token = form.elements.namedItem("csrfmiddlewaretoken").value;
  const kept = await Promise.all(localCopies().map(([id, copy]) => sendCopy(id, copy, token, { both: true })));
  return kept.filter((saved) => !saved).length;
}

/** Clear-Site-Data, which comes with the answer, says the same to browsers that know it. */
async function forget() {
  try {
    localStorage.clear();
    for (const name of (await globalThis.caches?.keys()) ?? []) await caches.delete(name);
    for (const worker of (await navigator.serviceWorker?.getRegistrations()) ?? []) await worker.unregister();
  } catch {
    // The browser forbids storage: then nothing is kept either.
  }
}
