/* What another app has shared waits in this browser (static/js/worker.js puts it there): the words until a letter is
   begun with them, each file until it has arrived or is let go. */

const SHARED = "heron-shared";
const PLACE = "/share/kept/";

/** {title, text, url, lost}, `lost` being the names of files that this device had no room for; null: not here. */
export async function keptWords(id) {
  const answer = id && await (await caches.open(SHARED)).match(PLACE + id);
  return answer ? answer.json() : null;
}

/** The files in their order, as [{file, forget}]. */
export async function keptFiles(id) {
  const kept = await caches.open(SHARED);
  const mine = (await kept.keys()).filter(({ url }) => new URL(url).pathname.startsWith(`${PLACE}${id}/`));
  return Promise.all(mine.map(async (request) => {
    const answer = await kept.match(request);
    const name = decodeURIComponent(answer.headers.get("X-Name"));
    const file = new File([await answer.blob()], name, { type: answer.headers.get("Content-Type") });
    return { file, forget: () => kept.delete(request) };
  }));
}

export async function dropShared(id) {
  await Promise.all((await keptFiles(id)).map(({ forget }) => forget()));
  await (await caches.open(SHARED)).delete(PLACE + id);
}

/** The page of the letter takes the files, as if they had been picked; `lost` is told of those that are not here.
    What cannot be uploaded now is offered again when the page is opened again. */
export async function takeShared(composition, id, lost) {
  const words = await keptWords(id);
  const files = await keptFiles(id);
  composition.section.addEventListener("heron:attached", ({ detail }) => {
    files.find(({ file }) => file === detail.file)?.forget();
  });
  composition.files.add(files.map(({ file }) => file));
  for (const name of words?.lost ?? []) lost(name);
  await (await caches.open(SHARED)).delete(PLACE + id);
}
