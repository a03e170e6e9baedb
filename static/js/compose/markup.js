/* HTML for the editor, where the site's policy lets no page have a `style` of its own. A document of the parser is under
   that policy, too: it would complain of each style, and ProseMirror would find none, so that what is bold, aligned or
   coloured by a style alone were lost. What a script sets is allowed: so styles are parsed under another name, and set. */

const _TAG = /<[a-z](?:[^>"']|"[^"]*"|'[^']*')*>/gi;
const _STYLE = /(\s)style(\s*=)/gi;

const _SHEET = /<style\b[^]*?<\/style>/gi;
/* Of the machine or the message that words were copied from: nobody else gets to see them. */
const _LOST_PICTURE = /<img\b[^>]*?\ssrc\s*=\s*["']?(?:file|cid):[^>]*>/gi;

/** HTML to be parsed: what its styles say waits for `styled`. */
export function parsable(html) {
  const kept = html.replace(_SHEET, "").replace(_LOST_PICTURE, "");
  return kept.replace(_TAG, (tag) => tag.replace(_STYLE, "$1data-style$2"));
}

function styled(dom) {
  if (dom.ownerDocument === document) return dom; // the editor's own, which a script has made
  for (const element of dom.querySelectorAll?.("[data-style], [style]") ?? []) {
    const said = element.dataset.style ?? element.getAttribute("style");
    delete element.dataset.style;
    if (!element.style.length) element.style.cssText = said;
  }
  // An empty line, as mail programs write one: ProseMirror would make nothing of it, or two.
  for (const end of dom.querySelectorAll?.("div > br:only-child, p > br:only-child") ?? []) {
    const line = end.parentElement;
    if (line.childNodes.length > 1) continue;
    if (line.tagName === "P") end.remove();
    else line.replaceWith(dom.ownerDocument.createElement("p"));
  }
  for (const inner of dom.querySelectorAll?.("span span") ?? []) {
    const outer = inner.parentElement.closest("span").style;
    for (const name of ["color", "font-family", "font-size"]) {
      if (!inner.style.getPropertyValue(name)) inner.style.setProperty(name, outer.getPropertyValue(name));
    }
  }
  return dom;
}

/** Has a schema's parser, which ProseMirror keeps beside the schema, read such styles; `make` calls for it once. */
export function readStyles(schema, make) {
  make("<p></p>", schema);
  const parser = schema.cached.domParser;
  for (const name of ["parse", "parseSlice"]) {
    const read = parser[name].bind(parser);
    parser[name] = (dom, options) => read(styled(dom), options);
  }
}

/** Plain text for the editor: its lines are lines, and what an empty one parts are paragraphs. */
export function sliceOf(text, schema, marks) {
  const { doc, paragraph, hardBreak } = schema.nodes;
  const line = (words, at) => [...(at ? [hardBreak.create()] : []), ...(words ? [schema.text(words, marks)] : [])];
  const blocks = text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n\n");
  const made = doc.create(null, blocks.map((block) => paragraph.create(null, block.split("\n").flatMap(line))));
  return made.slice(1, made.content.size - 1);
}

/** The editor's HTML with the spaces of which HTML shows only one, or none at the start of a line, made to last. */
export function spaced(html) {
  const lasting = (spaces) => "\u00a0".repeat(spaces.length - 1) + " ";
  return html
    .replace(/<pre\b[^]*?<\/pre>|>[^<]+/g, (said) => (said[0] === "<" ? said : said.replace(/\t/g, "    ").replace(/ {2,}/g, lasting)))
    .replace(/(<(?:p|h[1-3]|br)\b[^>]*>(?:<(?:span|strong|em|u|s|a|mark|code)\b[^>]*>)*) /g, "$1\u00a0");
}

/* What a person sees of some words, and no editor changes: their text and pictures. */
const bare = (text) => text.replace(/\s+/g, "");

export function essence(fragment) {
  const pictures = [];
  fragment.descendants((node) => { if (node.type.name === "image") pictures.push(node.attrs.cid ?? ""); });
  return bare([fragment.textBetween(0, fragment.size, "\n", "\n"), ...pictures].join("\n"));
}

export function essenceOf(html) {
  const { body } = new DOMParser().parseFromString(parsable(html), "text/html");
  return bare([body.textContent, ...[...body.querySelectorAll("img")].map((img) => img.dataset.cid ?? "")].join("\n"));
}

export function hasWords(html) {
  const { body } = new DOMParser().parseFromString(parsable(html), "text/html");
  return body.textContent.trim() !== "" || body.querySelector("table") !== null;
}
