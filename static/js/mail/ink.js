/* Logos and signs drawn in dark ink on nothing: on the dark ground that a letter has in the dark theme they would be gone.
   What is all dark is turned light, as text is; where colours stand beside it a light ground is put behind (both are styles
   of the frame, document.py). Pictures come from this site, through the proxy, so that their pixels can be looked at. */

/** So many points each way are looked at. */
const GRID = 40;
/** As it is shown: behind a large drawing the light ground would be a white sheet in a dark room. */
const TALLEST_LOGO = 200;
/** Larger ones are photographs, and slow to look at. */
const MOST_PIXELS = 2e6;

const canvas = document.createElement("canvas");
canvas.width = canvas.height = GRID;
const brush = canvas.getContext("2d", { willReadFrequently: true });

/** "dark", "mixed", or nothing where the picture is seen on any ground. */
function inkOf(picture) {
  brush.clearRect(0, 0, GRID, GRID);
  brush.imageSmoothingEnabled = false; // a point is the picture's, not a mean of ink and nothing
  brush.drawImage(picture, 0, 0, GRID, GRID);
  const { data } = brush.getImageData(0, 0, GRID, GRID);
  let clear = 0;
  let solid = 0;
  let dark = 0;
  for (let at = 0; at < data.length; at += 4) {
    if (data[at + 3] < 30) clear += 1;
    if (data[at + 3] < 200) continue; // a shadow is to be dark
    solid += 1;
    const [red, green, blue] = [data[at], data[at + 1], data[at + 2]].map((one) => (one / 255) ** 2.2);
    if (0.2126 * red + 0.7152 * green + 0.0722 * blue < 0.12) dark += 1; // less than 3:1 on the ground
  }
  // A quarter is more than the corners around a circle.
  if (clear < GRID * GRID / 4 || dark < 4) return "";
  if (dark > solid * 0.85) return "dark";
  return dark > solid * 0.15 && picture.height <= TALLEST_LOGO ? "mixed" : "";
}

function look(picture) {
  const { naturalWidth: width, naturalHeight: height } = picture;
  if (picture.dataset.ink !== undefined || !width || width * height > MOST_PIXELS) return;
  try {
    picture.dataset.ink = inkOf(picture);
  } catch {
    picture.dataset.ink = ""; // it is not of this site
  }
}

/** The pictures of a body as they come, where it is shown in dark colours. */
export function watchInk(inside) {
  const view = inside.defaultView;
  const each = () => {
    if (view.getComputedStyle(inside.documentElement).colorScheme !== "dark") return;
    for (const picture of inside.images) {
      if (picture.complete) look(picture);
      else picture.addEventListener("load", () => look(picture), { once: true });
    }
  };
  each();
  view.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", each);
}
