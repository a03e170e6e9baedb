/* How a composition leaves: at once, or as soon as its files are uploaded; and how it is called back. */

import { toast } from "heron/shell";
import { offerUndo } from "heron/undo";
import { words } from "heron/words";
import { forgetLocally } from "heron/compose/local";

export class Sending {
  /** `composition` is the window; the button that was pressed says how to send (archive, later, all the same). */
  constructor(composition) {
    this.composition = composition;
    this.running = false;
    this.waiting = null;
  }

  async send(button) {
    const window = this.composition;
    if (this.running) return;
    for (const row of window.recipients) row.commit();
    if (window.files.busy) {
      this.wait(button);
      return;
    }
    this.waiting = null;
    window.saving.stop();
    await window.saving.running;
    if (window.saving.conflicted) return;
    this.running = true;
    const extra = button?.name ? { [button.name]: button.value } : {};
    const answer = await window.post("send", window.data(extra));
    this.running = false;
    if (answer.ok) {
      this.sent(answer.body);
      return;
    }
    if (answer.body?.version) window.field("version").value = answer.body.version;
    window.failed(answer);
  }

  wait(button) {
    const window = this.composition;
    this.waiting = { button };
    window.alert("", {
      text: words("sent_after_upload"),
      buttons: [[words("not_yet"), () => { this.waiting = null; window.alert(""); }]],
      tone: "info",
    });
  }

  /** A file has arrived or was given up: what waited for the last one leaves, unless one is missing. */
  async settled(arrived) {
    if (!this.waiting || (arrived && this.composition.files.busy)) return;
    const { button } = this.waiting;
    this.waiting = null;
    this.composition.alert("");
    // A picture among the words is put into them before they leave.
    await new Promise((done) => { setTimeout(done); });
    if (arrived) this.send(button);
  }

  sent(told) {
    const window = this.composition;
    forgetLocally(window.id);
    if (window.section.classList.contains("full") && told.seconds) {
      // A toast would not outlive the page; the outbox offers to stop it.
      window.leave();
      location.assign("/outbox/");
      return;
    }
    window.remove();
    const milliseconds = Math.max(told.seconds * 1000, 4000);
    if (told.seconds) offerUndo(told.label, () => this.undo(told.undo), { milliseconds, expires: true });
    else toast(told.label, { milliseconds });
  }

  async undo(url) {
    const window = this.composition;
    const answer = await window.post(url, new URLSearchParams({ do: "undo" }));
    if (answer.ok) window.hooks.reopen(answer.body.draft);
    else toast(answer.body?.error ?? words("not_stopped"), { bad: true });
  }
}
