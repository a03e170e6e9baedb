/* The editor of messages in a form of the settings: of a template, a signature, an automatic reply. Where it cannot be
   loaded, the plain field stays. Other files go with the form. */

import { toast } from "heron/shell";
import { words } from "heron/words";

const form = document.querySelector("form[data-rich]");
if (form) edit(form);

async function edit(section) {
  const area = section.querySelector("[data-plain]");
  const label = area.labels[0]?.textContent.trim();
  try {
    const { RichText } = await import("heron/compose/editor");
    const picture = (file) => addPicture(section, file).catch((error) => {
      toast(error.message, { bad: true });
      throw error;
    });
    const said = (key, values) => (key === "message" && label) || words(key, values);
    const editor = new RichText({ section, words: said, changed: () => {}, files: { picture } });
    area.hidden = true;
    area.disabled = true;
    section.addEventListener("submit", () => editor.write());
  } catch (error) {
    console.error(error);
  }
}

/** Resolves to where the picture is shown, its name among the words, and how it stands there. A template needs a name
    before it has files. */
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
  return { ...told, ...(await looks(section, file)) };
}

/** A logo is as wide as `data-picture-width` at most, whatever its file is, and says nothing in the text of a message. */
async function looks(section, file) {
  const most = Number(section.dataset.pictureWidth);
  if (!most) return {};
  const { width } = await createImageBitmap(file).catch(() => ({ width: 0 }));
  return { alt: "", width: width > most ? most : null };
}
