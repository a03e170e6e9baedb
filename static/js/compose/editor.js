/* Rich text: Tiptap from django-prose-editor with our own toolbar (toolbar.js). Loaded only when a formatted draft opens. */

import {
  Editor, Extension,
  Document, Paragraph, Text, HardBreak, Bold, Italic, Underline, Strike, Code, CodeBlock, Heading, HorizontalRule,
  BulletList, OrderedList, ListItem, Link, Table, TableRow, TableCell, TableHeader,
  TextStyle, Color, Highlight, TextAlign, Dropcursor, Gapcursor, Placeholder, TrailingNode, UndoRedo,
  createNodeFromContent, getStyleProperty, wrappingInputRule,
} from "django-prose-editor/editor";
import { Adopting } from "heron/compose/adopting";
import { essence, essenceOf, parsable, readStyles, sliceOf, spaced } from "heron/compose/markup";
import { Original, quoteStart } from "heron/compose/original";
import { pasted } from "heron/compose/pasted";
import { PictureSize } from "heron/compose/picture_size";
import { mailImage } from "heron/compose/pictures";
import { Quotation, isCited } from "heron/compose/quotes";
import { Toolbar } from "heron/compose/toolbar";

/* Size and family stand as styles on a span: what mail programs understand. */
const FontStyle = Extension.create({
  name: "fontStyle",
  addGlobalAttributes() {
    const style = (name, css) => ({
      [name]: {
        default: null,
        parseHTML: (element) => getStyleProperty(element, css) || null,
        renderHTML: (attributes) => (attributes[name] ? { style: `${css}: ${attributes[name]}` } : {}),
      },
    });
    return [{ types: ["textStyle"], attributes: { ...style("fontSize", "font-size"), ...style("fontFamily", "font-family") } }];
  },
});

/* Tables of a pasted letter keep their looks; one that has none leaves as it is seen here, as mail programs draw no lines. */
const CellStyle = Extension.create({
  name: "cellStyle",
  addGlobalAttributes() {
    const style = (usual) => ({
      style: {
        default: null,
        parseHTML: (element) => element.getAttribute("style"),
        renderHTML: (attributes) => ({ style: attributes.style || usual }),
      },
    });
    return [
      { types: ["table"], attributes: style("border-collapse: collapse") },
      { types: ["tableCell", "tableHeader"], attributes: style("border: 1px solid #8a97ab; padding: 6px 12px; text-align: start; vertical-align: top") },
    ];
  },
});

/* "1. " begins a list, as "- " does; "3. " may be a date. */
const NumberedList = OrderedList.extend({
  addInputRules() { return [wrappingInputRule({ find: /^1[.)]\s$/, type: this.type })]; },
});

const withoutTail = (html) => html.replace(/(?:<p><\/p>)+$/, "");

export class RichText {
  constructor(composition) {
    this.composition = composition;
    const section = composition.section;
    this.area = section.querySelector("[data-body]");
    this.host = section.querySelector("[data-editor]");
    this.original = new Original(composition);
    this.area.disabled = false;
    this.host.hidden = false;
    this.editor = new Editor({
      element: this.host,
      injectCSS: false,
      content: parsable(this.area.value),
      autofocus: false,
      onBeforeCreate: ({ editor }) => readStyles(editor.schema, createNodeFromContent),
      editorProps: {
        transformPastedHTML: pasted,
        clipboardTextParser: (text, context, plain, { state }) => sliceOf(text, state.schema, context.marks()),
        attributes: { role: "textbox", "aria-multiline": "true", "aria-label": composition.words("message"), spellcheck: "true" },
      },
      extensions: [
        Document, Paragraph, Text, HardBreak, Bold, Italic, Underline, Strike, Code, CodeBlock,
        Heading.configure({ levels: [1, 2, 3] }), HorizontalRule, BulletList, NumberedList, ListItem, Quotation,
        Link.extend({ addKeyboardShortcuts: () => ({}) }).configure({ openOnClick: false, autolink: true, HTMLAttributes: { target: null, rel: null } }),
        mailImage(composition).configure({ allowBase64: true }), Table.configure({ resizable: false }), TableRow, TableCell, TableHeader,
        TextStyle.configure({ mergeNestedSpanStyles: false }), Color, FontStyle, CellStyle, Highlight.configure({ multicolor: true }),
        TextAlign.configure({ types: ["paragraph", "heading"] }), Dropcursor, Gapcursor,
        Placeholder.configure({ placeholder: composition.words("placeholder"), showOnlyWhenEditable: true }),
        TrailingNode, UndoRedo, this.original.node,
      ],
      onUpdate: () => {
        if (this.isArriving && !this.written) {
          this.stale = true; // as it is to be sent, though nothing was written
          this.begin();
          return;
        }
        // The editor's own tidying (a line after the quoted original) is no change of the person's.
        if (!this.written && !this.original.isChanged(this.editor.state.doc) && this.html === this.begun) return;
        this.written = this.stale = true;
        this.adopting.look();
        composition.changed();
      },
    });
    this.adopting = new Adopting(composition, this.editor);
    this.begin();
    this.quoteMarked();
    this.toolbar = new Toolbar(composition, this.editor);
    this.pictureSize = new PictureSize(this.editor, this.host, (...said) => composition.words(...said));
    const paper = this.host.parentElement;
    paper.addEventListener("click", (event) => {
      if (event.target !== this.host && event.target !== paper) return;
      // At once: the command waits for a frame, and a key pressed meanwhile would be lost.
      this.editor.view.focus();
      if (!this.endsWithOriginal) this.editor.commands.focus("end");
    });
    paper.addEventListener("mousedown", (event) => {
      const { dom } = this.editor.view;
      if (event.target !== dom || event.clientY < dom.lastElementChild.getBoundingClientRect().bottom) return;
      if (!this.endsWithOriginal) return;
      event.preventDefault();
      event.stopPropagation();
      this.editor.view.focus();
    }, true);
  }

  /** Whether nothing is written behind the quoted original. Then the paper below is no place of its own: whoever touches it
      goes on where they were, which is above the original from the beginning. */
  get endsWithOriginal() {
    const { doc } = this.editor.state;
    let behind = null;
    doc.forEach((node, offset) => { if (node.type.name === "original") behind = offset + node.nodeSize; });
    return behind !== null && !doc.textBetween(behind, doc.content.size, " ", "x").trim();
  }

  get html() { return withoutTail(this.original.html(this.editor)); }

  /** What stands here now was there before its writer wrote anything. */
  begin() { this.begun = this.html; }

  /** Who has marked some of a message and answers it quotes that alone. */
  async quoteMarked() {
    const words = await this.original.marked(this.editor);
    if (!words) return;
    this.isArriving = true;
    this.original.quote(this.editor, words);
    this.isArriving = false;
  }

  /** Into the form, where FormData finds it; the editor's HTML is only made when something changed. */
  write() {
    if (!this.stale) return;
    this.area.value = spaced(this.original.html(this.editor));
    this.stale = false;
  }

  focus() { this.editor.commands.focus("start"); }

  insert(html) { this.editor.chain().focus().insertContent(parsable(html)).run(); }

  /** Puts `after` where the signature `before` stands unchanged, and where it belongs where none does: as
      `message/signatures.py`, which says what the two are. */
  swapSignature(before, after) {
    const { doc } = this.editor.state;
    const at = { start: null, end: doc.content.size, original: quoteStart(doc) };
    doc.forEach((node, offset) => {
      if (offset === at.original) {
        if (at.start !== null) at.end = Math.min(at.end, offset);
      } else if (at.end > offset && !isCited(node) && /^--\s*($|\n)/.test(node.textBetween(0, node.content.size, "\n", "\n"))) at.start = offset;
    });
    const chain = this.editor.chain();
    if (at.start !== null) {
      if (!before.html || essence(doc.slice(at.start, at.end).content) !== essenceOf(before.html)) return;
      chain.deleteRange({ from: at.start, to: at.end });
      if (after.byItself || !before.byItself) chain.insertContentAt(at.start, parsable(after.html));
    } else if (after.html && after.byItself && !(before.html && before.byItself)) {
      const below = at.original !== null && after.below;
      chain.insertContentAt(below ? doc.content.size : at.original ?? doc.content.size, parsable(after.html));
    }
    chain.run();
  }

  destroy() { this.editor.destroy(); }
}
