/* Quotes that can be written into: Enter parts one, so that an answer stands between its lines as the writer's own. */

import { Blockquote } from "django-prose-editor/editor";

/** What others wrote is `type="cite"`, as mail programs have it; a quote without that is the writer's own doing. */
export const Quotation = Blockquote.extend({
  addAttributes() {
    return { ...this.parent?.(), type: { default: null, parseHTML: (element) => (element.getAttribute("type") === "cite" ? "cite" : null) } };
  },
  addKeyboardShortcuts() {
    return { ...this.parent?.(), Enter: ({ editor }) => part(editor) || answerBetween(editor) };
  },
});

export const isCited = (node) => node.type.name === "blockquote" && node.attrs.type === "cite";

/** Of a quote that the writer made: Enter at the start of a line, and so twice in the middle of one, makes room. */
function answerBetween(editor) {
  const { $from, empty } = editor.state.selection;
  const { parent, depth } = $from;
  if (!empty || $from.parentOffset || !parent.content.size || depth < 2 || $from.node(-1).type.name !== "blockquote") return false;
  if ($from.index(-1) === 0) return false;
  const at = $from.before();
  const room = editor.schema.nodes.paragraph.create();
  return editor.chain().command(({ tr }) => Boolean(tr.split(at).insert(at + 1, room))).setTextSelection(at + 2).scrollIntoView().run();
}

/** Parts the outermost quote of others at the caret, however deep it is in quotes and lists; not in a table's cell. */
function part(editor) {
  const { $from, $to } = editor.state.selection;
  const depth = outermost($from);
  if (!depth || outermost($to) !== depth || $from.before(depth) !== $to.before(depth) || !$from.parent.isTextblock) return false;
  let caret;
  return editor.chain().command(({ tr, state }) => {
    const start = $from.before(depth);
    const [above, below] = parted($from.node(depth), $from.pos - start - 1, $to.pos - start - 1);
    caret = start + (above?.nodeSize ?? 0) + 1;
    tr.replaceWith(start, $from.after(depth), [above, state.schema.nodes.paragraph.create(), below].filter(Boolean));
    return true;
  }).command(({ commands }) => commands.setTextSelection(caret)).scrollIntoView().run();
}

function outermost($at) {
  let found = 0;
  for (let depth = $at.depth; depth > 0; depth -= 1) {
    const node = $at.node(depth);
    if (node.type.spec.isolating) return 0;
    if (isCited(node)) found = depth;
  }
  return found;
}

/** A quote as what stands before `from` in it and what stands behind `to`, without the empty lines that cutting would
    leave at the place; null for a half of which nothing is left. Positions count from the quote's content. */
function parted(quote, from, to) {
  const below = trimmed(quote.cut(to), true);
  return [trimmed(quote.cut(0, from), false), below && mended(numbered(quote, below))[0]];
}

/** Without what is empty at its start or end: spaces, a line, an item or a quote of which nothing is left, and the one
    break between two lines that are parted. */
function trimmed(node, atStart) {
  if (node.type.name === "hardBreak") return null;
  if (node.isText) return withoutSpaces(node, atStart ? node.text.trimStart() : node.text.trimEnd());
  if (node.isLeaf || node.type.spec.tableRole || (node.type.spec.code && node.content.size)) return node;
  const edge = atStart ? node.firstChild : node.lastChild;
  const kept = edge && trimmed(edge, atStart);
  if (edge && kept === edge) return node;
  const rest = node.children.filter((child) => child !== edge);
  if (kept) rest.splice(atStart ? 0 : rest.length, 0, kept);
  return rest.length ? holding(node, rest) : null;
}

/** A document of quoted words without the empty lines that letters end with, or begin: in each quote, and below all. */
export function tidy(doc) {
  const kept = doc.children.map((node) => (isCited(node) ? emptied(emptied(node, true), false) : node)).filter(Boolean);
  return (kept.length && emptied(doc.type.create(doc.attrs, kept), false)) || doc;
}

/** `trimmed` until something stands at that edge. */
function emptied(node, atStart) {
  const kept = node && trimmed(node, atStart);
  return kept === node ? node : emptied(kept, atStart);
}

function withoutSpaces(node, text) {
  if (text === node.text) return node;
  return text ? node.withText(text) : null;
}

/** The end of a quote whose lists go on counting where they were parted. */
function numbered(was, now) {
  if (was === now || now.isLeaf || now.isTextblock) return now;
  const gone = was.childCount - now.childCount;
  const [first, ...rest] = now.children;
  const attrs = now.type.name === "orderedList" ? { ...now.attrs, start: (now.attrs.start ?? 1) + gone } : now.attrs;
  return now.type.create(attrs, [numbered(was.child(gone), first), ...rest], now.marks);
}

/** An item begins with a line, as the schema wants it: where that has stayed above, what is below it stands for itself. */
function mended(node) {
  if (node.isLeaf || node.isTextblock || node.type.spec.tableRole) return [node];
  const [first, ...rest] = node.children;
  const inner = mended(first);
  if (first.type.name === "listItem" && inner[0].type !== first.type) return [...inner, ...(rest.length ? [holding(node, rest)] : [])];
  const parts = [...inner, ...rest];
  return node.type.name !== "listItem" || parts[0].isTextblock ? [holding(node, parts)] : parts;
}

function holding(node, parts) { return node.type.create(node.attrs, parts, node.marks); }
