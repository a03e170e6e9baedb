/* What was done without a connection and waits in this browser for one. */

const KEY = "heron.waiting-acts";

export const waitingActs = () => JSON.parse(localStorage.getItem(KEY) ?? "[]");

export function storeActs(acts) {
  if (acts.length) localStorage.setItem(KEY, JSON.stringify(acts));
  else localStorage.removeItem(KEY);
  document.dispatchEvent(new CustomEvent("heron:waiting"));
}

/** Whether that act was still there to be taken away. */
export function dropAct(id) {
  const acts = waitingActs();
  storeActs(acts.filter((act) => act.id !== id));
  return acts.some((act) => act.id === id);
}
