/* Letters made for a wide screen, read on a narrow one. Made small as a whole their text could not be read, so what is as
   wide as somebody's desktop gives way instead: tables and blocks take the width there is, pictures, margins and headlines
   become smaller by as much as the letter is too wide, and text runs anew at its own size. It is done by styles alone,
   which are put back: a letter that gains nothing by it, or is shown wider later, is as it was sent. */

/** Where a letter becomes smaller than this, its text is better laid out anew. */
export const LEGIBLE_SCALE = 0.8;
/** Larger letters are data rather than layout, and slow to lay out twice. */
const MOST_ELEMENTS = 4000;
/** What is smaller stays as it is: signs, and the gaps between words. */
const SMALL = { picture: 48, padding: 8, text: 20 };
const TABLE = /^(TABLE|TBODY|THEAD|TFOOT|TR|TD|TH)$/;

/** Lay out the letter for `room` pixels. Returns what takes that back. */
export function reflow(inside, room) {
  const wide = inside.documentElement.scrollWidth;
  const [start, end] = ["start", "end"].map((side) => around(inside, side));
  const factor = (room - start - end) / (wide - start);
  const all = inside.body.querySelectorAll("*");
  if (all.length > MOST_ELEMENTS) return () => {};
  const wishes = [...all].flatMap((one) => wishesFor(one, inside.defaultView.getComputedStyle(one), { room, factor }));
  const before = new Map(wishes.map(([one]) => [one, one.getAttribute("style")]));
  for (const [one, name, value] of wishes) one.style.setProperty(name, value, "important");
  const undo = () => {
    for (const [one, style] of before) {
      if (style === null) one.removeAttribute("style");
      else one.setAttribute("style", style);
    }
  };
  // What is left is no wider than a tenth less: then the letter is better off as its sender has made it.
  if (inside.documentElement.scrollWidth < wide * 0.9) return undo;
  undo();
  return () => {};
}

/** What the letter itself leaves free beside it, which stays. */
function around(inside, side) {
  const style = inside.defaultView.getComputedStyle(inside.body);
  return ["margin", "padding"].reduce((sum, name) => sum + parseFloat(style.getPropertyValue(`${name}-inline-${side}`)), 0);
}

/** Triples of an element, a property and its value; `style` is how it is drawn now. */
function wishesFor(one, style, { room, factor }) {
  const width = one.offsetWidth;
  const smaller = (name, least) => {
    const pixels = parseFloat(style.getPropertyValue(name));
    return pixels > least ? [[one, name, `${Math.max(least, pixels * factor)}px`]] : [];
  };
  if (one.tagName === "IMG") {
    if (width <= SMALL.picture) return [];
    return [[one, "width", `${width * factor}px`], [one, "height", `${one.offsetHeight * factor}px`], [one, "min-width", "0"]];
  }
  const wishes = [
    ...smaller("padding-inline-start", SMALL.padding),
    ...smaller("padding-inline-end", SMALL.padding),
    ...smaller("font-size", SMALL.text),
  ];
  if (TABLE.test(one.tagName)) {
    wishes.push([one, "width", "auto"], [one, "min-width", "0"]);
    if (one.tagName === "TABLE") wishes.push([one, "max-width", "100%"]);
    else if (style.whiteSpace === "nowrap") wishes.push([one, "white-space", "normal"]);
  } else if (width > room && style.display !== "inline") {
    wishes.push([one, "width", "auto"], [one, "min-width", "0"], [one, "max-width", "100%"], [one, "box-sizing", "border-box"]);
    if (one.style.height) wishes.push([one, "height", "auto"]);
  }
  return wishes;
}
