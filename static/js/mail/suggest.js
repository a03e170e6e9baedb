/* What the search box offers: a combobox with a list (WAI-ARIA 1.2 combobox, list autocomplete, manual selection).
   Loaded when the box is first used; the server says what fits and what the box holds once it is chosen. */

const PAUSE_MILLISECONDS = 90;

/** `post` sends to an address, and says itself what went wrong. */
export function suggest(form, box, post) {
  const list = document.createElement("div");
  Object.assign(list, { id: "suggest", className: "menu suggest", hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", box.labels[0].textContent);
  const status = document.createElement("span");
  status.className = "vh";
  status.setAttribute("role", "status");
  form.append(list, status);
  for (const [name, value] of Object.entries({
    role: "combobox", "aria-expanded": "false", "aria-autocomplete": "list", "aria-controls": list.id, "aria-haspopup": "listbox",
  })) box.setAttribute(name, value);

  let timer = 0;
  let latest = null;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const marked = () => list.querySelector("[aria-selected=true]");

  function close() {
    clearTimeout(timer);
    latest?.abort();
    list.hidden = true;
    list.replaceChildren();
    status.textContent = "";
    box.setAttribute("aria-expanded", "false");
    box.removeAttribute("aria-activedescendant");
  }

  async function offer() {
    latest?.abort();
    latest = new AbortController();
    const mine = latest;
    const query = new URLSearchParams({ q: box.value, at: box.selectionStart ?? box.value.length });
    let html;
    try {
      const answer = await fetch(`${form.dataset.suggest}?${query}`, { signal: mine.signal });
      if (!answer.ok || answer.redirected) return close();
      html = await answer.text();
    } catch {
      return undefined; // asked anew since, or no connection: the box works as a plain field
    }
    if (mine.signal.aborted || document.activeElement !== box) return undefined;
    list.innerHTML = html;
    list.hidden = !options().length;
    status.textContent = list.firstElementChild.dataset.said;
    box.setAttribute("aria-expanded", String(!list.hidden));
    box.removeAttribute("aria-activedescendant");
    return undefined;
  }

  function soon() {
    clearTimeout(timer);
    timer = setTimeout(offer, PAUSE_MILLISECONDS);
  }

  function mark(option) {
    marked()?.setAttribute("aria-selected", "false");
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) box.setAttribute("aria-activedescendant", option.id);
    else box.removeAttribute("aria-activedescendant");
  }

  function choose(option) {
    box.value = option.dataset.query;
    const caret = Number(option.dataset.caret);
    box.focus();
    box.setSelectionRange(caret, caret);
    if ("runs" in option.dataset) {
      close();
      form.requestSubmit();
    } else offer();
  }

  async function forget(option) {
    await post(option.dataset.forget);
    offer();
  }

  box.addEventListener("input", soon);
  box.addEventListener("click", () => { if (list.hidden) offer(); });
  box.addEventListener("focus", offer);
  box.addEventListener("blur", close);
  form.addEventListener("submit", close);
  box.addEventListener("keydown", (event) => {
    const all = options();
    const at = all.indexOf(marked());
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by && !event.altKey && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      if (list.hidden) offer();
      // One place beyond either end is the field itself, with nothing marked.
      else mark([...all, null].at((at < 0 && by < 0 ? all.length - 1 : at + by) % (all.length + 1)));
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      choose(all[at]);
    } else if (event.key === "Delete" && event.shiftKey && all[at]?.dataset.forget) {
      event.preventDefault();
      forget(all[at]);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  // The field keeps the focus, or the list would close under the pointer.
  list.addEventListener("mousedown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (!option) return;
    if (event.target.closest(".forget")) forget(option);
    else choose(option);
  });
  if (document.activeElement === box) offer();
}
