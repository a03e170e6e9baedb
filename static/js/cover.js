/* What covers a screen that is touched closes by Back, as it does in an app: a letter being written, the drawer, a
   selection. Each has an entry of the history to itself, of the address below. Who goes on from there takes the entry
   over (heron/mail/reader). */

const covers = [];
let made = 0;
/** Resolves when no entry is being left: one that is made meanwhile would be left in its place. */
let leaving = Promise.resolve();
let landed = null;

/** `close` is called when Back is pressed. Returns `{ close, end }`: another `close`, and what is called where it was
    closed in another way. */
export function cover(close) {
  const mine = { close, mark: `${performance.timeOrigin}-${made += 1}`, end: () => end(mine) };
  covers.push(mine);
  leaving.then(() => {
    if (covers.includes(mine)) history.pushState({ ...history.state, cover: mine.mark }, "");
  });
  return mine;
}

function end(mine) {
  const at = covers.indexOf(mine);
  if (at < 0) return;
  covers.splice(at, 1);
  if (history.state?.cover !== mine.mark) return;
  leaving = new Promise((done) => { landed = done; });
  history.back();
}

addEventListener("popstate", (event) => {
  const top = covers.at(-1);
  if (landed) {
    landed();
    landed = null;
  } else if (top && event.state?.cover !== top.mark) {
    covers.pop();
    top.close();
  } else return;
  event.stopImmediatePropagation();
}, { capture: true });
