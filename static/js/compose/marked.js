/* What is marked of a message that is read, as HTML: whoever answers then, quotes that alone. */

/** "" where nothing is. One word is marked by a double click, for other reasons, and does not count. */
export function markedIn(message) {
  const inside = document.getElementById(`frame-${message}`)?.contentDocument;
  const marked = inside?.getSelection();
  const text = marked?.toString().trim() ?? "";
  if (!text || !(/\s/.test(text) || [...text].length > LONGEST_WORD)) return "";
  const range = marked.getRangeAt(0);
  const made = document.implementation.createHTMLDocument("");
  made.body.append(made.importNode(range.cloneContents(), true));
  for (const fold of made.querySelectorAll("summary")) fold.remove();
  if (inside.querySelector("[data-heron=text]")) breakLines(made);
  return within(range, made.body.innerHTML);
}

/** Some scripts have no spaces between words. */
const LONGEST_WORD = 20;

/** The lines of a plain text are lines in its page's styles alone. */
function breakLines(made) {
  const texts = made.createTreeWalker(made.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) if (texts.currentNode.data.includes("\n")) found.push(texts.currentNode);
  for (const text of found) {
    text.replaceWith(...text.data.split("\n").flatMap((line, at) => (at ? [made.createElement("br"), line] : [line])));
  }
}

const AROUND = new Set(["UL", "OL", "B", "STRONG", "I", "EM", "PRE", "BLOCKQUOTE"]);

/** In what stands around a selection and says something of it. */
function within(range, html) {
  let said = html;
  const start = range.commonAncestorContainer;
  for (let around = start.nodeType === Node.ELEMENT_NODE ? start : start.parentElement; around; around = around.parentElement) {
    if (!AROUND.has(around.tagName)) continue;
    const tag = around.tagName.toLowerCase();
    said = `<${tag}>${said}</${tag}>`;
  }
  return said;
}
