/* What a picture says to whoever does not see it (HTML's `alt`): a field below the selected one. What is typed is the picture's
   once the field is left, or with Enter: one step that can be taken back. */

export class PictureText {
  constructor(editor, label) {
    this.editor = editor;
    this.at = null;
    this.field = Object.assign(document.createElement("input"), { type: "text", dir: "auto", maxLength: 500, autocomplete: "off" });
    const said = document.createElement("span");
    said.textContent = label;
    this.element = document.createElement("label");
    this.element.className = "described";
    this.element.append(said, this.field);
    this.field.addEventListener("change", () => this.keep());
    this.field.addEventListener("keydown", (event) => this.pressed(event));
    editor.on("transaction", ({ transaction }) => this.show(transaction));
  }

  /** The selected picture's words. */
  show({ mapping }) {
    const { node, from } = this.editor.state.selection;
    if (node?.type.name === "image") {
      const isOther = from !== mapping.map(this.at ?? -1);
      this.at = from;
      if (isOther || document.activeElement !== this.field) this.field.value = node.attrs.alt ?? "";
    } else if (this.at !== null) this.at = mapping.map(this.at);
  }

  keep() {
    const { at, editor, field: { value } } = this;
    const node = at === null ? null : editor.state.doc.nodeAt(at);
    if (node?.type.name !== "image" || (node.attrs.alt ?? "") === value.trim()) return;
    editor.commands.command(({ tr }) => Boolean(tr.setNodeAttribute(at, "alt", value.trim())));
  }

  pressed(event) {
    if (event.key !== "Enter" || event.isComposing) return;
    this.keep();
    if (event.ctrlKey || event.metaKey) return; // the letter is sent
    event.preventDefault();
    this.editor.view.focus();
  }
}
