/* How much of the page a soft keyboard covers, for the sheets (`--keyboard`, touch.css). Where the browser makes the page
   shorter by itself (`interactive-widget` in base.html) that is nothing; on iOS it lays the keyboard over the page. */

const seen = globalThis.visualViewport;

function measure() {
  // A page that is enlarged by two fingers is cut off as well, which is no keyboard.
  const covered = seen.scale > 1.01 ? 0 : Math.max(0, Math.round(innerHeight - seen.height - seen.offsetTop));
  document.documentElement.style.setProperty("--keyboard", `${covered}px`);
}

seen?.addEventListener("resize", measure);
seen?.addEventListener("scroll", measure);
