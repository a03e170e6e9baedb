/* The editor of a template in the settings: the one of messages, without files. Where it cannot be loaded, the plain
   field stays. */

import { toast } from "heron/shell";
import { words } from "heron/words";

const form = document.querySelector("form[data-template]");
if (form) edit(form);

async function edit(section) {
  const area = section.querySelector("[data-plain]");
  try {
    const { RichText } = await import("heron/compose/editor");
    const noPicture = () => {
      toast(words("picture_in_message"), { bad: true });
      return Promise.reject(new Error("no picture"));
    };
    const editor = new RichText({ section, words, changed: () => {}, files: { picture: noPicture } });
    area.hidden = true;
    area.disabled = true;
    section.addEventListener("submit", () => editor.write());
  } catch (error) {
    console.error(error);
  }
}
