/* A copy of each draft on this device, from the first key until the server has it. */

const NAME = "heron-draft-";
const WEEK = 7 * 24 * 3600 * 1000;

/** Shortly after a change, unless the words have reached the server by then (`wanted` says no). */
export function keepLocally(composition, wanted) {
  clearTimeout(composition.localTimer);
  composition.localTimer = setTimeout(() => {
    if (composition.closed || !wanted()) return;
    const fields = {};
    for (const [name, value] of composition.data()) {
      if (typeof value === "string" && name !== "csrfmiddlewaretoken" && name !== "sure") fields[name] = value;
    }
    try {
      localStorage.setItem(NAME + composition.id, JSON.stringify({ at: Date.now(), fields }));
    } catch {
      // Storage is full or forbidden: the server's copy is then the only one.
    }
  }, 400);
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
