/* Talk with the server: parts of pages in, acts out. A session that has ended leads to the door,
   an answer that refuses becomes a `Refused` with the server's own words. */

import { drawHere } from "heron/icons";
import { words } from "heron/words";

/** How long an act waits for its answer; what was done after it waits for that, too. */
const ANSWER_MILLISECONDS = 30_000;

/** What this page calls itself, to know again what it did. */
export const pageName = Math.random().toString(36).slice(2, 12);

export class Refused extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/** Whether asking once more may help: nothing came back, or the server was in trouble. What it refuses, it refuses again. */
export function mayPass(error) {
  return error.status === 0 || error.status === 429 || error.status >= 500;
}

async function answerOf(url, options) {
  let answer;
  try {
    answer = await fetch(url, { ...options, headers: { ...options.headers, "Heron-Page": pageName } });
  } catch (error) {
    if (error.name === "AbortError" || error instanceof Refused) throw error;
    throw new Refused(words("unreachable"), 0);
  }
  if (answer.redirected && new URL(answer.url).pathname.startsWith("/accounts/")) {
    location.reload();
    throw new Refused(words("signed_out"), 401);
  }
  if (!answer.ok) {
    const plain = answer.headers.get("Content-Type")?.startsWith("text/plain");
    throw new Refused(plain ? await answer.text() : words(answer.status === 404 ? "gone" : "failed"), answer.status);
  }
  return answer;
}

/** The part of a page that goes into the element with the id `target`, as a fragment. `rehearse`
    fetches ahead of a click, so that nothing is marked as read; `body` asks for the newest body of a conversation as well;
    `more` are further headers. */
export async function part(url, target, { rehearse = false, body = false, more, signal } = {}) {
  const headers = { "HX-Request": "true", "HX-Target": target, ...more };
  if (rehearse) headers["HX-Preloaded"] = "true";
  if (body) headers["Heron-Body"] = "1";
  return fragment(await (await answerOf(url, { headers, signal })).text());
}

/** What the server says in JSON of the part of a page called `target`. */
export async function facts(url, target) {
  return (await answerOf(url, { headers: { "HX-Request": "true", "HX-Target": target } })).json();
}

/** The answer to what was sent last; a page that is left sends at once what waits for it. */
let answered = Promise.resolve();
let left = Promise.withResolvers();
addEventListener("pagehide", () => left.resolve());
addEventListener("pageshow", () => { left = Promise.withResolvers(); });

/** Resolves when everything that was sent has been answered; another promise whenever more is sent. */
export const settled = () => answered;

/** Posts fields (pairs, as a name may come often) and returns the answer's text. One after another, in the order they
    were asked for: of two on their way at once the later may arrive first, and be answered first. */
export function send(url, fields) {
  const sending = Promise.race([answered, left.promise]).then(() => post(url, fields));
  answered = sending.catch(() => {});
  return sending;
}

async function post(url, fields) {
  const body = new URLSearchParams(fields);
  const headers = { "HX-Request": "true", "X-CSRFToken": token() };
  const patience = new AbortController();
  const timer = setTimeout(() => patience.abort(new Refused(words("unanswered"), 0)), ANSWER_MILLISECONDS);
  try {
    return await (await answerOf(url, { method: "POST", headers, body, keepalive: true, signal: patience.signal })).text();
  } finally {
    clearTimeout(timer);
  }
}

function token() {
  return document.querySelector("[name=csrfmiddlewaretoken]").value;
}

export function fragment(html) {
  const holder = document.createElement("template");
  holder.innerHTML = html;
  return drawHere(holder.content);
}
