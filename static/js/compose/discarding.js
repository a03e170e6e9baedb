/* A draft is thrown away as it stands, and Undo opens it again. */

import { toast } from "heron/shell";
import { offerUndo } from "heron/undo";
import { words } from "heron/words";
import { forgetLocally } from "heron/compose/local";

/** `composition` is the window. What was typed last is saved first, so that Undo has it too. */
export async function discard(composition) {
  await composition.save();
  if (composition.section.classList.contains("full")) {
    leavePage(composition);
    return;
  }
  const answer = await composition.post("discard", composition.data());
  const gone = answer.status === 404; // by another window
  if (!answer.ok && !gone) {
    composition.failed(answer);
    return;
  }
  forgetLocally(composition.id);
  composition.remove();
  if (gone) return;
  const { label, group } = answer.body;
  if (group) offerUndo(label, () => bringBack(composition, group));
  else toast(label);
}

/** A toast would not outlive the page, so the form is sent as without scripts: the next page offers Undo. */
function leavePage(composition) {
  const { form } = composition;
  forgetLocally(composition.id);
  composition.leave();
  form.action = composition.url("discard");
  for (const field of form.querySelectorAll("[type=file]")) field.disabled = true;
  HTMLFormElement.prototype.submit.call(form);
}

async function bringBack(composition, group) {
  const headers = { "HX-Request": "true", "X-CSRFToken": composition.field("csrfmiddlewaretoken").value };
  const answer = await composition.post("/undo/", new URLSearchParams({ group }), { headers });
  if (answer.ok) composition.hooks.reopen(composition.url(""));
  else toast(words("not_undone"), { bad: true });
}
