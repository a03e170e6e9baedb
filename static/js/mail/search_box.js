/* The search box at the top keeps up with a list that was changed without a new page: its words, and the folder. */

import { toast } from "heron/shell";
import { send } from "heron/mail/request";

const form = document.querySelector("form.search");
const box = form?.querySelector("[name=q]");
/** What the box said when it and the list were last the same. */
let told = box?.value;
/** How often the offering of words could not be loaded. */
let tries = 0;

function follow() {
  const list = document.getElementById("listform").dataset;
  const query = new URL(list.first, location.href).searchParams;
  const isSearch = list.kind === "search";
  // What is being typed meanwhile is the next search.
  if (box.value === told || box !== document.activeElement) box.value = isSearch ? query.get("q") ?? "" : "";
  told = box.value;
  form.querySelector("input[name=folder]")?.remove();
  if (isSearch && query.get("folder")) {
    const within = document.createElement("input");
    Object.assign(within, { type: "hidden", name: "folder", value: query.get("folder") });
    form.append(within);
  }
  const here = form.querySelector("button[name=folder]");
  if (here) {
    here.hidden = list.kind !== "folder";
    here.value = list.folders.trim();
    here.title = here.dataset.title.replace("%(name)s", list.title);
  }
}

/** Words are offered from the first time that somebody wants to search; without a connection, from the next. A module
    that failed to load is remembered as failed under its address. */
async function offer() {
  let module;
  try {
    module = await import(tries ? `${import.meta.resolve("heron/mail/suggest")}#${tries}` : "heron/mail/suggest");
  } catch {
    tries += 1;
    box.addEventListener("focus", offer, { once: true });
    return;
  }
  module.suggest(form, box, (url) => send(url, []).catch((error) => toast(error.message, { bad: true })));
}

if (box) {
  box.addEventListener("focus", offer, { once: true });
  form.addEventListener("submit", () => {
    told = box.value;
    // Not to be remembered is no reason to be told while the results stand.
    send(form.dataset.remember, [["q", told]]).catch(() => {});
  });
  document.addEventListener("heron:list", follow);
}
