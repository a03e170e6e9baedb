/* Pulling a list down past its beginning asks the mail servers for what is new, and reads the list anew. What comes later
   shows up by itself, as always; "Sync now" of the settings does the same. The browser scrolls all the while: this
   only watches the finger. Loaded where a screen is touched (heron/mail/gestures). */

/** How far a finger pulls before letting go asks; the sign follows at half of its pace. */
const FAR_PIXELS = 96;

/** `page` has what this uses of the page's own modules. */
export function start({ counted, icon, refreshTop, say, scroller, selection, send, toast }) {
  const list = document.getElementById("list");
  let pull = null;
  let isAsking = false;

  list.addEventListener("touchstart", ({ touches, target }) => {
    drop();
    if (isAsking || touches.length !== 1 || !target.closest("#rows") || scroller().scrollTop > 0 || selection().length) return;
    pull = { x: touches[0].clientX, y: touches[0].clientY, by: 0, sign: null };
  }, { passive: true });

  list.addEventListener("touchmove", ({ touches }) => {
    if (!pull) return;
    pull.by = touches[0].clientY - pull.y;
    const isAside = Math.abs(touches[0].clientX - pull.x) > Math.abs(pull.by);
    if (touches.length > 1 || scroller().scrollTop > 0 || pull.by < -8 || (isAside && !pull.sign)) return void drop();
    if (pull.by < 16) return;
    pull.sign ??= show();
    const share = Math.min(pull.by / FAR_PIXELS, 1);
    Object.assign(pull.sign.style, { translate: `0 ${share * FAR_PIXELS / 2}px`, rotate: `${share * 270}deg`, opacity: share });
    pull.sign.classList.toggle("sure", share === 1);
  }, { passive: true });

  list.addEventListener("touchend", () => {
    if (!pull) return;
    if (pull.sign && pull.by >= FAR_PIXELS) ask(pull.sign);
    else drop();
    pull = null;
  });
  list.addEventListener("touchcancel", drop);

  function show() {
    const sign = document.createElement("div");
    sign.className = "pulled";
    sign.setAttribute("aria-hidden", "true");
    sign.append(icon("refresh-cw"));
    sign.style.insetBlockStart = `${scroller().offsetTop - 44}px`;
    scroller().before(sign);
    return sign;
  }

  function drop() {
    pull?.sign?.remove();
    pull = null;
  }

  async function ask(sign) {
    isAsking = true;
    try {
      await send("/check/", []);
      const added = await refreshTop({ move: true });
      if (added) say(counted("new", added));
    } catch (error) {
      toast(error.message, { bad: true });
    } finally {
      isAsking = false;
      sign.remove();
    }
  }
}
