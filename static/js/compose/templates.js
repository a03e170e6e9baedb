/* Templates: one put where the caret is, the message kept as one. */

import { toast } from "heron/shell";
import { words } from "heron/words";

export class Templates {
  /** `composition` is the window; the menu is part of its form. */
  constructor(composition) {
    this.composition = composition;
    this.menu = composition.section.querySelector("[data-templates]");
    this.name = composition.field("template_name");
  }

  async insert(button) {
    const window = this.composition;
    const answer = await window.post(new URL(button.formAction).pathname, new FormData());
    if (!answer.ok) {
      window.failed(answer);
      return;
    }
    const given = answer.body;
    window.files.came(given.files, given.size_bytes);
    const subject = window.field("subject");
    if (!subject.value.trim()) subject.value = given.subject;
    window.insertWords(given);
  }

  /** The words as they stand; a template of the same name is replaced only at the person's word. */
  async keep({ replace = false } = {}) {
    const window = this.composition;
    window.alert("");
    if (!(await window.save())) return;
    const named = { template_name: this.name.value.trim() || window.field("subject").value.trim() };
    const answer = await window.post("template", window.data(replace ? { ...named, replace: "1" } : named));
    if (answer.body?.version) window.field("version").value = answer.body.version;
    if (answer.body?.taken) {
      const again = () => this.keep({ replace: true });
      window.alert("", { text: answer.body.error, tone: "warn", buttons: [[words("replace"), again]] });
    } else if (answer.ok) {
      this.name.value = "";
      this.menu.innerHTML = answer.body.html;
      toast(answer.body.label);
    } else window.failed(answer);
  }
}
