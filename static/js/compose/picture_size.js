/* How large a picture is shown: while one is selected, its corners can be dragged, and a bar below it offers sizes, above the
   field of its words. With keys, Tab leads there; one corner is a slider. Each change is one step that can be taken back. */

import { PictureText } from "heron/compose/picture_text";
import { bestFit, within } from "heron/compose/pictures";
import { walk } from "heron/compose/toolbar";

const SMALL = 240;
const LEAST = 16;
const STEP = 10;
const SIZES = [
  ["picture_small", (width, height) => within(width, height, SMALL / Math.max(width, height))],
  ["picture_fit", bestFit],
  ["picture_original", (width, height) => ({ width, height })],
];

export class PictureSize {
  /** `host` holds the editor's element, and this after it, so that Tab goes from one to the other. */
  constructor(editor, host, words) {
    this.editor = editor;
    this.host = host;
    this.words = words;
    this.picture = null;
    this.box = made("div", "picsize", { hidden: "" });
    this.edge = made("div", "edge");
    for (const corner of [["upper", "start"], ["upper", "end"], ["lower", "start"], ["lower", "end"]]) this.edge.append(this.corner(...corner));
    this.slider = this.edge.lastChild;
    const named = { role: "slider", tabindex: "0", "aria-label": words("picture_width"), "aria-valuemin": String(LEAST) };
    for (const [name, value] of Object.entries(named)) this.slider.setAttribute(name, value);
    this.slider.addEventListener("keydown", (event) => this.slide(event));
    this.bar = made("div", "sizes", { role: "toolbar", "aria-label": words("picture_size") });
    for (const choice of SIZES) this.bar.append(this.choice(...choice));
    this.told = made("output", "told", { dir: "ltr" });
    this.bar.append(this.told);
    this.text = new PictureText(editor, words("picture_text"));
    this.below = made("div", "below");
    this.below.append(this.bar, this.text.element);
    this.box.append(this.edge, this.below);
    this.box.addEventListener("keydown", (event) => this.pressed(event));
    // The editor keeps its selection, and a phone its keyboard.
    this.box.addEventListener("mousedown", (event) => { if (!event.target.closest("label")) event.preventDefault(); });
    host.append(this.box);
    this.watch = new ResizeObserver(() => this.place());
    this.watch.observe(host);
    editor.on("transaction", () => this.show());
    editor.on("destroy", () => this.watch.disconnect());
    editor.view.dom.addEventListener("keydown", (event) => {
      if (event.key !== "Tab" || event.shiftKey || this.box.hidden) return;
      event.preventDefault();
      event.stopPropagation();
      this.bar.firstChild.focus();
    }, { capture: true });
  }

  choice(name, of) {
    const button = made("button", "btn", { type: "button" });
    button.textContent = this.words(name);
    button.addEventListener("click", () => this.resize(of(this.picture.naturalWidth, this.picture.naturalHeight)));
    return button;
  }

  corner(side, end) {
    const corner = made("span", `corner ${side} ${end}`);
    const down = side === "lower" ? 1 : -1;
    corner.addEventListener("pointerdown", (event) => this.drag(event, corner, end === "end" ? along() : -along(), down));
    return corner;
  }

  /** The selected picture, or nothing. */
  show() {
    const { selection } = this.editor.state;
    const picture = selection.node?.type.name === "image" && selection.node.attrs.src ? this.editor.view.nodeDOM(selection.from) : null;
    if (picture !== this.picture) {
      if (this.picture) this.watch.unobserve(this.picture);
      if (picture) this.watch.observe(picture);
      picture?.addEventListener("load", () => this.place(), { once: true });
      const hadFocus = this.box.contains(document.activeElement);
      this.picture = picture;
      if (!picture && hadFocus) this.editor.view.focus();
    }
    this.place();
  }

  place() {
    const { picture, box } = this;
    box.hidden = !picture?.naturalWidth;
    if (box.hidden) return;
    const [at, from] = [picture.getBoundingClientRect(), this.host.getBoundingClientRect()];
    Object.assign(this.edge.style, { width: `${at.width}px`, height: `${at.height}px` });
    Object.assign(box.style, { top: `${at.top - from.top}px`, left: `${at.left - from.left}px`, width: `${at.width}px` });
    // A bar that is wider than its picture stays on the paper.
    this.below.style.left = "0px";
    const bar = this.below.getBoundingClientRect();
    this.below.style.left = `${Math.min(0, from.right - 8 - bar.right) + Math.max(0, from.left + 8 - bar.left)}px`;
    this.tell();
  }

  tell() {
    const { width, height } = this.now();
    const { naturalWidth, naturalHeight } = this.picture;
    [...this.bar.querySelectorAll("button")].forEach((button, index) => {
      const [, of] = SIZES[index];
      button.setAttribute("aria-pressed", String(of(naturalWidth, naturalHeight).width === width));
    });
    this.told.textContent = `${width} × ${height}`;
    this.slider.setAttribute("aria-valuenow", width);
    this.slider.setAttribute("aria-valuemax", Math.round(this.most()));
    this.slider.setAttribute("aria-valuetext", this.words("picture_pixels", { width, height }));
  }

  /** What it says, which may be more than the paper is wide. */
  now() {
    const { width, height } = this.picture.getBoundingClientRect();
    const said = Number(this.picture.style.width ? NaN : this.picture.getAttribute("width")) || width;
    return { width: Math.round(said), height: Math.round(said * height / width) };
  }

  most() { return Math.max(this.picture.naturalWidth, this.editor.view.dom.clientWidth); }

  to(width) {
    const { naturalWidth, naturalHeight } = this.picture;
    const kept = Math.round(Math.min(this.most(), Math.max(LEAST, width)));
    return { width: kept, height: Math.max(1, Math.round(kept * naturalHeight / naturalWidth)) };
  }

  resize({ width, height }) {
    this.picture.style.width = "";
    this.editor.commands.command(({ tr, state }) => {
      const at = state.selection.from;
      tr.setNodeAttribute(at, "width", width).setNodeAttribute(at, "height", height);
      return true;
    });
  }

  /** `across` and `down` say to which side the corner lies. */
  drag(event, corner, across, down) {
    event.preventDefault();
    const { picture } = this;
    const { width, height } = picture.getBoundingClientRect();
    let size = null;
    const moved = ({ clientX, clientY }) => {
      // How far along the diagonal the pointer is.
      const [x, y] = [width + across * (clientX - event.clientX), height + down * (clientY - event.clientY)];
      size = this.to(width * (x * width + y * height) / (width * width + height * height));
      picture.style.width = `${size.width}px`;
      this.place();
    };
    const ended = ({ type }) => {
      corner.removeEventListener("pointermove", moved);
      for (const end of ["pointerup", "pointercancel"]) corner.removeEventListener(end, ended);
      if (size && type === "pointerup" && this.picture === picture) this.resize(size);
      else picture.style.width = "";
    };
    corner.setPointerCapture(event.pointerId);
    corner.addEventListener("pointermove", moved);
    for (const end of ["pointerup", "pointercancel"]) corner.addEventListener(end, ended);
  }

  slide(event) {
    const { width } = this.now();
    const ahead = along() * STEP;
    const wanted = {
      ArrowRight: width + ahead, ArrowLeft: width - ahead, ArrowUp: width + STEP, ArrowDown: width - STEP,
      PageUp: width + 10 * STEP, PageDown: width - 10 * STEP, Home: LEAST, End: this.most(),
    }[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    this.resize(this.to(wanted));
  }

  pressed(event) {
    if (this.bar.contains(event.target)) walk(this.bar, event);
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      this.editor.view.focus();
    } else if (event.target !== this.text.field && event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.editor.commands[event.shiftKey ? "redo" : "undo"]();
    }
  }
}

/** 1 where lines run to the right. */
const along = () => (document.dir === "rtl" ? -1 : 1);

function made(tag, name, attributes = {}) {
  const element = document.createElement(tag);
  element.className = name;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}
