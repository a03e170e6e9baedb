/* A page without a list hears what happens while an answer is written on it: from the tab that holds the event stream
   (heron/mail/live), else by a stream of its own, which asks for no lock: that tab is the one that notifies. */

const LOOK_MILLISECONDS = 60_000;
let source = null;
let isListening = false;

const hear = (event) => document.dispatchEvent(new CustomEvent("heron:event", { detail: event }));

export function listen() {
  if (isListening) return;
  isListening = true;
  new BroadcastChannel("heron-live").addEventListener("message", ({ data }) => { if (!source) hear(data); });
  look();
  setInterval(look, LOOK_MILLISECONDS);
  addEventListener("pagehide", end);
  addEventListener("pageshow", ({ persisted }) => { if (persisted) look(); });
}

async function look() {
  const isTold = (await navigator.locks?.query())?.held.some((lock) => lock.name === "heron-live");
  if (isTold) end();
  else source ??= begin();
}

function begin() {
  const made = new EventSource("/events");
  made.addEventListener("message", ({ data }) => {
    const event = JSON.parse(data);
    if (event.kind === "signed_out" || event.kind === "busy") end();
    else if (event.kind !== "hello") hear(event);
  });
  return made;
}

function end() {
  source?.close();
  source = null;
}
