/* What is done by moving fingers is loaded where a screen is touched; those modules are handed what they use of the page's
   own, which have no name of their own once they are joined. All of it can be done by buttons as well. */

import { cover } from "heron/cover";
import { icon } from "heron/icons";
import { say, toast } from "heron/shell";
import { counted, words } from "heron/words";
import { act } from "heron/mail/act";
import { refreshTop } from "heron/mail/refresh";
import { send } from "heron/mail/request";
import { clearSelection, rowNamed, rowOf, scroller, select, selection } from "heron/mail/rows";

const page = {
  act, clearSelection, counted, cover, icon, refreshTop, rowNamed, rowOf, say, scroller, select, selection, send, toast, words,
};

if (matchMedia("(any-pointer: coarse)").matches) {
  Promise.all([import("heron/mail/swipe"), import("heron/mail/pull")])
    .then((gestures) => { for (const { start } of gestures) start(page); })
    .catch(() => {}); // without a connection; the next page tries again
}
