/* Signatures: what goes with the identity that a message is from. Its page brings them all, each in a template. */

import { toast } from "heron/shell";
import { words } from "heron/words";

export class Signatures {
  constructor(composition) {
    this.composition = composition;
    this.signedAs = composition.field("identity")?.value;
  }

  /** What goes with an identity: its signature and whom it copies in. `byItself`: messages like this begin with it. */
  of(identity) {
    const found = this.composition.section.querySelector(`template[data-signature="${identity}"]`);
    if (!found) return null;
    const { html, text, bcc, byItself, below, signing, encrypts } = found.dataset;
    const is = (said) => said !== undefined;
    return { html, text, bcc, byItself: is(byItself), below: is(below), signing, encrypts: is(encrypts) };
  }

  /** From has changed: its signature stands where the other one's stood unchanged, and so does its Bcc. */
  signAs(identity) {
    const window = this.composition;
    const [before, after] = [this.of(this.signedAs), this.of(identity)];
    this.signedAs = identity;
    if (!before || !after) return;
    if (window.editor) window.editor.swapSignature(before, after);
    else {
      const area = window.section.querySelector("[data-plain]");
      const [old, fresh] = [before.text, after.byItself || !before.byItself ? after.text : ""];
      if (old && area.value.split(old).length === 2) area.value = area.value.replace(old, () => fresh);
      else if (!(old && before.byItself) && fresh && after.byItself) area.value = `${area.value.trimEnd()}\n\n${fresh}\n`;
    }
    this.certify(after);
    const bcc = window.field("bcc");
    if (bcc.value.trim() !== before.bcc) return;
    bcc.value = after.bcc;
    window.recipients.find((row) => row.name === "bcc")?.read();
    window.rows();
  }

  /** Whether it is signed with a certificate: as the new identity does, unless its writer has said otherwise. What is
      to be encrypted stays so. */
  certify({ signing, encrypts }) {
    const section = this.composition.section;
    const secret = section.querySelector("[data-encrypt]");
    if (secret) secret.hidden = !encrypts && !secret.querySelector(":checked");
    const wish = section.querySelector("[data-sign]");
    if (!wish) return;
    const [before, box] = wish.querySelectorAll("input");
    if (box.checked === (before.value === "always")) box.checked = signing === "always";
    before.value = signing ?? "wished";
    wish.hidden = !signing && !box.checked;
  }

  /** Where the caret is. */
  insert() {
    const signature = this.of(this.composition.field("identity")?.value);
    if (!signature?.html) return toast(words("no_signature"));
    return this.composition.insert(signature);
  }
}
