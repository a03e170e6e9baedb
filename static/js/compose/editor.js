/* Rich text: Tiptap from django-prose-editor with our own toolbar. Loaded only when a formatted draft opens.
   The quoted original is one block that the server fills in on sending; here it is a sandboxed frame. */

import {
  Editor, Extension, Node, mergeAttributes, Plugin,
  Document, Paragraph, Text, HardBreak, Bold, Italic, Underline, Strike, Code, CodeBlock, Heading, HorizontalRule,
  BulletList, OrderedList, ListItem, Blockquote, Link, Image, Table, TableRow, TableCell, TableHeader,
  TextStyle, Color, Highlight, TextAlign, Dropcursor, Gapcursor, Placeholder, TrailingNode, UndoRedo,
  createNodeFromContent, getStyleProperty,
} from "django-prose-editor/editor";
import { essence, essenceOf, fileOf, hasWords, parsable, readStyles } from "heron/compose/markup";

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

/* Tables of a pasted letter keep their looks. */
const CellStyle = Extension.create({
  name: "cellStyle",
  addGlobalAttributes() {
    const style = {
      default: null,
      parseHTML: (element) => element.getAttribute("style"),
      renderHTML: (attributes) => (attributes.style ? { style: attributes.style } : {}),
    };
    return [{ types: ["table", "tableCell", "tableHeader"], attributes: { style } }];
  },
});

function mailImage(composition) {
  return Image.extend({
    inline: true,
    group: "inline",
    draggable: true,
    addAttributes() {
      return {
        ...this.parent?.(),
        width: { default: null },
        height: { default: null },
        cid: {
          default: null,
          parseHTML: (element) => element.getAttribute("data-cid"),
          renderHTML: (attributes) => (attributes.cid ? { "data-cid": attributes.cid } : {}),
        },
      };
    },
    addProseMirrorPlugins() {
      const editor = this.editor;
      return [new Plugin({
        props: {
          handlePaste: (view, event) => {
            const from = event.clipboardData;
            // Spreadsheets and word processors give what was copied as a picture, too: the words are what is meant.
            if (!from || hasWords(from.getData("text/html"))) return false;
            return takePictures(composition, editor, from.files);
          },
          handleDrop: (view, event) => {
            const at = view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos;
            const taken = takePictures(composition, editor, event.dataTransfer?.files ?? [], at);
            if (taken) event.preventDefault();
            return taken;
          },
        },
      })];
    },
  });
}

/** Uploads the pictures among `files` into the words; true when there were nothing but pictures. */
function takePictures(composition, editor, files, position) {
  const pictures = [...files].filter((file) => /^image\/(png|jpeg|gif|webp)$/.test(file.type));
  if (!pictures.length || pictures.length !== files.length) return false;
  for (const file of pictures) {
    composition.files.picture(file).then(({ url, cid, alt = file.name, width = null }) => {
      const at = position ?? editor.state.selection.from;
      editor.chain().insertContentAt(at, { type: "image", attrs: { src: url, cid, alt, width } }).run();
    }, () => {});
  }
  return true;
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

const withoutTail = (html) => html.replace(/(?:<p><\/p>)+$/, "");

export class RichText {
  constructor(composition) {
    this.composition = composition;
    const section = composition.section;
    this.area = section.querySelector("[data-body]");
    this.host = section.querySelector("[data-editor]");
    this.bar = section.querySelector("[data-toolbar]");
    this.area.disabled = false;
    this.host.hidden = false;
    this.bar.hidden = false;
    this.taken = new Set();
    this.editor = new Editor({
      element: this.host,
      injectCSS: false,
      content: parsable(this.area.value),
      autofocus: false,
      onBeforeCreate: ({ editor }) => readStyles(editor.schema, createNodeFromContent),
      editorProps: {
        transformPastedHTML: parsable,
        attributes: { role: "textbox", "aria-multiline": "true", "aria-label": composition.words("message"), spellcheck: "true" },
      },
      extensions: [
        Document, Paragraph, Text, HardBreak, Bold, Italic, Underline, Strike, Code, CodeBlock,
        Heading.configure({ levels: [1, 2, 3] }), HorizontalRule, BulletList, OrderedList, ListItem, Blockquote,
        Link.configure({ openOnClick: false, autolink: true, HTMLAttributes: { target: null, rel: null } }),
        mailImage(composition).configure({ allowBase64: true }), Table.configure({ resizable: false }), TableRow, TableCell, TableHeader,
        TextStyle, Color, FontStyle, CellStyle, Highlight.configure({ multicolor: true }),
        TextAlign.configure({ types: ["paragraph", "heading"] }), Dropcursor, Gapcursor,
        Placeholder.configure({ placeholder: composition.words("placeholder"), showOnlyWhenEditable: true }),
        TrailingNode, UndoRedo, original(composition),
      ].filter(Boolean),
      onUpdate: () => {
        // The editor's own tidying (a line after the quoted original) is no change of the person's.
        if (!this.written && withoutTail(this.editor.getHTML()) === this.begun) return;
        this.written = this.stale = true;
        this.takeIn();
        composition.changed();
      },
      onTransaction: () => this.marks(),
    });
    this.begun = withoutTail(this.editor.getHTML());
    this.listen();
    this.marks();
  }

  /** Pictures that were pasted within words become files of the message: as they are, most mail programs hide them. */
  takeIn() {
    const found = new Set();
    this.editor.state.doc.descendants(({ type, attrs }) => {
      if (type.name === "image" && attrs.src?.startsWith("data:") && !this.taken.has(attrs.src)) found.add(attrs.src);
    });
    for (const src of found) {
      this.taken.add(src);
      const file = fileOf(src);
      if (file) this.composition.files.picture(file).then((picture) => this.replace(src, picture), () => {});
    }
  }

  replace(src, { url, cid, width = null }) {
    this.editor.commands.command(({ tr }) => {
      tr.doc.descendants((node, at) => {
        if (node.type.name !== "image" || node.attrs.src !== src) return;
        tr.setNodeMarkup(at, null, { ...node.attrs, src: url, cid, width: node.attrs.width ?? width });
      });
      return true;
    });
  }

  /** Into the form, where FormData finds it; the editor's HTML is only made when something changed. */
  write() {
    if (!this.stale) return;
    this.area.value = this.editor.getHTML();
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

  chain() { return this.editor.chain().focus(); }

  listen() {
    const section = this.composition.section;
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
    this.bar.addEventListener("keydown", (event) => this.walk(event));
    this.bar.querySelector("[data-size]").addEventListener("change", (event) => {
      const size = event.target.value || null;
      this.chain().setMark("textStyle", { fontSize: size }).run();
    });
    const picker = this.bar.querySelector("[data-picture]");
    picker?.addEventListener("change", () => {
      takePictures(this.composition, this.editor, picker.files);
      picker.value = "";
    });
    this.host.addEventListener("keydown", (event) => {
      if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) {
        event.preventDefault();
        event.stopPropagation();
        this.link();
      }
    });
    this.host.parentElement.addEventListener("click", (event) => {
      if (event.target === this.host || event.target === this.host.parentElement) this.editor.commands.focus("end");
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

  walk(event) {
    const step = ({ ArrowRight: 1, ArrowLeft: -1 }[event.key] ?? 0) * (document.dir === "rtl" ? -1 : 1);
    if (!step || event.target.tagName !== "BUTTON") return;
    const stops = [...this.bar.querySelectorAll("button, select")];
    stops[(stops.indexOf(event.target) + step + stops.length) % stops.length].focus();
    event.preventDefault();
  }
}
