/* The palette (Ctrl or Cmd and K): what can be done here, where to go, and a search, found by typing. */

import { icon, iconOf } from "heron/icons";
import { words } from "heron/words";
import { act, targets } from "heron/mail/act";
import { keys } from "heron/mail/bound";
import { openList } from "heron/mail/reader";
import { openMenu } from "heron/mail/menus";

const dialog = document.getElementById("palette");
const field = document.getElementById("palettefind");
const results = document.getElementById("paletteresults");
let choices = [];
let chosen = 0;
let about = [];
/** What can be done by key (`COMMANDS` of heron/mail/keys), given by whoever opens the palette. */
let byName = {};

/** The key of a command, in words; the one that does this or the opposite where there is none of its own. */
const keyOf = (name) => keys().shown[name] ?? (/^(un)?read$/.test(name) && keys().shown.read_or_unread) ?? "";

export function showPalette(commandsByName) {
  byName = commandsByName;
  if (dialog.open) {
    dialog.close();
    return;
  }
  about = targets();
  field.value = "";
  fill("");
  dialog.showModal();
}

function commands() {
  if (!about.length) return [];
  const here = words("group_here");
  const one = (key, icon, label, run) => ({ group: here, icon, label: words(label), key: keyOf(key), run });
  return [
    one("archive", "archive", "archive", () => act("archive", about)),
    one("trash", "trash-2", "delete", () => act("trash", about)),
    one("move", "folder-input", "move", () => openMenu("move", document.body, about)),
    one("label", "tag", "label", () => openMenu("label", document.body, about)),
    one("snooze", "alarm-clock", "snooze", () => openMenu("snooze", document.body, about)),
    one("", "pin", "pin", () => act("pin", about)),
    one("mute", "bell-off", "mute", () => act("mute", about)),
    ...(about.length > 1 ? [one("", "merge", "merge", () => act("merge", about))] : []),
    one("", "copy", "copy", () => openMenu("move", document.body, about, "copy")),
    one("flag", "flag", "flag", () => act("flag", about)),
    one("", "flag-off", "unflag", () => act("unflag", about)),
    one("read", "mail-open", "read", () => act("read", about)),
    one("unread", "mail", "unread", () => act("unread", about)),
    one("junk", "shield-alert", "junk", () => act("junk", about)),
    one("reply", "reply", "reply", () => byName.reply()),
    one("reply_all", "reply-all", "reply_all", () => byName.reply_all()),
    one("forward", "forward", "forward", () => byName.forward()),
  ];
}

function places() {
  const group = words("group_go");
  return [...document.querySelectorAll("#tree a.item")].map((item) => ({
    group,
    icon: iconOf(item) ?? "tag",
    label: item.querySelector(".lbl").textContent,
    sub: item.closest("details")?.querySelector("summary .lbl").textContent ?? "",
    key: item.dataset.go ? keyOf(`go_${item.dataset.go}`) : "",
    run: () => openList(item.href),
  }));
}

function others() {
  const group = words("group_more");
  return [
    { group, icon: "square-pen", label: words("write"), key: keyOf("write"), run: () => byName.write() },
    { group, icon: "undo-2", label: words("undo"), key: keyOf("undo"), run: () => byName.undo() },
    { group, icon: "settings", label: words("settings"), key: "", run: () => location.assign("/settings/") },
    { group, icon: "keyboard", label: words("keys"), key: keyOf("help"), run: () => byName.help() },
  ];
}

/** Letters in their order anywhere count; a run at the start of a word counts most. */
function score(label, wanted) {
  const text = label.toLowerCase();
  if (text.startsWith(wanted)) return 3;
  if (text.includes(` ${wanted}`)) return 2;
  if (text.includes(wanted)) return 1;
  return 0;
}

function fill(typed) {
  const wanted = typed.trim().toLowerCase();
  choices = [...commands(), ...places(), ...others()]
    .map((one) => ({ ...one, score: wanted ? score(one.label, wanted) : 1 }))
    .filter((one) => one.score);
  if (wanted) {
    choices.push({
      group: words("group_search"), icon: "search", label: words("search_for", { words: typed.trim() }), key: "⏎", score: 1,
      run: () => openList(`/search/?q=${encodeURIComponent(typed.trim())}`),
    });
  }
  const order = [...new Set(choices.map((one) => one.group))];
  choices.sort((a, b) => order.indexOf(a.group) - order.indexOf(b.group) || b.score - a.score);
  chosen = 0;
  draw();
}

function draw() {
  results.replaceChildren();
  let group = null;
  choices.forEach((one, at) => {
    if (group?.getAttribute("aria-label") !== one.group) {
      group = element("div", { role: "group", "aria-label": one.group });
      group.append(element("h3", { "aria-hidden": "true" }, one.group));
      results.append(group);
    }
    const line = element("div", { role: "option", id: `choice-${at}`, class: at === chosen ? "o on" : "o", "aria-selected": String(at === chosen) });
    line.append(icon(one.icon), element("span", {}, one.label));
    if (one.sub) line.append(element("span", { class: "sub" }, one.sub));
    if (one.key) line.append(element("span", { class: "kbd" }, one.key));
    line.addEventListener("click", () => run(at));
    line.addEventListener("pointermove", () => point(at));
    group.append(line);
  });
  field.setAttribute("aria-activedescendant", choices.length ? `choice-${chosen}` : "");
}

function point(at) {
  if (at === chosen) return;
  for (const [which, on] of [[chosen, false], [at, true]]) {
    const line = document.getElementById(`choice-${which}`);
    line?.classList.toggle("on", on);
    line?.setAttribute("aria-selected", String(on));
  }
  chosen = at;
  field.setAttribute("aria-activedescendant", `choice-${at}`);
}

function run(at) {
  const one = choices[at];
  dialog.close();
  one?.run();
}

function element(name, attributes, text = "") {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.textContent = text;
  return made;
}

field.addEventListener("input", () => fill(field.value));
field.addEventListener("keydown", (event) => {
  const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (by && choices.length) {
    event.preventDefault();
    point((chosen + by + choices.length) % choices.length);
    document.getElementById(`choice-${chosen}`)?.scrollIntoView({ block: "nearest" });
  } else if (event.key === "Enter") {
    event.preventDefault();
    run(chosen);
  }
});
dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); });
