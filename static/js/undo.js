/* What was done last can be taken back: by the Undo of its toast, and by Z when the toast has gone. */

import { toast } from "heron/shell";
import { words } from "heron/words";

let last = null;

/** From now on Undo means this. `run` takes it back, and is called once at most. */
export function remember(run) {
  last?.dismiss();
  const mine = { run, dismiss() {} };
  last = mine;
  return mine;
}

/** Says what was done, with Undo, for `milliseconds`. What cannot be taken back for longer than that `expires` with it. */
export function offerUndo(label, run, { milliseconds, expires = false } = {}) {
  const mine = remember(run);
  mine.dismiss = toast(label, { milliseconds, action: { label: words("undo"), run: () => take(mine)() } });
  if (expires) setTimeout(() => { if (last === mine) last = null; }, milliseconds);
}

/** What takes back what was done last, or null. */
export function takeLast() {
  return last && take(last);
}

function take(one) {
  if (last === one) last = null;
  one.dismiss();
  return one.run;
}

/* What a page tells of what was done before it. */
const form = document.querySelector("#toasts form");
if (form) {
  const box = form.parentElement;
  const submit = () => {
    document.body.append(form);
    form.requestSubmit();
  };
  remember(submit).dismiss = () => box.remove();
}
