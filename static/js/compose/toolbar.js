/* The bar of the editor: what its buttons do, which of them are pressed, and the form of a link. */

import { takePictures } from "heron/compose/pictures";

const COMMANDS = {
  undo: (chain) => chain.undo(),
  redo: (chain) => chain.redo(),
  bold: (chain) => chain.toggleBold(),
  italic: (chain) => chain.toggleItalic(),
  underline: (chain) => chain.toggleUnderline(),
  strike: (chain) => chain.toggleStrike(),
  highlight: (chain) => chain.toggleHighlight({ color: "#fff3a3" }),
  bulletList: (chain) => chain.toggleBulletList(),
  orderedList: (chain) => chain.toggleOrderedList(),
  blockquote: (chain) => chain.toggleBlockquote(),
  table: (chain) => chain.insertTable({ rows: 3, cols: 3, withHeaderRow: true }),
  left: (chain) => chain.unsetTextAlign(),
  center: (chain) => chain.setTextAlign("center"),
  right: (chain) => chain.setTextAlign("right"),
  clear: (chain) => chain.unsetAllMarks().clearNodes(),
};
const PRESSED = ["bold", "italic", "underline", "strike", "highlight", "bulletList", "orderedList", "blockquote", "link"];

export class Toolbar {
  constructor(composition, editor) {
    this.composition = composition;
    this.editor = editor;
    this.bar = composition.section.querySelector("[data-toolbar]");
    this.bar.hidden = false;
    this.listen();
    this.marks();
    editor.on("transaction", () => this.marks());
  }

  chain() { return this.editor.chain().focus(); }

  listen() {
    const section = this.composition.section;
    section.addEventListener("pointerdown", tellCaret, { capture: true });
    section.addEventListener("mousedown", (event) => {
      if (event.target.closest("[data-run], [data-colour]")) event.preventDefault();
    });
    section.addEventListener("click", (event) => {
      const button = event.target.closest("[data-run], [data-colour]");
      if (!button) return;
      button.closest("[popover]")?.hidePopover();
      if ("colour" in button.dataset) {
        const chain = this.chain();
        (button.dataset.colour ? chain.setColor(button.dataset.colour) : chain.unsetColor()).run();
      } else this.run(button.dataset.run);
    });
    this.bar.addEventListener("keydown", (event) => walk(this.bar, event));
    this.bar.querySelector("[data-size]").addEventListener("change", (event) => {
      const size = event.target.value || null;
      this.chain().setMark("textStyle", { fontSize: size }).run();
    });
    const picker = this.bar.querySelector("[data-picture]");
    picker?.addEventListener("change", () => {
      tellCaret();
      takePictures(this.composition, this.editor, picker.files);
      picker.value = "";
    });
    this.editor.view.dom.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        event.stopPropagation();
        this.link();
      }
    });
  }

  run(name) {
    if (name === "link") this.link();
    else if (name === "picture") this.bar.querySelector("[data-picture]").click();
    else COMMANDS[name]?.(this.chain()).run();
  }

  /** A small form beside the toolbar for the link's target; an empty one takes the link away. */
  link() {
    const old = this.editor.getAttributes("link").href ?? "";
    const form = document.createElement("div");
    form.className = "linkbox";
    const field = document.createElement("input");
    field.className = "in s";
    field.type = "url";
    field.value = old;
    field.placeholder = "https://";
    field.setAttribute("aria-label", this.composition.words("link_address"));
    field.dataset.entry = "";
    const done = document.createElement("button");
    done.type = "button";
    done.className = "btn primary";
    done.textContent = this.composition.words("link");
    const close = () => { form.remove(); this.editor.commands.focus(); };
    const apply = () => {
      let target = field.value.trim();
      if (target && !/^(https?:|mailto:|tel:)/i.test(target)) target = target.includes("@") ? `mailto:${target}` : `https://${target}`;
      form.remove();
      const chain = this.chain().extendMarkRange("link");
      if (!target) chain.unsetLink().run();
      else if (this.editor.state.selection.empty && !old) {
        this.chain().insertContent({ type: "text", text: field.value.trim(), marks: [{ type: "link", attrs: { href: target } }] }).run();
      } else chain.setLink({ href: target }).run();
    };
    field.addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); apply(); }
      if (event.key === "Escape") { event.preventDefault(); event.stopPropagation(); close(); }
    });
    done.addEventListener("click", apply);
    form.append(field, done);
    this.bar.parentElement.querySelector(".linkbox")?.remove();
    this.bar.before(form);
    field.focus();
    field.select();
  }

  marks() {
    for (const name of PRESSED) {
      this.bar.querySelector(`[data-run=${name}]`)?.setAttribute("aria-pressed", String(this.editor?.isActive(name) ?? false));
    }
    const size = this.editor?.getAttributes("textStyle").fontSize ?? "";
    const select = this.bar.querySelector("[data-size]");
    select.value = [...select.options].some((option) => option.value === size) ? size : "";
  }
}

/** A browser tells where the caret went some time after a key has moved it, and on a busy device after what is pressed
    next: that would be done where the caret stood before. So the editor is made to look. */
function tellCaret() { document.dispatchEvent(new Event("selectionchange")); }

/** Arrows along a bar go from one control to the next. */
export function walk(bar, event) {
  const step = ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0) * (document.dir === "rtl" ? -1 : 1);
  if (!step || event.target.tagName !== "BUTTON") return;
  const stops = [...bar.querySelectorAll("button, select")];
  stops[(stops.indexOf(event.target) + step + stops.length) % stops.length].focus();
  event.preventDefault();
}
