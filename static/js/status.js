/* The status page of an account draws itself anew when a worker has been at it. One tab of a browser
   holds the event stream and tells the others, as in the mailbox; without it the part asks every minute. */

const GATHER_MILLISECONDS = 400;
const page = document.getElementById("sync-status");
const channel = new BroadcastChannel("heron-live");
const KINDS = ["account", "folder", "notice", "resync"];

let gathering = null;

function hear(event) {
  if (!page || !KINDS.includes(event.kind) || (event.account && String(event.account) !== page.dataset.account)) return;
  clearTimeout(gathering);
  gathering = setTimeout(() => document.body.dispatchEvent(new Event("heron:status")), GATHER_MILLISECONDS);
}

function listen() {
  return new Promise((done) => {
    const source = new EventSource(`/events?since=${page.dataset.made}`);
    source.addEventListener("message", ({ data }) => {
      const event = JSON.parse(data);
      if (event.kind === "hello") return;
      channel.postMessage(event);
      hear(event);
      if (event.kind === "signed_out" || event.kind === "busy") source.close();
    });
    addEventListener("pagehide", () => { source.close(); done(); }, { once: true });
  });
}

if (page) {
  channel.addEventListener("message", ({ data }) => hear(data));
  if (navigator.locks) navigator.locks.request("heron-live", listen);
  else listen();
}
