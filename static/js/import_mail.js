/* Files of mail on their way to be imported: in pieces, one after the other, gone on with once the connection is back. */

import { fragment } from "heron/mail/request";
import { toast } from "heron/shell";
import { words } from "heron/words";

const form = document.querySelector("form[data-import]");
const pieces = form && import("heron/compose/upload");
if (form) form.addEventListener("submit", (event) => {
  event.preventDefault();
  const { files } = form.elements.namedItem("file");
  const into = form.elements.namedItem("into").value;
  const all = [...files];
  form.elements.namedItem("file").value = "";
  all.reduce((before, file) => before.then(() => bring(file, into)).catch(() => missed(file)), Promise.resolve());
});

/** What ``PieceUpload`` asks of a composition. */
const carrier = (into) => ({
  field: (name) => form.elements.namedItem(name),
  async post(verb, data) {
    if (verb === "upload") data.set("into", into);
    try {
      const response = await fetch(verb === "upload" ? form.dataset.import : verb, {
        method: "POST", body: data, credentials: "same-origin",
        headers: { Accept: "application/json", "X-CSRFToken": form.elements.namedItem("csrfmiddlewaretoken").value },
      });
      const isJson = response.headers.get("Content-Type")?.includes("json");
      return { ok: response.ok && !response.redirected, status: response.status, body: isJson ? await response.json() : null };
    } catch {
      return { ok: false, status: 0, body: null };
    }
  },
});

const missed = (file) => toast(words("upload_offline", { name: file.name }), { bad: true });

async function bring(file, into) {
  const { PieceUpload } = await pieces;
  const line = document.createElement("li");
  const bar = document.createElement("progress");
  Object.assign(bar, { className: "bar", max: 1, value: 0 });
  bar.setAttribute("aria-label", words("uploading", { name: file.name }));
  const name = document.createElement("span");
  name.textContent = file.name;
  name.dir = "auto";
  const state = document.createElement("small");
  const stop = document.createElement("button");
  Object.assign(stop, { type: "button", className: "btn", textContent: form.dataset.cancel });
  stop.setAttribute("aria-label", words("cancel_upload", { name: file.name }));
  line.append(name, bar, state, stop);
  form.querySelector("[data-travels]").append(line);
  return new Promise((over) => {
    const upload = new PieceUpload(carrier(into), file, {
      asLink: false,
      progress: (share) => { bar.value = share; },
      state: (what) => { state.textContent = what === "waiting" ? words("upload_waiting") : ""; },
      done: ({ html }) => {
        line.remove();
        const list = document.getElementById("imports");
        list.replaceWith(fragment(html));
        globalThis.htmx?.process(document.getElementById("imports"));
        over();
      },
      failed: (reason) => {
        line.remove();
        if (reason) toast(reason, { bad: true });
        over();
      },
    });
    stop.addEventListener("click", () => upload.cancel());
    upload.run();
  });
}
