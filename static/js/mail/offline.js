/* What is done without a connection waits in this browser; what the rows show follows. */

import { replay as send } from "heron/replay";
import { counted, words } from "heron/words";
import { away } from "heron/mail/rows";
import { storeActs, waitingActs } from "heron/waiting";

export const isOffline = () => !navigator.onLine;

/** What the top bar says while there is no connection. */
export const offlineWords = () => (waitingActs().length ? counted("offline_waiting", waitingActs().length) : words("offline"));

/** Keeps an act for later; returns what `forget` takes. */
export function keep(fields) {
  const id = crypto.randomUUID();
  storeActs([...waitingActs(), { id, fields }]);
  return id;
}

/** Sends what waits; rows that were put away for it may come again. */
export async function replay() {
  await send((act) => {
    for (const [name, value] of act.fields) if (name === "on") away.delete(value);
  });
}
