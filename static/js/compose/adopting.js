/* Pictures that came with pasted words become files of the message: most mail programs hide what stands in the words
   themselves, and an address of this site, of another message or draft, shows nothing to anybody else. */

import { upload } from "heron/compose/pictures";

const _OURS = /^\/(?:cid|imgproxy|m\/\d+\/part|d\/\d+\/cid)\//;

export class Adopting {
  constructor(composition, editor) {
    this.composition = composition;
    this.editor = editor;
    this.own = `/d/${composition.section.dataset.draft}/cid/`;
    this.taken = new Map();
  }

  look() {
    const found = new Set();
    this.editor.state.doc.descendants(({ type, attrs }) => {
      if (type.name === "image" && this.isForeign(attrs.src ?? "")) found.add(attrs.src);
    });
    for (const src of found) {
      // Known already where it comes back by undo.
      if (!this.taken.has(src)) this.taken.set(src, fileOf(src).then((file) => upload(this.composition, file)));
      this.taken.get(src).then((picture) => this.replace(src, picture), () => {});
    }
  }

  isForeign(src) {
    if (/^data:/i.test(src)) return true;
    if (!URL.canParse(src, location.href)) return false;
    const { origin, pathname } = new URL(src, location.href);
    return origin === location.origin && _OURS.test(pathname) && !pathname.startsWith(this.own);
  }

  replace(src, { width = null, height = null, ...picture }) {
    this.editor.commands.command(({ tr }) => {
      tr.doc.descendants(({ type, attrs }, at) => {
        if (type.name !== "image" || attrs.src !== src) return;
        const size = attrs.width ? {} : { width, height };
        tr.setNodeMarkup(at, null, { ...attrs, ...picture, alt: attrs.alt, ...size });
      });
      tr.setMeta("addToHistory", false);
      return true;
    });
  }
}

/** A picture as a file; refused for one that no reader shows. */
async function fileOf(src) {
  const [, type, data] = /^data:(image\/(?:png|jpeg|gif|webp));base64,([A-Za-z0-9+/=\s]+)$/i.exec(src) ?? [];
  if (type) return named(Uint8Array.from(atob(data), (char) => char.charCodeAt(0)), type.toLowerCase());
  if (/^data:/i.test(src)) throw new Error("no picture that mail shows");
  const answer = await fetch(src);
  const blob = await answer.blob();
  if (!answer.ok || !/^image\/(?:png|jpeg|gif|webp)$/.test(blob.type)) throw new Error(`no picture: ${answer.status} ${blob.type}`);
  return named(blob, blob.type);
}

function named(bytes, type) { return new File([bytes], `picture.${type.split("/")[1]}`, { type }); }
