/* What waits in this browser is sent, in its order, once there is a connection again. */

import { send } from "heron/mail/request";
import { toast } from "heron/shell";
import { dropAct, waitingActs } from "heron/waiting";

/** Sends what waits, one after the other; one tab does it for all. `whenSent` is told of each act. */
export async function replay(whenSent = () => {}) {
  if (!navigator.onLine || !waitingActs().length) return;
  await navigator.locks.request("heron-waiting-acts", async () => {
    for (let [act] = waitingActs(); act; [act] = waitingActs()) {
      try {
        await send("/act/", act.fields);
      } catch (error) {
        if (error.status === 0) return; // the line is gone again: it waits on
        toast(error.message, { bad: true });
      }
      dropAct(act.id);
      whenSent(act);
    }
  });
}
