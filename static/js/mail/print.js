/* The page made for printing: the browser's dialog opens once every body has its height. */

import { adoptAll } from "heron/mail/frame";

const frames = [...document.querySelectorAll("iframe[data-frame]")];
const loaded = frames.map((frame) => new Promise((done) => {
  frame.addEventListener("load", done, { once: true });
  if (frame.contentDocument?.readyState === "complete" && frame.contentDocument.URL !== "about:blank") done();
}));

adoptAll();
Promise.all(loaded).then(() => setTimeout(() => print(), 200));
