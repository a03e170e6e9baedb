/* What comes from the clipboard, as mail can say it: the sheets of spreadsheets and word processors become styles of the
   elements they mean, Word's paragraphs with a bullet become lists, and colours stay where they mean something. */

import { parsable } from "heron/compose/markup";

const _SHEET = /<style\b[^>]*>([^]*?)<\/style>/gi;
/* Of the page that words were copied from, not of the words: Chromium writes it beside. */
const _SURROUNDINGS = /float:\s*none/i;

/** HTML from the clipboard for the editor; not of its own, which is as it should be. */
export function pasted(html) {
  if (html.includes("data-pm-slice")) return parsable(html);
  const sheets = [...html.matchAll(_SHEET)].map(([, css]) => css.replace(/<!--|-->/g, ""));
  const { body } = new DOMParser().parseFromString(parsable(html), "text/html");
  for (const css of sheets) apply(css, body);
  for (const font of body.querySelectorAll("font")) asSpan(font);
  for (const row of body.querySelectorAll("tr[data-style], tr[bgcolor]")) handDown(row);
  lists(body);
  for (const element of body.querySelectorAll("[data-style], [bgcolor]")) colours(element);
  return body.innerHTML;
}

/** A style of an element that waits under another name (markup.js), to be read and changed. */
function styleOf(element) {
  const style = document.createElement("span").style;
  style.cssText = element.dataset.style ?? "";
  return style;
}

function keep(element, style) {
  if (style.length) element.dataset.style = style.cssText;
  else delete element.dataset.style;
}

/** The rules of a sheet, the later ones over the earlier ones, and an element's own over all of them. */
function apply(css, body) {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  const found = new Map();
  for (const { selectorText, style } of sheet.cssRules) {
    if (!selectorText || selectorText.includes(":")) continue;
    for (const element of body.querySelectorAll(selectorText)) {
      found.set(element, `${found.get(element) ?? ""};${style.cssText}`);
    }
  }
  for (const [element, said] of found) element.dataset.style = `${said};${element.dataset.style ?? ""}`;
}

const _SIZES = [10, 13, 16, 18, 24, 32, 48];

/** LibreOffice and old pages say with <font> what a style says elsewhere. */
function asSpan(font) {
  const style = styleOf(font);
  style.color ||= font.getAttribute("color") ?? "";
  style.fontFamily ||= font.getAttribute("face") ?? "";
  const size = _SIZES[Number(font.getAttribute("size")) - 1];
  if (size) style.fontSize ||= `${size}px`;
  const span = font.ownerDocument.createElement("span");
  keep(span, style);
  span.append(...font.childNodes);
  font.replaceWith(span);
}

/** The ground of a row stands in its cells, as the editor's rows have none. */
function handDown(row) {
  const ground = styleOf(row).backgroundColor || row.getAttribute("bgcolor");
  for (const cell of ground ? row.cells : []) {
    const style = styleOf(cell);
    if (!style.backgroundColor && !cell.getAttribute("bgcolor")) style.backgroundColor = ground;
    keep(cell, style);
  }
}

/* ---------------------------------------------------------------------- Word's lists */

const _LIST = /mso-list:\s*l(\d+)\s+level(\d+)/i;

/** Word writes each point as a paragraph whose style names list and level, with its bullet as text before it. */
function lists(body) {
  let open = []; // [list, its number] of each level
  let last = null;
  for (const point of body.querySelectorAll("p, h1, h2, h3")) {
    const [, number, level] = _LIST.exec(point.dataset.style ?? "") ?? [];
    if (!number || point.closest("li")) continue;
    const bullet = takeBullet(point);
    if (!last || last.nextElementSibling !== point) open = [];
    open.length = Math.min(open.length, Number(level));
    if (open.length === Number(level) && open.at(-1).number !== number && level === "1") open = [];
    while (open.length < Number(level)) {
      const list = document.createElement(/[\p{L}\p{N}][.)]/u.test(bullet) ? "ol" : "ul");
      if (list.tagName === "OL" && Number.parseInt(bullet, 10) > 1) list.start = Number.parseInt(bullet, 10);
      const item = open.at(-1)?.list.lastElementChild;
      if (item) item.append(list);
      else point.before(list);
      open.push({ list, number });
    }
    const item = document.createElement("li");
    item.append(point);
    open.at(-1).list.append(item);
    last = open[0].list;
  }
}

/** Takes the bullet's text away and tells it. */
function takeBullet(point) {
  const mark = [...point.querySelectorAll("span")].find((one) => /mso-list:\s*ignore/i.test(one.dataset.style ?? ""));
  const text = mark?.textContent ?? "";
  mark?.remove();
  return text;
}

/* ---------------------------------------------------------------------- colours */

const brush = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });

const known = new Map();

/** How light a colour is (0…1, relative luminance) and whether it is a grey; nothing for what is seen through. */
function seen(colour) {
  if (!known.has(colour)) known.set(colour, looked(colour));
  return known.get(colour);
}

function looked(colour) {
  if (!colour || /^(?:inherit|initial|unset|revert|currentcolor)/i.test(colour)) return null;
  brush.clearRect(0, 0, 1, 1);
  brush.fillStyle = "#0000";
  brush.fillStyle = colour;
  brush.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = brush.getImageData(0, 0, 1, 1).data;
  if (alpha < 128) return null;
  const [r, g, b] = [red, green, blue].map((one) => (one / 255) ** 2.2);
  const isGrey = Math.max(red, green, blue) - Math.min(red, green, blue) < 24;
  return { light: 0.2126 * r + 0.7152 * g + 0.0722 * b, isGrey };
}

/** Lighter than this is below 2:1 on white paper; darker than that is the black of all words. */
const PALE = 0.47;
const BLACK = 0.004;

/** Words keep a colour that says something: not the black that all words have, nor the light grey of a dark page on the
    paper that mail is. Where a cell has a ground, theirs is chosen for it. What a word processor marks is marked. */
function colours(element) {
  const style = styleOf(element);
  const isCell = /^(?:TABLE|TD|TH)$/.test(element.tagName);
  if (isCell) style.backgroundColor ||= element.getAttribute("bgcolor") ?? "";
  const [ink, ground] = [seen(style.color), seen(style.backgroundColor)];
  if (isCell && ground) element.dataset.grounded = "";
  const isMarker = element.tagName === "SPAN" && ground?.light > 0.3 && !ground.isGrey && !_SURROUNDINGS.test(element.dataset.style);
  if (isMarker) {
    const mark = element.ownerDocument.createElement("mark");
    mark.dataset.color = style.backgroundColor;
    mark.append(...element.childNodes);
    element.append(mark);
  } else if (ink && (ink.light > PALE || ink.light < BLACK) && !element.closest("[data-grounded]")) style.color = "";
  if (!isCell) style.background = "";
  else shorten(style);
  keep(element, style);
}

/** A sheet says of each cell what is so anyway: of a thousand rows that would be megabytes. */
const _USUAL = {
  "font-style": "normal", "font-weight": "400", "text-decoration": "none", "vertical-align": "bottom", "white-space": "nowrap",
  "padding-top": "1px", "padding-right": "1px", "padding-bottom": "1px", "padding-left": "1px",
};

function shorten(style) {
  for (const [name, value] of Object.entries(_USUAL)) {
    if (style.getPropertyValue(name).startsWith(value)) style.removeProperty(name);
  }
  if (style.borderStyle === "none") style.border = "";
}
