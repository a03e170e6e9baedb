/* The page that stands between another app and the letter: what the service worker has kept under the id in the address
   becomes a draft, and that one's page takes the files. Asked for by another site, it waits for a click. */

/** The page of the letter loads it later, too. */
const kept = import("heron/compose/shared");
const place = document.getElementById("share");
const id = new URLSearchParams(location.search).get("id");

function show(state) {
  for (const part of place.querySelectorAll("[data-at]")) part.hidden = part.dataset.at !== state;
}

/** {title, text, url}; null: not here. */
const keptWords = () => kept.then((here) => here.keptWords(id)).catch(() => null);

async function begin() {
  show("begin");
  const words = await keptWords();
  if (!words) return show("gone");
  const { title, text, url } = words;
  try {
    const answer = await fetch("/share/", {
      method: "POST", body: new URLSearchParams({ title, text, url }), headers: { Accept: "application/json" },
    });
    if (answer.redirected) return location.reload(); // signed out meanwhile
    const told = await answer.json();
    if (answer.ok) return location.replace(`${told.url}?${new URLSearchParams({ shared: id, next: "/" })}`);
    place.querySelector("[data-reason]").textContent = told.error;
  } catch {
    // The line is gone, or the server is: it can be tried again.
  }
  show("failed");
}

async function ask() {
  const words = await keptWords();
  if (!words) return show("gone");
  const { keptFiles } = await kept;
  place.querySelector("[data-title]").textContent = words.title || words.text || words.url;
  place.querySelector("[data-files]").textContent = (await keptFiles(id)).map(({ file }) => file.name).join(", ");
  show("ask");
}

place.addEventListener("click", async ({ target }) => {
  const wanted = target.closest("[data-do]")?.dataset.do;
  if (wanted === "begin") begin();
  else if (wanted === "drop") {
    await (await kept).dropShared(id);
    location.replace("/");
  }
});

if (place.dataset.asks) ask();
else begin();
