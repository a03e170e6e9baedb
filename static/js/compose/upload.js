/* One big file on its way in pieces: paused and gone on with at a click, by itself once the connection is back, and
   from where it was when the same file is chosen again after the page was closed. */

const RETRY = 4000;

export class PieceUpload {
  /** `told`: progress(share), state(name, bytes), done(answer), failed(reason, byLink). */
  constructor(composition, file, { asLink, progress, state, done, failed }) {
    this.composition = composition;
    this.file = file;
    this.asLink = asLink;
    this.told = { progress, state, done, failed };
    this.received = 0;
    this.paused = false;
    this.cancelled = false;
  }

  async run() {
    const answer = await this.begin();
    if (!answer) return;
    this.url = answer.url;
    if (this.cancelled) { // before the server had an address for it
      this.forget();
      return;
    }
    this.received = answer.received;
    while (!this.cancelled) {
      if (this.paused) await new Promise((resume) => { this.resume = resume; });
      if (this.cancelled) return;
      this.tell("going");
      const reply = await this.sendPiece(this.file.slice(this.received, this.received + answer.piece));
      if (this.cancelled) return;
      if (reply.status === 200) {
        this.received = reply.body.received;
        this.told.progress(this.received / this.file.size);
        if (reply.body.html || reply.body.link) {
          this.told.done(reply.body);
          return;
        }
      } else if (!this.paused && (reply.status === 0 || reply.status >= 500)) await this.waitForConnection();
      else if (!this.paused) {
        this.told.failed(reply.body?.error ?? `${reply.status}`, reply.body?.link);
        return;
      }
    }
  }

  async begin() {
    const data = new FormData();
    data.set("name", this.file.name);
    data.set("type", this.file.type);
    data.set("size", this.file.size);
    data.set("fingerprint", `${this.file.name} ${this.file.size} ${this.file.lastModified}`);
    if (this.asLink) data.set("link", "1");
    while (!this.cancelled) {
      const answer = await this.composition.post("upload", data);
      if (answer.ok) return answer.body;
      if (answer.status !== 0) {
        this.told.failed(answer.body?.error ?? `${answer.status}`, answer.body?.link);
        return null;
      }
      await this.waitForConnection();
    }
    return null;
  }

  /* fetch tells nothing of an upload's progress, so this is XMLHttpRequest. */
  sendPiece(bytes) {
    return new Promise((resolve) => {
      const request = new XMLHttpRequest();
      this.request = request;
      request.open("POST", `${this.url}?at=${this.received}`);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("X-CSRFToken", this.composition.field("csrfmiddlewaretoken").value);
      request.responseType = "json";
      request.upload.addEventListener("progress", (event) => this.told.progress((this.received + event.loaded) / this.file.size));
      request.addEventListener("loadend", () => resolve({ status: request.status, body: request.response }));
      request.send(bytes);
    });
  }

  tell(state) { this.told.state(state, this.received); }

  async waitForConnection() {
    this.tell("waiting");
    await new Promise((go) => {
      this.timer = setTimeout(go, RETRY);
      addEventListener("online", go, { once: true });
      this.resume = go;
    });
    clearTimeout(this.timer);
  }

  toggle() {
    this.paused = !this.paused;
    if (this.paused) {
      this.request?.abort();
      this.tell("paused");
    } else {
      this.tell("going");
      this.resume?.();
    }
  }

  forget() { this.composition.post(`${this.url}/cancel`, new FormData()); }

  cancel() {
    this.cancelled = true;
    this.request?.abort();
    this.resume?.();
    if (this.url) this.forget();
    this.told.failed("");
  }
}
