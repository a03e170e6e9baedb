/* The frame of a message body: it takes the height of what it holds, keys pressed inside count as
   pressed on the page, and mailto: links open compose. The frame itself runs no script. */

const watched = new WeakMap();

function adopt(frame) {
  const inside = frame.contentDocument;
  if (!inside?.documentElement || inside.URL === "about:blank" || watched.get(frame) === inside) return;
  watched.set(frame, inside);
  const fit = () => {
    const height = Math.ceil(inside.documentElement.getBoundingClientRect().height || inside.body?.scrollHeight || 0);
    const needed = Math.max(height, inside.body?.scrollHeight ?? 0);
    if (needed && Math.abs(needed - frame.clientHeight) > 1) frame.style.blockSize = `${needed}px`;
    frame.classList.add("fitted");
  };
  fit();
  const sizes = new ResizeObserver(fit);
  sizes.observe(inside.documentElement);
  if (inside.body) sizes.observe(inside.body);
  for (const picture of inside.images) if (!picture.complete) picture.addEventListener("load", fit, { once: true });
  for (const fold of inside.querySelectorAll("details")) fold.addEventListener("toggle", fit);
  inside.addEventListener("keydown", (event) => {
    const copy = new KeyboardEvent("keydown", event);
    if (!frame.dispatchEvent(copy)) event.preventDefault();
  });
  inside.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href^='mailto:']");
    if (!link) return;
    event.preventDefault();
    const ask = new CustomEvent("heron:mailto", { bubbles: true, cancelable: true, detail: { href: link.href } });
    if (frame.dispatchEvent(ask)) location.assign(`/compose/?mailto=${encodeURIComponent(link.href)}`);
  });
}

export function adoptAll(root = document) {
  for (const frame of root.querySelectorAll("iframe[data-frame]")) {
    if (frame.dataset.bound) continue;
    frame.dataset.bound = "1";
    frame.addEventListener("load", () => adopt(frame));
    if (frame.contentDocument?.readyState === "complete") adopt(frame);
  }
}
