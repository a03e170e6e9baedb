/* The menu of emoji: its choice comes from the server when it is first opened, and as names are typed. The last ones
   used stand first, remembered by this browser until its person signs out. Loaded with the first opening. */

const PAUSE_MILLISECONDS = 120;
const KEPT = "heron-emoji";
const MOST_KEPT = 16;

/** `insert` puts a text where the caret is, and takes the focus there. */
export function emojiMenu(menu, insert) {
  const box = menu.querySelector("[data-find]");
  const place = menu.querySelector("[data-found]");
  let latest = null;
  let timer = 0;

  const buttons = () => [...place.querySelectorAll("[data-emoji]")];

  async function fill() {
    latest?.abort();
    latest = new AbortController();
    const mine = latest;
    const words = box.value.trim();
    try {
      const answer = await fetch(`${menu.dataset.url}?${new URLSearchParams(words ? { q: words } : {})}`, {
        credentials: "same-origin", signal: mine.signal,
      });
      if (!answer.ok || answer.redirected) throw new Error(answer.statusText);
      const html = await answer.text();
      if (mine.signal.aborted) return;
      place.innerHTML = html;
    } catch {
      if (mine.signal.aborted) return;
      place.innerHTML = `<p class="none"></p>`;
      place.firstChild.textContent = menu.dataset.failed;
    }
    if (!words) showUsed();
    place.scrollTop = 0;
    const first = buttons()[0];
    if (first) first.tabIndex = 0;
  }

  function used() {
    try {
      return JSON.parse(localStorage.getItem(KEPT)) ?? [];
    } catch {
      return [];
    }
  }

  function remember(button) {
    const kept = [[button.textContent, button.getAttribute("aria-label")], ...used().filter(([text]) => text !== button.textContent)];
    try {
      localStorage.setItem(KEPT, JSON.stringify(kept.slice(0, MOST_KEPT)));
    } catch {
      // The browser keeps nothing: then the last ones are not known.
    }
  }

  function showUsed() {
    const kept = used();
    if (!kept.length) return;
    const title = document.createElement("h3");
    title.textContent = menu.dataset.used;
    const row = document.createElement("div");
    row.className = "some";
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", menu.dataset.used);
    for (const [text, name] of kept) {
      const button = document.createElement("button");
      Object.assign(button, { type: "button", textContent: text, tabIndex: -1 });
      button.dataset.emoji = "";
      button.setAttribute("aria-label", name);
      row.append(button);
    }
    place.prepend(title, row);
  }

  function choose(button, stays) {
    remember(button);
    if (!stays) menu.hidePopover();
    insert(button.textContent);
    if (stays) button.focus();
  }

  /** The nearest button in the row above or below, or the one beside. */
  function neighbour(from, key) {
    const all = buttons();
    const at = all.indexOf(from);
    if (key === "Home") return all[0];
    if (key === "End") return all.at(-1);
    const onward = getComputedStyle(menu).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
    if (key === "ArrowLeft" || key === "ArrowRight") return all[at + (key === onward ? 1 : -1)];
    const down = key === "ArrowDown";
    const { left, top } = from.getBoundingClientRect();
    const rest = down ? all.slice(at + 1) : all.slice(0, at).reverse();
    const other = rest.find((one) => one.getBoundingClientRect().top !== top)?.getBoundingClientRect().top;
    const row = rest.filter((one) => one.getBoundingClientRect().top === other);
    const distance = (one) => Math.abs(one.getBoundingClientRect().left - left);
    return row.sort((one, two) => distance(one) - distance(two))[0];
  }

  function go(button) {
    if (!button) return;
    for (const one of buttons()) one.tabIndex = one === button ? 0 : -1;
    button.focus();
  }

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(fill, PAUSE_MILLISECONDS);
  });
  menu.addEventListener("click", (event) => {
    const button = event.target.closest("[data-emoji]");
    if (button) choose(button, event.shiftKey);
  });
  menu.addEventListener("keydown", (event) => {
    const button = event.target.closest("[data-emoji]");
    if (event.target === box && event.key === "ArrowDown") go(buttons()[0]);
    else if (event.target === box && event.key === "Enter") {
      const first = buttons()[0];
      if (first && box.value.trim()) choose(first, event.shiftKey);
    } else if (button && event.key === "Enter") choose(button, event.shiftKey);
    else if (button && event.key === "ArrowUp" && !neighbour(button, event.key)) box.focus();
    else if (button && /^(Arrow|Home$|End$)/.test(event.key)) go(neighbour(button, event.key));
    else return;
    event.preventDefault();
  });
  menu.addEventListener("toggle", (event) => {
    if (event.newState !== "open") return;
    box.value = "";
    fill();
  });
  fill();
}
