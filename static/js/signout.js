/* Signing out: what waits goes first, and nothing of one person stays on the device for the next. The browser forgets
   only once the server has answered; without a connection both stay as they are, and it says so. */

import { replay } from "heron/replay";
import { toast } from "heron/shell";
import { waitingActs } from "heron/waiting";
import { counted, words } from "heron/words";

for (const form of document.querySelectorAll("form[action$='/logout/']")) {
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
  await replay();
  if (waitingActs().length) return toast(counted("sign_out_waiting", waitingActs().length), { bad: true });
  let answer;
  try {
    answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  } catch {
    return toast(words("sign_out_offline"), { bad: true });
  }
  if (!answer.ok) return form.submit(); // the server's own page says why
  await forget();
  location.assign(answer.url);
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
