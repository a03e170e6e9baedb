/* Settings that save at once: says "Saved" when a change has reached the server, and shows the new
   theme, accent, density or pane on this page without loading it again. Without scripts each form
   has its button. */
import { toast } from "heron/shell";
import "heron/import_mail";
import "heron/status";
import "heron/push";
import "heron/rich_field";

const SAVED_MILLISECONDS = 2000;
let timer;

document.addEventListener("change", (event) => {
  const { applies } = event.target.dataset;
  if (applies) document.documentElement.dataset[applies] = event.target.value;
});

document.addEventListener("htmx:afterRequest", (event) => {
  const note = document.getElementById("saved");
  if (!note || !event.detail.elt.matches("[data-saves]")) return;
  if (!event.detail.successful) {
    toast(note.dataset.failed, { bad: true });
    return;
  }
  note.hidden = false;
  clearTimeout(timer);
  timer = setTimeout(() => { note.hidden = true; }, SAVED_MILLISECONDS);
});

/* A dialog that asks before something is lost: the button stays off until the name is typed. */
for (const field of document.querySelectorAll("[data-must-equal]")) {
  const button = field.form.querySelector("[data-when-equal]");
  const check = () => { button.disabled = field.value.trim() !== field.dataset.mustEqual; };
  field.addEventListener("input", check);
  check();
}

/* Links to email addresses on any page open a message here, where the browser can and its owner says so. */
const mailto = document.querySelector("[data-mailto]");
if (mailto && navigator.registerProtocolHandler) {
  mailto.hidden = false;
  mailto.querySelector("button").addEventListener("click", () => {
    navigator.registerProtocolHandler("mailto", `${location.origin}/compose/?mailto=%s`);
  });
}

/* A form that came back with a mistake begins where it is. */
const mistake = document.querySelector("form [aria-invalid=true]");
mistake?.focus({ preventScroll: true });
mistake?.scrollIntoView({ block: "center" });

/* A form that takes a while says so and cannot be sent twice. Going back in history frees it again. */
for (const form of document.querySelectorAll("[data-busy]")) {
  const button = form.querySelector("[data-busy-button]");
  const label = [...button.childNodes];
  form.addEventListener("submit", () => {
    button.disabled = true;
    button.textContent = form.dataset.busy;
  });
  window.addEventListener("pageshow", () => {
    button.disabled = false;
    button.replaceChildren(...label);
  });
}

/* Fields drawn anew for another provider keep what was typed, passwords and what was typed meanwhile among it. */
document.addEventListener("htmx:oobBeforeSwap", (event) => {
  const { target, fragment } = event.detail;
  if (target.id !== "hand-fields") return;
  for (const old of target.querySelectorAll("input, select")) {
    const drawn = fragment.querySelector(`#${CSS.escape(old.id)}`);
    if (!drawn) continue;
    if (old.type === "radio" || old.type === "checkbox") drawn.checked = old.checked;
    else drawn.value = old.value;
  }
});
