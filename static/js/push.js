/* Settings, Notifications: this browser asks to be told of new mail while no page is open. The browser asks its reader,
   its push service gives an address, and the server is told that address with the keys to it. */

import { toast } from "heron/shell";

const button = document.querySelector("[data-push-key]");
const isAble = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;

if (button && isAble) {
  button.hidden = false;
  document.getElementById("push-unable").hidden = true;
  const forgotten = forgetOld().catch(() => {});
  button.addEventListener("click", async () => {
    button.disabled = true;
    try {
      await forgotten;
      await subscribe();
      location.reload();
    } catch (error) {
      toast(error.name === "NotAllowedError" ? button.dataset.denied : button.dataset.failed, { bad: true });
      button.disabled = false;
    }
  });
}

async function subscribe() {
  if ((await Notification.requestPermission()) !== "granted") throw new DOMException("", "NotAllowedError");
  const { pushManager } = await navigator.serviceWorker.ready;
  const made = await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: button.dataset.pushKey });
  const { endpoint, keys } = made.toJSON();
  const answer = await fetch(button.form.action, {
    method: "POST",
    body: new URLSearchParams({ endpoint, ...keys }),
    headers: { "X-CSRFToken": button.form.elements.namedItem("csrfmiddlewaretoken").value },
  });
  if (answer.ok) return;
  await made.unsubscribe();
  throw new Error(`${answer.status}`);
}

/** The server tells this browser nothing more: then its push service need not keep an address for us. */
async function forgetOld() {
  const registration = await navigator.serviceWorker.getRegistration();
  const old = await registration?.pushManager.getSubscription();
  await old?.unsubscribe();
}
