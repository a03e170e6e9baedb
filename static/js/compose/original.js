/* The quoted original. Closed, it is one block that the server fills in on sending, faithful to the last pixel; here it is
   shown in a sandboxed frame. Opened, its words are the draft's (cleaned for that by the server), to be answered line by
   line, cut down and changed. What was only opened is closed again when it is saved: looking changes nothing. */

import { Node, createNodeFromContent, getHTMLFromFragment, mergeAttributes } from "django-prose-editor/editor";
import { markedIn } from "heron/compose/marked";
import { pasted } from "heron/compose/pasted";
import { isCited, tidy } from "heron/compose/quotes";

export class Original {
  constructor(composition) {
    this.composition = composition;
    this.section = composition.section;
    /** What was opened last: the message's number and the blocks as they came. */
    this.opened = null;
  }

  /** The block, for the editor. */
  get node() {
    const original = this;
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
      addNodeView: () => ({ editor, getPos }) => ({ dom: original.fold(editor, getPos), ignoreMutation: () => true, stopEvent: () => true }),
    });
  }

  fold(editor, getPos) {
    const dom = document.createElement("details");
    dom.className = "orig";
    dom.contentEditable = "false";
    const summary = document.createElement("summary");
    const name = document.createElement("span");
    name.className = "grow";
    name.textContent = this.section.dataset.quoted || this.composition.words("quoted");
    const open = button(this.section.dataset.edit, () => this.open(editor, getPos));
    open.title = this.section.dataset.editWhy;
    open.setAttribute("aria-description", this.section.dataset.editWhy);
    const remove = button(this.composition.words("leave_out"), () => {
      const at = getPos();
      editor.chain().focus().deleteRange({ from: at, to: at + 1 }).run();
    });
    summary.append(name, open, remove);
    dom.append(summary);
    dom.addEventListener("toggle", () => {
      if (dom.open && !dom.querySelector("iframe")) dom.append(this.frame(editor, getPos));
    });
    return dom;
  }

  frame(editor, getPos) {
    const made = document.createElement("iframe");
    made.setAttribute("sandbox", "allow-same-origin allow-popups allow-popups-to-escape-sandbox");
    made.title = this.section.dataset.quoted;
    made.addEventListener("load", () => {
      const inside = made.contentDocument;
      const height = inside?.documentElement?.scrollHeight;
      if (height) made.style.height = `${Math.min(height + 8, 6000)}px`;
      // Who touches its words means to write there; who marks some, or follows a link, does not.
      inside?.addEventListener("click", (event) => {
        if (event.target.closest?.("a, summary") || !inside.getSelection().isCollapsed) return;
        this.open(editor, getPos, { near: wordsAt(inside, event) });
      });
    });
    made.src = this.section.dataset.original;
    return made;
  }

  /** Puts the original's words in its place, the caret `near` where it was touched. */
  async open(editor, getPos, { near = null } = {}) {
    const words = await this.fetch(editor);
    const at = words && getPos();
    if (at === undefined || at === null) return;
    this.opened = { ref: editor.state.doc.nodeAt(at).attrs.ref, nodes: words.content };
    replace(editor, at, words);
    editor.chain().focus().setTextSelection(caretIn(editor.state.doc, at, near)).scrollIntoView().run();
  }

  /** What was marked of the message before it was answered, as the editor has it; null where nothing was. */
  async marked(editor) {
    if (!("untouched" in this.section.dataset) || !this.composition.field("mode").value.startsWith("reply")) return null;
    const only = markedIn(this.composition.field("original").value);
    return only ? this.fetch(editor, only) : null;
  }

  /** Puts such words in the original's place. */
  quote(editor, words) {
    let at = null;
    editor.state.doc.forEach((node, offset) => { if (node.type.name === "original") at = offset; });
    if (at !== null) replace(editor, at, words);
  }

  /** The original's words (`only` what this HTML has of them) as the editor has them; null where there are none. */
  async fetch(editor, only = "") {
    if (this.fetching) return null;
    this.fetching = true;
    const wish = new FormData();
    if (only) wish.set("only", only);
    const answer = await this.composition.post("quote", wish);
    this.fetching = false;
    if (editor.isDestroyed) return null;
    if (!answer.ok) return this.composition.failed(answer);
    return tidy(createNodeFromContent(pasted(answer.body.html), editor.schema, { slice: false })).content;
  }

  /** Whether what was opened has been changed since. */
  isChanged(doc) { return this.opened !== null && this.standing(doc) < 0; }

  /** The first of the blocks that stand as they were opened; less than 0 where none do. */
  standing({ children }) {
    const nodes = this.opened?.nodes ?? [];
    return nodes.length ? children.findIndex((_, first) => nodes.every((node, index) => children[first + index]?.eq(node))) : -1;
  }

  /** The editor's HTML, in which an original that stands as it was opened is the closed block. */
  html(editor) {
    const { doc, schema } = editor.state;
    const at = this.standing(doc);
    if (at < 0) return editor.getHTML();
    const closed = schema.nodes.original.create({ ref: this.opened.ref });
    const [above, below] = [doc.children.slice(0, at), doc.children.slice(at + this.opened.nodes.length)];
    return getHTMLFromFragment(doc.type.create(null, [...above, closed, ...below]).content, schema);
  }
}

/** Where the quoted words begin in a document, closed or opened, the line above them included; null where none are. */
export function quoteStart(doc) {
  let found = null;
  let above = null;
  doc.forEach((node, offset) => {
    if (found === null && (node.type.name === "original" || isCited(node))) found = isCited(node) ? above ?? offset : offset;
    above = node.isTextblock && /[:：]\s*$/.test(node.textContent) ? offset : null;
  });
  return found;
}

function replace(editor, at, words) {
  editor.commands.command(({ tr }) => Boolean(tr.replaceWith(at, at + 1, words)));
}

function button(label, run) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "link";
  made.textContent = label;
  made.addEventListener("click", (event) => {
    event.preventDefault();
    run();
  });
  return made;
}

/** The words of a document at a point of it, and how far into them it is. */
function wordsAt(inside, { clientX, clientY }) {
  const place = inside.caretPositionFromPoint?.(clientX, clientY);
  if (place?.offsetNode.nodeType !== globalThis.Node.TEXT_NODE) return null;
  const before = place.offsetNode.data.slice(0, place.offset).trimStart();
  return { words: place.offsetNode.data.trim(), offset: before.length };
}

/** Where those words are behind `at`; else where the quoted words begin, or all that stands there. */
function caretIn(doc, at, near) {
  let [found, first, any, isCitedHere] = [null, null, null, false];
  doc.nodesBetween(at, doc.content.size, (node, position) => {
    if (isCited(node)) isCitedHere = true;
    if (node.isTextblock && position >= at) {
      any ??= position + 1;
      if (isCitedHere) first ??= position + 1;
    }
    const index = near && found === null && node.isText && position >= at ? node.text.indexOf(near.words) : -1;
    if (index >= 0) found = position + index + near.offset;
    return found === null;
  });
  return found ?? first ?? any ?? at;
}
