/* A copy of each draft on this device, from the first key until the server has it; and how a copy whose window was
   closed without a connection gets there after all. */

const NAME = "heron-draft-";
const WEEK = 7 * 24 * 3600 * 1000;

/** Shortly after a change, unless the words have reached the server by then (`wanted` says no). */
export function keepLocally(composition, wanted) {
  clearTimeout(composition.localTimer);
  composition.localTimer = setTimeout(() => { if (!composition.closed && wanted()) keepNow(composition); }, 400);
}

/** At once: the window, or the page, may be gone in the next moment. */
export function keepNow(composition) {
  clearTimeout(composition.localTimer);
  const fields = {};
  for (const [name, value] of composition.data()) {
    if (typeof value === "string" && name !== "csrfmiddlewaretoken" && name !== "sure") fields[name] = value;
  }
  try {
    localStorage.setItem(NAME + composition.id, JSON.stringify({ at: Date.now(), fields }));
  } catch {
    // Storage is full or forbidden: the server's copy is then the only one.
  }
}

export function forgetLocally(id) {
  try {
    localStorage.removeItem(NAME + id);
  } catch {
    // Forbidden: then there is nothing to remove.
  }
}

/** All of them as [id of the draft, copy]. */
export function localCopies() {
  try {
    const names = Object.keys(localStorage).filter((name) => name.startsWith(NAME));
    return names.map((name) => name.slice(NAME.length)).map((id) => [id, localCopy(id)]).filter(([, copy]) => copy);
  } catch {
    return []; // Forbidden: then nothing is kept here.
  }
}

/** Saves a copy; resolves to whether its words are on the server. `both`: they become a draft of their own where
    another window was faster; else that is left to be asked about once the draft is open. */
export async function sendCopy(id, { fields }, token, { both = false } = {}) {
  const send = (verb) => fetch(`/d/${id}/${verb}`, {
    method: "POST", body: new URLSearchParams(fields), headers: { Accept: "application/json", "X-CSRFToken": token },
  });
  try {
    let answer = await send("save");
    // Sent or discarded elsewhere since: what is not in that becomes a draft of its own, too.
    if (answer.status === 404 || (answer.status === 409 && both)) answer = await send("keep");
    if ((!answer.ok || answer.redirected) && answer.status !== 404) return false;
  } catch {
    return false;
  }
  forgetLocally(id);
  return true;
}

/** {at, fields} or null; what is older than a week is thrown away. */
export function localCopy(id) {
  try {
    const kept = JSON.parse(localStorage.getItem(NAME + id) ?? "null");
    if (kept && Date.now() - kept.at < WEEK) return kept;
    forgetLocally(id);
  } catch {
    // Unreadable: as if there were none.
  }
  return null;
}
