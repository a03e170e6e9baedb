/* How words reach the server: after a pause, on leaving the window, one request at a time; and what happens when
   they cannot, because the device is offline or another window was faster. */

import { toast } from "heron/shell";
import { words } from "heron/words";
import { forgetLocally, keepLocally, keepNow, localCopy } from "heron/compose/local";

const PAUSE = 2000;
const RETRY = 15_000;

export class Saving {
  /** `composition` is the window; its form holds the words and the version they are based on. */
  constructor(composition) {
    this.composition = composition;
    this.dirty = false;
    this.touched = !("untouched" in composition.section.dataset);
    this.running = null;
    this.conflicted = false;
  }

  changed() {
    this.dirty = true;
    this.touched = true;
    keepLocally(this.composition, () => this.dirty);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.save(), PAUSE);
  }

  stop() { clearTimeout(this.timer); }

  /** Saves; resolves to false when the words are not on the server. */
  async save({ always = false, leaving = false } = {}) {
    this.stop();
    if (this.conflicted || this.composition.closed) return !this.dirty;
    if (this.running) {
      await this.running;
      return this.dirty ? this.save({ always, leaving }) : true;
    }
    if (!this.dirty && !always) return true;
    // What is kept beyond a page's end may be refused for its size, and then nobody is left to hear of it.
    if (leaving && this.dirty) keepNow(this.composition);
    this.running = this.put(leaving).finally(() => { this.running = null; });
    return this.running;
  }

  async put(leaving) {
    const window = this.composition;
    this.dirty = false;
    window.status(words("saving"));
    const answer = await window.post("save", window.data(), { keepalive: leaving });
    if (answer.ok) {
      this.saved(answer.body);
      return true;
    }
    this.dirty = true;
    keepNow(window);
    if (answer.status === 409) this.conflict(answer.body);
    else if (answer.status === 404) this.lost();
    else if (answer.signedOut) window.signedOut();
    else {
      const reason = answer.status === 0 ? "kept_offline" : "not_saved_yet";
      window.status(answer.body?.error ?? words(reason), answer.status === 0 ? "cloud-off" : "circle-alert");
      if (!answer.body?.error) this.timer = setTimeout(() => this.save(), RETRY);
    }
    return false;
  }

  saved(facts) {
    const window = this.composition;
    window.field("version").value = facts.version;
    window.status(facts.saved, "check");
    window.title(facts.title);
    if (!this.dirty) forgetLocally(window.id);
  }

  /** Somebody saved this draft since: nothing is overwritten, and the person says which words to keep. */
  conflict(other) {
    this.conflicted = true;
    this.composition.status(words("not_saved"), "circle-alert");
    this.composition.alert(other.conflict);
  }

  /** The draft was sent or thrown away elsewhere, so there is nothing left that these words could be saved to. */
  lost() {
    this.conflicted = true;
    this.composition.status(words("not_saved"), "circle-alert");
    this.composition.alert("", {
      text: words("draft_gone"),
      buttons: [[words("keep_as_new"), () => this.keepBoth("kept_as_new")], [words("close"), () => this.giveUp()]],
      tone: "warn",
    });
  }

  async keepBoth(told = "both_kept") {
    const window = this.composition;
    const answer = await window.post("keep", window.data({ asked: "1" }));
    if (!answer.ok) {
      window.failed(answer);
      return;
    }
    if (!answer.body) { // all of it is in what was sent
      this.giveUp();
      return;
    }
    forgetLocally(window.id);
    window.leave();
    window.hooks.replaced(answer.body.html);
    toast(words(told));
  }

  giveUp() {
    forgetLocally(this.composition.id);
    this.composition.remove();
  }

  useOther() {
    const window = this.composition;
    forgetLocally(window.id);
    window.leave();
    window.section.remove();
    window.hooks.closed();
    window.hooks.reopen(window.url(""));
  }

  /** Words that this device kept when the last window could not save them. */
  restore() {
    const window = this.composition;
    const kept = localCopy(window.id);
    if (!kept) return;
    for (const [name, value] of Object.entries(kept.fields)) {
      const field = window.field(name);
      if (field && "value" in field && field.type !== "checkbox") field.value = value;
    }
    for (const row of window.recipients) row.read();
    window.rows();
    this.dirty = true;
    this.timer = setTimeout(() => this.save(), 300);
  }
}
