/* On a touch screen a row is swept away: to the right into the archive, to the left into the bin. What will be done lies
   under the row. The same is in the row's menu and in the reading pane, and Undo takes it back. A long press selects, and
   Back ends that. Loaded where a screen is touched (heron/mail/gestures). */

/** How far a finger must go before the row follows, and before letting go acts. */
const FOLLOW_PIXELS = 14;
const ACT_SHARE = 0.35;
const HOLD_MILLISECONDS = 500;
const ARCHIVE = { verb: "archive", icon: "archive", words: "archive" };
const BIN = { verb: "trash", icon: "trash-2", words: "delete" };

/** `page` has what this uses of the page's own modules. */
export function start({ act, clearSelection, cover, icon, rowNamed, rowOf, select, words }) {
  const list = document.getElementById("list");
  let touch = null;

  /** What is swept to that side here. Not from the archive into itself, nor out of the bin for good: that is no gesture. */
  function deedTo(pixels) {
    const { role } = document.getElementById("listform").dataset;
    const deed = pixels > 0 ? ARCHIVE : BIN;
    return role === deed.verb ? null : deed;
  }

  list.addEventListener("pointerdown", (event) => {
    const row = rowOf(event.target);
    if (!row || event.pointerType !== "touch" || event.target.closest("button, .pick")) return;
    touch = { row, id: event.pointerId, x: event.clientX, y: event.clientY, moved: 0, under: null };
    touch.hold = setTimeout(() => {
      if (!touch || touch.under) return;
      // The list may have been drawn anew under the finger.
      select(rowNamed(row.id) ?? row, true);
      navigator.vibrate?.(10);
      touch.held = true;
    }, HOLD_MILLISECONDS);
  });

  list.addEventListener("pointermove", (event) => {
    if (!touch || event.pointerId !== touch.id || touch.held) return;
    touch.moved = event.clientX - touch.x;
    if (!touch.under) {
      if (Math.abs(event.clientY - touch.y) > FOLLOW_PIXELS) return void finish();
      if (Math.abs(touch.moved) < FOLLOW_PIXELS) return;
      clearTimeout(touch.hold);
      touch.row.setPointerCapture(touch.id);
      touch.under = document.createElement("div");
      touch.under.className = "under";
      touch.under.setAttribute("aria-hidden", "true");
      const top = touch.row.getBoundingClientRect().top - touch.row.parentElement.getBoundingClientRect().top;
      Object.assign(touch.under.style, { top: `${top}px`, height: `${touch.row.offsetHeight}px` });
      touch.row.before(touch.under);
    }
    const deed = deedTo(touch.moved);
    if (!deed) touch.moved = 0;
    lay(deed, Math.abs(touch.moved) > touch.row.offsetWidth * ACT_SHARE);
    touch.row.style.translate = `${touch.moved}px`;
  });

  /** What lies under the row: the deed, brighter once letting go does it. */
  function lay(deed, isSure) {
    const { under } = touch;
    under.classList.toggle("sure", isSure);
    if (under.dataset.deed === (deed?.verb ?? "")) return;
    under.dataset.deed = deed?.verb ?? "";
    under.replaceChildren(...(deed ? [icon(deed.icon), words(deed.words)] : []));
  }

  list.addEventListener("pointerup", () => {
    if (!touch) return;
    const { row, moved, under } = touch;
    finish();
    if (under && Math.abs(moved) > row.offsetWidth * ACT_SHARE) act(deedTo(moved).verb, [row.id]);
  });
  list.addEventListener("pointercancel", () => finish());

  /* The click that ends a swipe or a long press opens nothing. */
  let ended = 0;
  list.addEventListener("click", (event) => {
    if (performance.now() - ended < 80) {
      event.preventDefault();
      event.stopImmediatePropagation();
    }
  }, true);

  function finish() {
    if (!touch) return;
    clearTimeout(touch.hold);
    if (touch.under || touch.held) ended = performance.now();
    touch.under?.remove();
    touch.row.style.translate = "";
    touch = null;
  }

  let covering = null;

  document.addEventListener("heron:selection", ({ detail: { count } }) => {
    if (count && !covering && matchMedia("(pointer: coarse)").matches) covering = cover(clearSelection);
    else if (!count) {
      covering?.end();
      covering = null;
    }
  });
}
