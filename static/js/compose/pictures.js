/* Pictures among the words: how the editor shows one, and how a file becomes one. They go with the message as they are;
   only how large they are shown is said beside them. */

import { Image, Plugin } from "django-prose-editor/editor";
import { hasWords } from "heron/compose/markup";

/** As wide as most mail programs show a message without scrolling. */
const FIT = 600;

/** A picture by its Content-ID. Where both its sides are known it says so to every mail program: Outlook reads the
    attributes alone, phones go by the style and make it as narrow as they are. */
export function mailImage(composition) {
  return Image.extend({
    inline: true,
    group: "inline",
    draggable: true,
    parseHTML: () => [{ tag: "img[src], img[data-remote]" }],
    addAttributes() {
      return {
        ...this.parent?.(),
        src: { default: null, parseHTML: (element) => (remote(element) ? null : element.getAttribute("src")) },
        // A picture of elsewhere goes along as it is, and is not fetched to be shown here: that would tell who is writing.
        remote: { default: null, parseHTML: remote, renderHTML: (attributes) => (attributes.remote ? { "data-remote": attributes.remote } : {}) },
        width: { default: null },
        height: {
          default: null,
          renderHTML: ({ width, height }) => (width && height ? { height, style: "max-width: 100%; height: auto" } : { height }),
        },
        cid: {
          default: null,
          parseHTML: (element) => element.getAttribute("data-cid"),
          renderHTML: (attributes) => (attributes.cid ? { "data-cid": attributes.cid } : {}),
        },
      };
    },
    addNodeView: () => ({ HTMLAttributes: { style: _, ...first } }) => {
      const dom = document.createElement("img");
      const paint = (attributes) => {
        dom.removeAttribute("style"); // of a size that was tried
        for (const name of ["src", "alt", "title", "width", "height", "data-cid"]) {
          const said = attributes[name] ?? null;
          if (said === null) dom.removeAttribute(name);
          else if (dom.getAttribute(name) !== String(said)) dom.setAttribute(name, said);
        }
        const isFar = Boolean(attributes["data-remote"]);
        dom.classList.toggle("far", isFar);
        if (!isFar) return;
        dom.alt ||= composition.words("picture_far");
        dom.title ||= composition.words("picture_far");
      };
      paint(first);
      const update = ({ type, attrs: { cid, remote: far, ...attributes } }) => {
        if (type.name !== "image") return false;
        paint({ ...attributes, "data-cid": cid, "data-remote": far });
        return true;
      };
      return { dom, update, ignoreMutation: () => true };
    },
    addProseMirrorPlugins() {
      const editor = this.editor;
      return [new Plugin({
        props: {
          handlePaste: (view, event) => {
            const from = event.clipboardData;
            // Spreadsheets and word processors give what was copied as a picture, too: the words are what is meant.
            if (!from || hasWords(from.getData("text/html"))) return false;
            return takePictures(composition, editor, from.files);
          },
          handleDrop: (view, event) => {
            const at = view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos;
            const taken = takePictures(composition, editor, event.dataTransfer?.files ?? [], at);
            if (taken) event.preventDefault();
            return taken;
          },
        },
      })];
    },
  });
}

/** Where a picture lies that is neither of this site nor of the words; null for all others. */
function remote(element) {
  const said = element.dataset.remote ?? element.getAttribute("src") ?? "";
  return /^https?:\/\//i.test(said) && !said.startsWith(`${location.origin}/`) ? said : null;
}

/** Uploads the pictures among `files` into the words; true when there were nothing but pictures. They stand in their
    order where they were put, whatever is written meanwhile. */
export function takePictures(composition, editor, files, position) {
  const pictures = [...files].filter((file) => /^image\/(png|jpeg|gif|webp)$/.test(file.type));
  if (!pictures.length || pictures.length !== files.length) return false;
  if (position === undefined) editor.commands.deleteSelection();
  insert(editor, position ?? editor.state.selection.from, pictures.map((file) => upload(composition, file)));
  return true;
}

async function insert(editor, position, coming) {
  let at = position;
  const follow = ({ transaction }) => { at = transaction.mapping.map(at); };
  editor.on("transaction", follow);
  for (const arriving of coming) {
    try {
      const attrs = await arriving;
      if (editor.isDestroyed) return;
      editor.commands.command(({ tr }) => Boolean(tr.insert(at, editor.schema.nodes.image.create(attrs))));
    } catch {
      // The person has been told why it is not there.
    }
  }
  editor.off("transaction", follow);
}

/** Resolves to what the editor keeps of a picture. */
export async function upload(composition, file) {
  const { url, cid, alt = file.name, ...size } = await composition.files.picture(file);
  return { src: url, cid, alt, ...("width" in size ? size : await fitting(file)) };
}

async function fitting(file) {
  const picture = await createImageBitmap(file).catch(() => null);
  return picture?.width > FIT ? bestFit(picture.width, picture.height) : {};
}

export function bestFit(width, height) { return within(width, height, FIT / width); }

/** A size in its proportions, and no larger than it is. */
export function within(width, height, scale) {
  const kept = Math.min(1, scale);
  return { width: Math.round(width * kept), height: Math.max(1, Math.round(height * kept)) };
}
