/* The outbox keeps itself current: at once when another tab hears of a change, and by asking again, soon while
   something is under way and rarely otherwise. What is open stays open. */

const box = document.getElementById("outbox");
const SOON = 3000;
const RARELY = 30_000;
let timer;

async function refresh() {
  clearTimeout(timer);
  if (!document.hidden) {
    try {
      const response = await fetch(box.dataset.url, { headers: { "HX-Request": "true", "HX-Target": "outbox" } });
      if (response.ok && !response.redirected) show(await response.text());
    } catch {
      // Offline: what stands on the screen is the last that is known.
    }
  }
  const busy = box.querySelector(".og [data-moving]");
  timer = setTimeout(refresh, busy ? SOON : RARELY);
}

function show(html) {
  if (box.contains(document.activeElement) && document.activeElement.matches("button, a, summary, input")) return;
  const open = [...box.querySelectorAll(".og details[open]")].map((part) => `#${part.closest(".og").id} > .${part.className}`);
  box.innerHTML = html;
  for (const part of open) box.querySelector(part)?.setAttribute("open", "");
}

new BroadcastChannel("heron-live").addEventListener("message", ({ data }) => {
  if (data.kind === "outgoing" || data.kind === "resync") refresh();
});
document.addEventListener("visibilitychange", () => { if (!document.hidden) refresh(); });
timer = setTimeout(refresh, SOON);
