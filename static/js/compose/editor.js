/* Rich text: Tiptap from django-prose-editor with our own toolbar (toolbar.js). Loaded only when a formatted draft opens.
   The quoted original is one block that the server fills in on sending; here it is a sandboxed frame. */

import {
  Editor, Extension, Node, mergeAttributes,
  Document, Paragraph, Text, HardBreak, Bold, Italic, Underline, Strike, Code, CodeBlock, Heading, HorizontalRule,
  BulletList, OrderedList, ListItem, Blockquote, Link, Table, TableRow, TableCell, TableHeader,
  TextStyle, Color, Highlight, TextAlign, Dropcursor, Gapcursor, Placeholder, TrailingNode, UndoRedo,
  createNodeFromContent, getStyleProperty, wrappingInputRule,
} from "django-prose-editor/editor";
import { Adopting } from "heron/compose/adopting";
import { essence, essenceOf, parsable, readStyles, sliceOf, spaced } from "heron/compose/markup";
import { pasted } from "heron/compose/pasted";
import { PictureSize } from "heron/compose/picture_size";
import { mailImage } from "heron/compose/pictures";
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

/* Enter at the start of a quoted line, and so twice in the middle of one, makes room for an answer between. */
const Quotation = Blockquote.extend({
  addKeyboardShortcuts() {
    return { ...this.parent?.(), Enter: ({ editor }) => answerBetween(editor) };
  },
});

function answerBetween(editor) {
  const { $from, empty } = editor.state.selection;
  const { parent, depth } = $from;
  if (!empty || $from.parentOffset || !parent.content.size || depth < 2 || $from.node(-1).type.name !== "blockquote") return false;
  if ($from.index(-1) === 0) return false;
  const at = $from.before();
  const room = editor.schema.nodes.paragraph.create();
  return editor.chain().command(({ tr }) => Boolean(tr.split(at).insert(at + 1, room))).setTextSelection(at + 2).scrollIntoView().run();
}

function original(composition) {
  return Node.create({
    name: "original",
    group: "block",
    atom: true,
    selectable: true,
    draggable: false,
    addAttributes() {
      return { ref: { default: null, parseHTML: (element) => element.dataset.original, renderHTML: (a) => ({ "data-original": a.ref }) } };
    },
    parseHTML: () => [{ tag: "div[data-original]" }],
    renderHTML: ({ HTMLAttributes }) => ["div", mergeAttributes(HTMLAttributes)],
    addNodeView: () => ({ editor, getPos }) => {
      const dom = document.createElement("details");
      dom.className = "orig";
      dom.contentEditable = "false";
      const summary = document.createElement("summary");
      summary.textContent = composition.section.dataset.quoted || composition.words("quoted");
      const remove = document.createElement("button");
      remove.type = "button";
      remove.className = "link";
      remove.textContent = composition.words("leave_out");
      remove.addEventListener("click", (event) => {
        event.preventDefault();
        const at = getPos();
        editor.chain().focus().deleteRange({ from: at, to: at + 1 }).run();
      });
      summary.append(remove);
      dom.append(summary);
      dom.addEventListener("toggle", () => {
        if (dom.open && !dom.querySelector("iframe")) dom.append(frame(composition));
      });
      return { dom, ignoreMutation: () => true, stopEvent: () => true };
    },
  });
}

function frame(composition) {
  const made = document.createElement("iframe");
  made.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
  made.title = composition.section.dataset.quoted;
  made.addEventListener("load", () => {
    const height = made.contentDocument?.documentElement?.scrollHeight;
    if (height) made.style.height = `${Math.min(height + 8, 6000)}px`;
  });
  made.src = composition.section.dataset.original;
  return made;
}

const withoutTail = (html) => html.replace(/(?:<p><\/p>)+$/, "");

export class RichText {
  constructor(composition) {
    this.composition = composition;
    const section = composition.section;
    this.area = section.querySelector("[data-body]");
    this.host = section.querySelector("[data-editor]");
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
        TrailingNode, UndoRedo, original(composition),
      ].filter(Boolean),
      onUpdate: () => {
        // The editor's own tidying (a line after the quoted original) is no change of the person's.
        if (!this.written && withoutTail(this.editor.getHTML()) === this.begun) return;
        this.written = this.stale = true;
        this.adopting.look();
        composition.changed();
      },
    });
    this.adopting = new Adopting(composition, this.editor);
    this.begun = withoutTail(this.editor.getHTML());
    this.toolbar = new Toolbar(composition, this.editor);
    this.pictureSize = new PictureSize(this.editor, this.host, (...said) => composition.words(...said));
    const paper = this.host.parentElement;
    paper.addEventListener("click", (event) => {
      if (event.target === this.host || event.target === paper) this.editor.commands.focus(this.endsWithOriginal ? null : "end");
    });
    paper.addEventListener("mousedown", (event) => {
      const { dom } = this.editor.view;
      if (event.target !== dom || event.clientY < dom.lastElementChild.getBoundingClientRect().bottom) return;
      if (!this.endsWithOriginal) return;
      event.preventDefault();
      event.stopPropagation();
      this.editor.commands.focus();
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

  /** Into the form, where FormData finds it; the editor's HTML is only made when something changed. */
  write() {
    if (!this.stale) return;
    this.area.value = spaced(this.editor.getHTML());
    this.stale = false;
  }

  focus() { this.editor.commands.focus("start"); }

  insert(html) { this.editor.chain().focus().insertContent(parsable(html)).run(); }

  /** Puts `after` where the signature `before` stands unchanged, and where it belongs where none does: as
      `message/signatures.py`, which says what the two are. */
  swapSignature(before, after) {
    const { doc } = this.editor.state;
    const at = { start: null, end: doc.content.size, original: null };
    doc.forEach((node, offset) => {
      if (node.type.name === "original") {
        at.original = offset;
        if (at.start !== null) at.end = Math.min(at.end, offset);
      } else if (at.end > offset && /^--\s*($|\n)/.test(node.textBetween(0, node.content.size, "\n", "\n"))) at.start = offset;
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
