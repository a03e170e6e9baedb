/* One composition: its fields, its states in the dock, its verbs. The form is the truth; every verb is one of its
   buttons, so what happens here happens without scripts too. */

import { icon } from "heron/icons";
import { say, toast } from "heron/shell";
import { words } from "heron/words";
import { discard } from "heron/compose/discarding";
import { Files } from "heron/compose/files";
import { keepNow } from "heron/compose/local";
import { Recipients } from "heron/compose/recipients";
import { Saving } from "heron/compose/saving";
import { Sending } from "heron/compose/sending";
import { Signatures } from "heron/compose/signatures";
import { Templates } from "heron/compose/templates";

export class ComposeWindow {
  constructor(section, hooks) {
    this.section = section;
    this.form = section.querySelector("form");
    this.hooks = hooks;
    this.closed = false;
    this.saving = new Saving(this);
    this.sending = new Sending(this);
    this.templates = new Templates(this);
    this.editor = null;
    section.classList.add("scripted");
    for (const shown of section.querySelectorAll("[data-scripted]")) shown.hidden = false;
    for (const gone of section.querySelectorAll("[data-noscript]")) gone.hidden = true;
    this.signatures = new Signatures(this);
    this.files = new Files(this);
    this.recipients = [...section.querySelectorAll("[data-row]")].map((row) => new Recipients(row, this));
    this.rows();
    this.listen();
    this.saving.restore();
    if (section.querySelector("[data-body]")) this.loadEditor();
  }

  get id() { return this.section.dataset.draft; }
  get isMinimised() { return this.section.dataset.state === "min"; }
  field(name) { return this.form.elements.namedItem(name); }
  url(verb) { return this.form.action.replace(/save$/, verb); }

  /* ------------------------------------------------------------------ what the person does */

  listen() {
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.run(event.submitter?.dataset.write ?? "save", event.submitter);
    });
    this.section.addEventListener("click", (event) => {
      const button = event.target.closest("[data-write]");
      if (button && (button.type === "button" || button.tagName === "A")) {
        if (button.tagName === "A") event.preventDefault();
        this.run(button.dataset.write, button);
      } else if (this.isMinimised && event.target.closest(".head")) {
        this.restore();
      }
    });
    this.section.addEventListener("input", (event) => {
      if (!event.target.closest("[data-entry], [data-picker], [data-picture], .menu.later, .menu.templates, .menu.emoji")) this.changed();
    });
    this.section.addEventListener("change", (event) => {
      if (event.target.matches("select[name=identity]")) this.signatures.signAs(event.target.value);
      if (event.target.matches("select[name=identity], select[name=remind_days], [name=request_receipt], .ticks input")) this.changed();
      if (event.target.matches("select[name=identity], .ticks input")) this.heard("ticks");
    });
    const emoji = this.section.querySelector(".menu.emoji");
    emoji.addEventListener("beforetoggle", (event) => { if (event.newState === "open") this.loadEmoji(emoji); });
    this.section.addEventListener("focusout", (event) => {
      if (!this.section.contains(event.relatedTarget)) this.save();
    });
    this.section.addEventListener("keydown", (event) => this.pressed(event));
    this.wake = () => { if (document.visibilityState === "hidden") this.save({ leaving: true }); };
    this.online = () => this.save();
    document.addEventListener("visibilitychange", this.wake);
    addEventListener("online", this.online);
  }

  pressed(event) {
    // The single keys of the list behind (E archives) mean nothing here, wherever in the window the focus is.
    if (!event.ctrlKey && !event.metaKey) event.stopPropagation();
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.run("send");
    } else if (event.key === "Escape") {
      if (this.section.querySelector(":popover-open")) return;
      event.preventDefault();
      this.run("close");
    } else if (event.key === "Enter" && event.target.matches("input.subj")) {
      event.preventDefault();
      this.focusBody();
    } else if (event.key === "Enter" && event.target.matches("[name=template_name]")) {
      event.preventDefault();
      this.run("keep-template", event.target);
    }
  }

  run(verb, button) {
    for (const open of this.section.querySelectorAll(":popover-open")) open.hidePopover();
    const verbs = {
      save: () => this.save({ always: true }),
      close: () => this.close(),
      minimise: () => (this.isMinimised ? this.restore() : this.minimise()),
      expand: () => this.expand(),
      page: () => this.toPage(),
      send: () => this.sending.send(button),
      discard: () => discard(this),
      detach: () => this.files.remove(button),
      format: () => this.format(button),
      signature: () => this.signatures.insert(),
      insert: () => this.templates.insert(button),
      "keep-template": () => this.templates.keep(),
      "keep-both": () => this.saving.keepBoth(),
      "use-other": () => this.saving.useOther(),
      "dismiss-warnings": () => this.alert(""),
    };
    return verbs[verb]?.();
  }

  changed() {
    this.saving.changed();
    const subject = this.field("subject").value.trim();
    if (subject) this.title(subject);
  }

  title(text) { this.section.querySelector("[data-title]").textContent = text; }

  save(how) { return this.saving.save(how); }

  /* ------------------------------------------------------------------ the form and the server */

  data(extra = {}) {
    this.editor?.write();
    const data = new FormData(this.form);
    data.delete("files");
    for (const [name, value] of Object.entries(extra)) data.set(name, value);
    return data;
  }

  /** POSTs to a verb of the draft: {ok, status (0: no answer), body}. */
  async post(verb, data, options = {}) {
    try {
      const response = await fetch(verb.startsWith("/") ? verb : this.url(verb), {
        method: "POST",
        body: data,
        headers: { Accept: "application/json", "X-CSRFToken": this.field("csrfmiddlewaretoken").value },
        credentials: "same-origin",
        ...options,
      });
      const isJson = response.headers.get("Content-Type")?.includes("json");
      return {
        ok: response.ok && !response.redirected,
        status: response.status,
        signedOut: response.status === 403 || (response.redirected && new URL(response.url).pathname.startsWith("/accounts/")),
        body: isJson ? await response.json() : null,
      };
    } catch {
      return { ok: false, status: 0, body: null };
    }
  }

  /** The session is over. Its next one finds the words on this device. */
  signedOut() {
    this.status(words("not_saved"), "circle-alert");
    const back = encodeURIComponent(this.url("").replace(location.origin, ""));
    this.alert("", {
      text: words("signed_out_writing"),
      buttons: [[words("sign_in"), () => location.assign(`/accounts/login/?next=${back}`)]],
      tone: "warn",
    });
  }

  /** The phrases of the page, for the editor, which imports nothing of ours. */
  words(...said) { return words(...said); }

  status(text, name = "") {
    const place = this.section.querySelector("[data-saved]");
    const said = document.createElement("span");
    said.textContent = text;
    place.replaceChildren(...(name ? [icon(name, "i i-s")] : []), said);
  }

  /** A bar above the fields; `html` comes from the server, `text` is ours, `buttons` are [label, run]. */
  alert(html, { text = "", buttons = [], tone = "danger" } = {}) {
    const place = this.section.querySelector("[data-alerts]");
    place.innerHTML = html;
    for (const shown of place.querySelectorAll("[data-scripted]")) shown.hidden = false;
    if (!text) return;
    const note = document.createElement("div");
    note.className = `note ${tone}`;
    note.setAttribute("role", "alert");
    const said = document.createElement("span");
    said.className = "grow";
    said.textContent = text;
    note.append(icon("circle-alert", "i i-s"), said);
    for (const [label, run] of buttons) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "btn";
      button.textContent = label;
      button.addEventListener("click", run);
      note.append(button);
    }
    place.append(note);
  }

  failed(answer) {
    if (answer.status === 409 && answer.body?.conflict) return this.saving.conflict(answer.body);
    if (answer.status === 404) return this.saving.lost();
    if (answer.signedOut) {
      keepNow(this);
      return this.signedOut();
    }
    if (answer.body?.warnings) {
      this.alert(answer.body.warnings);
      this.section.querySelector("[data-warnings] button")?.focus();
      return null;
    }
    const text = answer.status === 0
      ? words("message_offline")
      : answer.body?.error ?? words("did_not_work");
    this.alert("", { text });
    const field = answer.body?.field;
    const row = this.recipients.find((one) => one.name === field);
    row?.reveal();
    // Whom a letter can be encrypted for is about both.
    const about = [(row || field === "is_encrypted") && "people", /^is_/.test(field) && "ticks"].filter(Boolean);
    this.section.querySelector("[data-alerts] .note").dataset.about = about.join(" ");
    return null;
  }

  /** What Send has said of this was heard, as it is changed now. */
  heard(about) { this.section.querySelector(`[data-alerts] [data-about~=${about}]`)?.remove(); }

  async format(button) {
    if (!(await this.save())) return;
    const answer = await this.post("format", this.data({ rich: button.value }));
    if (!answer.ok) this.failed(answer);
    else {
      this.leave();
      this.hooks.replaced(answer.body.html);
    }
  }

  /** A line at the caret, as the draft is written: {html, text}. */
  insert({ html, text }) { this.insertWords({ html, text: `\n${text}\n` }); }

  insertWords({ html, text }) {
    if (this.editor) this.editor.insert(html);
    else {
      const area = this.section.querySelector("[data-plain]");
      area.setRangeText(text, area.selectionStart, area.selectionEnd, "end");
      area.focus();
    }
    this.changed();
  }

  async loadEmoji(menu) {
    if (menu.dataset.loaded) return;
    try {
      const { emojiMenu } = await import("heron/compose/emoji");
      if (menu.dataset.loaded) return; // opened twice meanwhile
      menu.dataset.loaded = "1";
      emojiMenu(menu, (text) => this.insertWords({ html: text, text }));
    } catch {
      toast(menu.dataset.failed, { bad: true });
    }
  }

  /* ------------------------------------------------------------------ the window */

  minimise() {
    if (this.section.classList.contains("full")) return;
    this.expandedBefore = this.section.dataset.state === "wide";
    this.section.dataset.state = "min";
    this.section.removeAttribute("style");
    this.save();
  }

  restore() {
    this.section.dataset.state = "";
    this.hooks.raised();
    if (this.expandedBefore) this.expand();
    this.focusFirst();
  }

  expand() {
    const wide = this.section.dataset.state !== "wide";
    this.section.dataset.state = wide ? "wide" : "";
    this.section.querySelector("[data-write=expand]")?.setAttribute("aria-pressed", String(wide));
    this.section.removeAttribute("style");
    const pane = document.querySelector(".read.pane");
    const box = pane?.getBoundingClientRect();
    if (wide && box && box.width > 480) {
      Object.assign(this.section.style, {
        left: `${box.left}px`, top: `${box.top}px`, width: `${box.width}px`, height: `${box.height}px`,
      });
    }
  }

  async toPage() {
    await this.save();
    location.assign(this.url(""));
  }

  async close() {
    if (!this.saving.touched) {
      this.post("discard", this.data({ untouched: "1" }));
      this.remove();
      return;
    }
    for (const row of this.recipients) row.commit();
    const kept = await this.save();
    if (this.saving.conflicted) return;
    if (kept) say(words("saved_in_drafts"));
    else toast(words("draft_offline"), { bad: true });
    this.remove();
  }

  /** Everything to the server; resolves to whether it is there, files too. */
  async settle() {
    for (const row of this.recipients) row.commit();
    return (await this.save()) && !this.files.busy;
  }

  remove() {
    this.leave();
    if (this.section.classList.contains("full")) {
      location.assign(this.section.dataset.next);
      return;
    }
    this.section.remove();
    this.hooks.closed();
  }

  leave() {
    this.closed = true;
    this.saving.stop();
    document.removeEventListener("visibilitychange", this.wake);
    removeEventListener("online", this.online);
    this.editor?.destroy();
  }

  /* ------------------------------------------------------------------ fields and body */

  rows() {
    for (const row of this.section.querySelectorAll("[data-row]")) {
      const empty = row.dataset.row !== "to" && !row.querySelector(`[name=${row.dataset.row}]`).value;
      row.hidden = empty && !("shown" in row.dataset);
      const link = this.section.querySelector(`[data-show=${row.dataset.row}]`);
      if (!link) continue;
      link.hidden = !row.hidden;
      link.onclick = () => {
        row.dataset.shown = "";
        this.rows();
        row.querySelector("[data-entry]").focus();
      };
    }
  }

  focusFirst() {
    const to = this.recipients[0];
    if (to && !to.value) to.focus();
    else if (!this.field("subject").value) this.field("subject").focus();
    else this.focusBody();
  }

  focusBody() {
    if (this.editor) this.editor.focus();
    else if (this.section.querySelector("[data-body]")) this.focusLater = true;
    else {
      const area = this.section.querySelector("[data-plain]");
      area.focus();
      area.setSelectionRange(0, 0);
    }
  }

  async loadEditor() {
    const area = this.section.querySelector("[data-plain]");
    area.classList.add("waiting");
    area.readOnly = true;
    try {
      const { RichText } = await import("heron/compose/editor");
      if (this.closed) return;
      this.editor = new RichText(this);
      area.hidden = true;
      area.disabled = true;
      if (this.focusLater) this.editor.focus();
    } catch (error) {
      // Without the editor the plain text is still a way to write; formatting that is not touched is kept.
      console.error(error);
      area.readOnly = false;
    }
    area.classList.remove("waiting");
  }
}
