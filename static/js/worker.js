/* The service worker: where a page cannot be reached, one of ours answers in place of the browser's; and new mail is
   told where no page is open, if its reader wants that. It keeps that page and what it is made of, never mail; what
   another app shares it keeps until a letter has taken it. The server writes SHELL above this (webmail/views/shell.py). */

const KEPT = `heron-shell-${SHELL.files.join()}`;
/** As static/js/compose/shared.js reads it. */
const SHARED = "heron-shared";
const DAY = 24 * 3600 * 1000;
/** The last page could not be reached: then its styles and scripts cannot either. */
let isAway = false;

addEventListener("install", (event) => {
  // What scripts ask for never waits for this worker to start, and to say that it has no answer (Static Routing API).
  event.addRoutes?.({ condition: { requestDestination: "" }, source: "network" }).catch(() => {});
  event.waitUntil(keep().then(() => skipWaiting()));
});

addEventListener("activate", (event) => event.waitUntil(begin()));

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate" && request.method === "GET" && request.destination === "document") {
    event.respondWith(visit(event));
  } else if (request.mode === "navigate" && request.method === "POST" && new URL(request.url).pathname === SHELL.share) {
    event.respondWith(keepShared(request));
  } else if (isAway && SHELL.files.includes(new URL(request.url).pathname)) {
    event.respondWith(caches.match(request).then((kept) => kept ?? fetch(request)));
  }
});

async function keep() {
  const cache = await caches.open(KEPT);
  await cache.addAll([SHELL.page, ...SHELL.files]);
}

async function begin() {
  for (const name of await caches.keys()) if (![KEPT, SHARED].includes(name)) await caches.delete(name);
  // The page is asked for while the worker starts, so that it costs no time.
  await registration.navigationPreload?.enable();
  await clients.claim();
}

async function visit(event) {
  try {
    const answer = (await event.preloadResponse) ?? (await fetch(event.request));
    isAway = false;
    return answer;
  } catch (error) {
    const page = await caches.match(SHELL.page);
    if (!page) throw error;
    isAway = true;
    return page;
  }
}

/** What is shared is no word of who shares it: this page decides nothing. The server is asked for the one that does, and
    sees whether another site has sent the form. The id is not to be guessed, as whoever knows it could have it taken. */
async function keepShared(request) {
  const id = `${Date.now()}-${crypto.randomUUID()}`;
  try {
    const form = await request.formData();
    const kept = await caches.open(SHARED);
    await dropOld(kept);
    const lost = [];
    const files = form.getAll("files").filter((file) => file instanceof File && (file.name || file.size));
    for (const [number, file] of files.entries()) {
      try {
        const headers = { "Content-Type": file.type || "application/octet-stream", "X-Name": encodeURIComponent(file.name) };
        await kept.put(`${SHELL.share}kept/${id}/${number}`, new Response(file, { headers }));
      } catch {
        lost.push(file.name); // no room on this device
      }
    }
    const [title, text, url] = ["title", "text", "url"].map((name) => form.get(name) ?? "");
    await kept.put(`${SHELL.share}kept/${id}`, Response.json({ title, text, url, lost }));
  } catch {
    // The page finds nothing under this id, and says so.
  }
  return Response.redirect(`${SHELL.share}?id=${id}`, 303);
}

/** Nobody has come for it within a day. */
async function dropOld(kept) {
  for (const request of await kept.keys()) {
    const since = Number.parseInt(new URL(request.url).pathname.slice(`${SHELL.share}kept/`.length), 10);
    if (!(Date.now() - since < DAY)) await kept.delete(request);
  }
}

addEventListener("push", (event) => event.waitUntil(tell(event.data.json())));

/** Where a page of ours is in sight, it shows new mail itself. The next word of the same folder takes the place of this. */
async function tell({ title, body, url, tag }) {
  const open = await clients.matchAll({ type: "window", includeUncontrolled: true });
  if (open.some((page) => page.visibilityState === "visible")) return;
  await registration.showNotification(title, { body, tag, data: { url } });
}

addEventListener("notificationclick", (event) => {
  event.notification.close();
  event.waitUntil(show(event.notification.data.url));
});

/** In the page that is open, where there is one. */
async function show(url) {
  const [page] = await clients.matchAll({ type: "window" });
  if (!page) return clients.openWindow(url);
  await page.focus();
  return page.navigate(url);
}
