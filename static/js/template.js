/* The editor of a template in the settings, and of an automatic reply: the one of messages. Where it cannot be loaded,
   the plain field stays. Other files go with the form. */

import { toast } from "heron/shell";
import { words } from "heron/words";

const form = document.querySelector("form[data-template]");
if (form) edit(form);

async function edit(section) {
  const area = section.querySelector("[data-plain]");
  try {
    const { RichText } = await import("heron/compose/editor");
    const picture = (file) => addPicture(section, file).catch((error) => {
      toast(error.message, { bad: true });
      throw error;
    });
    const editor = new RichText({ section, words, changed: () => {}, files: { picture } });
    area.hidden = true;
    area.disabled = true;
    section.addEventListener("submit", () => editor.write());
  } catch (error) {
    console.error(error);
  }
}

/** Resolves to where the picture is shown and its name among the words. A template needs a name before it has files. */
async function addPicture(section, file) {
  if (!section.dataset.pictures) throw new Error(section.dataset.noPictures ?? words("picture_in_template"));
  const body = new FormData();
  body.append("files", file, file.name || "picture.png");
  const headers = { "X-CSRFToken": section.elements.namedItem("csrfmiddlewaretoken").value };
  let answer;
  try {
    answer = await fetch(section.dataset.pictures, { method: "POST", body, headers });
  } catch {
    throw new Error(words("unreachable"));
  }
  const told = await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Error(told.error ?? words("failed"));
  return told;
}
