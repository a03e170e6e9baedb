/* Icons, drawn from a copy of the sprite inside the page. The server's HTML names the sprite's own file, which needs no
   scripts; but what is drawn from another file than the page is asked for anew by each use of it, and comes some pictures
   later. A conversation has thirty. */

const uses = document.getElementsByTagName("use");
const file = uses[0]?.getAttribute("href").split("#")[0] ?? "";
let isHere = false;

/** An icon by its name, for the eye only. */
export function icon(name, css = "i") {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("class", css);
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `${isHere ? "" : file}#i-${name}`);
  svg.append(use);
  return svg;
}

/** The name of the icon inside `element`, if it has one. */
export const iconOf = (element) => element.querySelector("use")?.getAttribute("href").split("#i-")[1];

/** Has the icons below `root` drawn from the copy, once it is there; those of its templates as well. */
export function drawHere(root) {
  if (!isHere) return root;
  for (const use of root.querySelectorAll(`use[href^="${file}#"]`)) use.setAttribute("href", use.getAttribute("href").slice(file.length));
  for (const template of root.querySelectorAll("template")) drawHere(template.content);
  return root;
}

/** Puts the copy into the page: the browser has the file already. Without it all stays as it was. */
export async function bringIcons() {
  const text = await readSprite().catch(() => "");
  if (!text) return;
  const copy = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  copy.style.display = "none";
  document.body.append(copy);
  isHere = true;
  drawHere(document);
}

async function readSprite() {
  const answer = await fetch(file);
  return answer.ok && answer.headers.get("Content-Type")?.startsWith("image/svg+xml") ? answer.text() : "";
}
