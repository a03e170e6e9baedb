/* Files of a composition: picked, dropped anywhere on the window or pasted; a bar while they travel, a tile after. */

import { icon } from "heron/icons";
import { say } from "heron/shell";
import { words } from "heron/words";

/* A file up to this size goes in one request; a larger one in pieces, to be paused and gone on with. */
const AT_ONCE = 1024 * 1024;
/* What a file weighs in a message (RFC 2045, base64 in lines). */
const ENCODED = 78 / 57;

export class Files {
  constructor(composition) {
    this.composition = composition;
    this.section = composition.section;
    this.list = this.section.querySelector("[data-files]");
    this.picker = this.section.querySelector("[data-picker]");
    this.travelling = new Set();
    // Large files are for whoever writes: the list of mail does not wait for how they travel.
    this.pieces = import("heron/compose/upload");
    this.pieces.catch(() => {});
    this.depth = 0;
    this.total = Number(this.section.dataset.total);
    this.picker.addEventListener("change", () => {
      this.add(this.picker.files);
      this.picker.value = "";
    });
    this.listen();
    this.forecast();
  }

  get busy() { return this.travelling.size > 0; }

  listen() {
    const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
    this.section.addEventListener("dragenter", (event) => {
      if (!holdsFiles(event)) return;
      this.depth += 1;
      this.section.classList.add("dropping");
    });
    this.section.addEventListener("dragleave", () => {
      this.depth -= 1;
      if (this.depth <= 0) this.quiet();
    });
    this.section.addEventListener("dragover", (event) => { if (holdsFiles(event)) event.preventDefault(); });
    this.section.addEventListener("drop", (event) => {
      this.quiet();
      if (!holdsFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      this.add(event.dataTransfer.files);
    });
  }

  quiet() {
    this.depth = 0;
    this.section.classList.remove("dropping");
  }

  add(files) {
    for (const file of files) {
      const reason = this.refusal(file);
      if (reason) this.refused(file, reason, file.size <= Number(this.section.dataset.linkLimit));
      else this.upload(file);
    }
  }

  /** Too big for mail: said why, and offered as a link where it may be. */
  refused(file, reason, byLink) {
    const link = [words("send_as_link"), () => { this.composition.alert(""); this.upload(file, { asLink: true }); }];
    this.composition.alert("", {
      text: byLink ? `${reason} ${words("link_offer")}` : reason,
      tone: byLink ? "warn" : "danger",
      buttons: byLink ? [link] : [],
    });
  }

  /** How much the message will have, once that is near to what it may have. */
  forecast() {
    const place = this.section.querySelector("[data-forecast]");
    const limit = Number(this.section.dataset.totalLimit);
    place.hidden = this.total * 2 < limit;
    place.textContent = words("forecast", { size: size(this.total * ENCODED), limit: size(limit * ENCODED) });
  }

  /** Why a file cannot be taken, known before it travels; "" when it can. */
  refusal(file) {
    const limit = Number(this.section.dataset.fileLimit);
    const whole = Number(this.section.dataset.totalLimit);
    const coming = [...this.travelling].reduce((sum, one) => sum + one.size, 0);
    if (file.size > limit) {
      return words("file_too_large", { name: file.name, size: size(file.size), limit: size(limit) });
    }
    if (this.total + coming + file.size > whole) {
      return words("message_too_large", { name: file.name, limit: size(whole) });
    }
    return "";
  }

  /** A file has arrived, or will not. */
  settle(file, arrived) {
    this.travelling.delete(file);
    if (arrived) this.section.dispatchEvent(new CustomEvent("heron:attached", { detail: { file } }));
    this.composition.sending.settled(arrived);
  }

  upload(file, { asLink = false } = {}) {
    const tile = this.tile(file);
    this.list.append(tile);
    // On a phone it would lie below the words and the signature, and nothing be seen to happen.
    this.list.scrollIntoView({ block: "nearest" });
    this.travelling.add(file);
    const bar = tile.querySelector("progress");
    const told = {
      progress: (share) => { bar.value = share; },
      done: (answer) => {
        if (answer.html) tile.insertAdjacentHTML("afterend", answer.html);
        tile.remove();
        if (!asLink) this.total += file.size;
        this.arrived(file, answer);
      },
      failed: (reason, byLink = false) => {
        tile.remove();
        this.settle(file, false);
        if (byLink) this.refused(file, reason, true);
        else if (reason) this.composition.alert("", { text: reason, buttons: [[words("retry"), () => { this.composition.alert(""); this.upload(file, { asLink }); }]] });
      },
    };
    const [pause, stop] = tile.querySelectorAll("button");
    if (file.size <= AT_ONCE && !asLink) {
      pause.remove();
      const request = this.send(file, told);
      stop.addEventListener("click", () => request.abort());
      return;
    }
    this.pieces.then(({ PieceUpload }) => {
      const pieces = new PieceUpload(this.composition, file, { ...told, asLink, state: (state, done) => this.paint(tile, file, state, done) });
      pause.addEventListener("click", () => pieces.toggle());
      stop.addEventListener("click", () => pieces.cancel());
      pieces.run();
    }, () => told.failed(words("upload_offline", { name: file.name })));
  }

  /** The words of a tile under way: how far it is, or what it waits for. */
  paint(tile, file, state, done) {
    const key = { going: "upload_so_far", paused: "upload_paused", waiting: "upload_waiting" }[state];
    tile.querySelector("small").textContent = words(key, { done: size(done), size: size(file.size) });
    const pause = tile.querySelector("button");
    pause.replaceChildren(icon(state === "paused" ? "play" : "pause", "i i-s"));
    pause.setAttribute("aria-label", words(state === "paused" ? "resume_upload" : "pause_upload", { name: file.name }));
    tile.classList.toggle("paused", state !== "going");
  }

  arrived(file, answer) {
    this.composition.saving.touched = true;
    if (answer.link) this.composition.insert(answer.link);
    say(words(answer.link ? "link_ready" : "attached", { name: file.name }));
    this.forecast();
    this.settle(file, true);
  }

  /** Files that are on the server already, as tiles. */
  came(html, bytes) {
    this.list.insertAdjacentHTML("beforeend", html);
    this.total += bytes;
    this.forecast();
  }

  /** A picture for the words: resolves to {url, cid}. */
  picture(file) {
    return new Promise((resolve, reject) => {
      const reason = this.refusal(file);
      if (reason) {
        this.composition.alert("", { text: reason });
        reject(new Error(reason));
        return;
      }
      this.travelling.add(file);
      this.send(file, {
        inline: true,
        progress: () => {},
        done: (answer) => { this.total += file.size; resolve(answer); this.settle(file, true); },
        failed: (reason_) => { this.settle(file, false); if (reason_) this.composition.alert("", { text: reason_ }); reject(new Error(reason_)); },
      });
    });
  }

  /* fetch tells nothing of an upload's progress, so this is the one place for XMLHttpRequest. */
  send(file, { inline = false, progress, done, failed }) {
    const data = new FormData();
    data.append("files", file, file.name || "picture.png");
    if (inline) data.append("inline", "1");
    const request = new XMLHttpRequest();
    request.open("POST", this.composition.url("attach"));
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("X-CSRFToken", this.composition.field("csrfmiddlewaretoken").value);
    request.responseType = "json";
    request.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable) progress(event.loaded / event.total);
    });
    request.addEventListener("load", () => {
      if (request.status === 200 && request.response) done(request.response);
      else failed(request.response?.error ?? words("not_uploaded", { name: file.name, status: request.status }));
    });
    request.addEventListener("error", () => failed(words("upload_offline", { name: file.name })));
    request.addEventListener("abort", () => failed(""));
    request.send(data);
    return request;
  }

  tile(file) {
    const tile = document.createElement("li");
    tile.className = "file";
    const badge = document.createElement("span");
    badge.className = "ft h205";
    badge.setAttribute("aria-hidden", "true");
    badge.textContent = (file.name.match(/\.([a-z0-9]{1,4})$/i)?.[1] ?? words("file")).toUpperCase();
    const text = document.createElement("span");
    text.className = "grow";
    const name = document.createElement("b");
    name.textContent = file.name;
    const bar = document.createElement("progress");
    bar.className = "bar";
    bar.max = 1;
    bar.value = 0;
    bar.setAttribute("aria-label", words("uploading", { name: file.name }));
    text.append(name, document.createElement("small"), bar);
    const pause = document.createElement("button");
    pause.type = "button";
    pause.className = "ib";
    pause.setAttribute("aria-label", words("pause_upload", { name: file.name }));
    pause.append(icon("pause", "i i-s"));
    const stop = document.createElement("button");
    stop.type = "button";
    stop.className = "ib";
    stop.setAttribute("aria-label", words("cancel_upload", { name: file.name }));
    stop.append(icon("x", "i i-s"));
    tile.append(badge, text, pause, stop);
    return tile;
  }

  async remove(button) {
    const tile = button.closest("[data-file]");
    tile.hidden = true;
    const answer = await this.composition.post(new URL(button.formAction).pathname, new FormData());
    if (!answer.ok && answer.status !== 404) {
      tile.hidden = false;
      this.composition.failed(answer);
      return;
    }
    this.total -= Number(tile.dataset.size);
    this.forecast();
    const next = tile.nextElementSibling ?? tile.previousElementSibling;
    tile.remove();
    (next?.querySelector("button") ?? this.section.querySelector("[data-pick]"))?.focus();
  }
}

function size(bytes) {
  const megabytes = bytes / 1e6;
  const said = (value) => value.toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
  return megabytes >= 1 ? `${said(megabytes)} MB` : `${said(Math.max(1, Math.round(bytes / 1000)))} kB`;
}
