/* The page that stands in for one that could not be reached: it says what waits, and goes on by itself. */

import { counted } from "heron/words";
import { waitingActs } from "heron/waiting";

const ASK_AGAIN_MILLISECONDS = 5000;

const waiting = document.getElementById("waiting");
const count = waitingActs().length;
if (waiting && count) {
  waiting.hidden = false;
  waiting.textContent = counted("offline_waiting", count);
}

/** The address in the bar is still that of the page that was wanted. */
async function goOn() {
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    if (answer.ok) location.reload();
  } catch {
    // Still away: asked again soon.
  }
}

addEventListener("online", goOn);
setInterval(goOn, ASK_AGAIN_MILLISECONDS);
