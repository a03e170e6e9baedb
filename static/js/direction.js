/* Which way lines run. Where they run from right to left, arrows along a line and places on it turn round. */

const isRightToLeft = () => document.dir === "rtl";

/** 1 for the arrow that points along the line, -1 for the one that points back, 0 for another key. */
export const stepOf = (key) => ({ ArrowRight: 1, ArrowLeft: -1 }[key] ?? 0) * (isRightToLeft() ? -1 : 1);

/** How far `x` lies behind the start of a box, along the line. */
export const along = (box, x) => (isRightToLeft() ? box.right - x : x - box.left);

/** The left edge of a box of this width that starts `indent` behind the start of `from`, whole on the screen. */
export function leftOf(from, width, indent = 0) {
  const left = isRightToLeft() ? from.right - indent - width : from.left + indent;
  return Math.max(8, Math.min(left, innerWidth - width - 8));
}
