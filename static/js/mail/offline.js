/* What is done without a connection waits in this browser and is sent, in its order, once there is one again. */

import { toast } from "heron/shell";
import { send } from "heron/mail/request";
import { counted, words } from "heron/words";
import { away } from "heron/mail/rows";
import { storeActs as store, waitingActs as waiting } from "heron/waiting";

export const isOffline = () => !navigator.onLine;

/** What the top bar says while there is no connection. */
export const offlineWords = () => (waiting().length ? counted("offline_waiting", waiting().length) : words("offline"));

/** Keeps an act for later; returns what `forget` takes. */
export function keep(fields) {
  const id = crypto.randomUUID();
  store([...waiting(), { id, fields }]);
  return id;
}

/** Undone before it was sent. False: it has been sent meanwhile. */
export function forget(id) {
  const acts = waiting();
  store(acts.filter((act) => act.id !== id));
  return acts.some((act) => act.id === id);
}

/** Sends what waits, one after the other; one tab does it for all. */
export async function replay() {
  if (isOffline() || !waiting().length) return;
  await navigator.locks.request("heron-waiting-acts", async () => {
    for (let [act] = waiting(); act; [act] = waiting()) {
      try {
        await send("/act/", act.fields);
      } catch (error) {
        if (error.status === 0) return; // the line is gone again: it waits on
        toast(error.message, { bad: true });
      }
      forget(act.id);
      for (const [name, value] of act.fields) if (name === "on") away.delete(value);
    }
  });
}
