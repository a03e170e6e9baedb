"""A browser that asks to be told of new mail, and its worker that tells. Chromium against the running site.

Its push service is out of reach here: what that does is stood in for on both sides, the page's and the worker's.
"""

import json

from playwright.sync_api import Browser, Page, expect

from mailsync.message.push_text import as_text
from mailsync.models import Device
from tests.browser.conftest import Mailbox
from tests.protocol.push_receiver import Receiver

_STAND_IN = """
    PushManager.prototype.subscribe = async ({ userVisibleOnly, applicationServerKey }) => ({
        toJSON: () => ({ endpoint: "https://push.example.net/1", keys: { p256dh: "%s", auth: "%s" } }),
        unsubscribe: async () => {},
    });
"""
_CONTROLLED = """async () => {
    const { serviceWorker } = navigator;
    const controlled = new Promise((done) => serviceWorker.addEventListener("controllerchange", done));
    if (!serviceWorker.controller) await controlled;
}"""
#: Resolves with what the worker does on the click, when it has done all of it. What a browser allows only after a real
#: click, which no script can make, is stood in for.
_CLICKED = """async (url) => {
    const did = [];
    WindowClient.prototype.focus = async function focus() { did.push(`focus ${new URL(this.url).pathname}`); };
    clients.openWindow = async (wanted) => { did.push(`open ${wanted}`); };
    await registration.showNotification("New mail", { tag: "heron-clicked", data: { url } });
    const [notification] = await registration.getNotifications({ tag: "heron-clicked" });
    const event = new NotificationEvent("notificationclick", { notification });
    const waited = [];
    event.waitUntil = (promise) => { waited.push(promise); };
    dispatchEvent(event);
    await Promise.all(waited);
    const left = await registration.getNotifications({ tag: "heron-clicked" });
    return [...did, `${left.length} left`];
}"""
#: The worker knows a page that has been left for some moments more. Resolves with whether it forgets it.
_FORGOTTEN = """async () => {
    for (let tries = 0; tries < 200; tries += 1) {
        if (!(await clients.matchAll({ type: "window" })).length) return true;
        await new Promise((done) => setTimeout(done, 50));
    }
    return false;
}"""
_TOLD = """() => navigator.serviceWorker.ready.then((it) => it.getNotifications())
    .then((all) => all.map((one) => one.title).join())"""


def _settings(mailbox: Mailbox, chromium: Browser) -> Page:
    page = mailbox.page(chromium, service_workers="allow", viewport={"width": 1440, "height": 900})
    page.context.grant_permissions(["notifications"], origin=mailbox.url)
    browser = Receiver()
    page.add_init_script(_STAND_IN % (as_text(browser.public), as_text(browser.secret)))
    page.goto(f"{mailbox.url}/settings/notifications/")
    return page


def test_a_browser_is_turned_on_and_off(chromium: Browser, mailbox: Mailbox) -> None:
    page = _settings(mailbox, chromium)
    expect(page.get_by_text("This browser cannot be told")).to_be_hidden()
    page.get_by_role("button", name="Turn on").click()
    expect(page.get_by_text("until you sign out here")).to_be_visible()
    assert Device.objects.get().user == mailbox.user
    page.get_by_role("button", name="Stop telling").click()
    expect(page.get_by_role("button", name="Turn on")).to_be_visible()
    assert not Device.objects.exists()


def test_a_click_on_a_notification_leads_the_page_that_is_open(chromium: Browser, mailbox: Mailbox) -> None:
    page = _settings(mailbox, chromium)
    page.evaluate(_CONTROLLED)
    folder = f"/f/{mailbox.folders['INBOX'].pk}/"
    did = page.context.service_workers[0].evaluate(_CLICKED, folder)
    assert did == ["focus /settings/notifications/", "0 left"]
    page.wait_for_url(f"**{folder}")
    expect(page.locator(".row").first).to_be_visible()
    assert len(page.context.pages) == 1


def test_a_click_on_a_notification_opens_a_page_where_there_is_none(chromium: Browser, mailbox: Mailbox) -> None:
    page = _settings(mailbox, chromium)
    page.evaluate(_CONTROLLED)
    worker = page.context.service_workers[0]
    page.goto("about:blank")
    assert worker.evaluate(_FORGOTTEN)
    folder = f"/f/{mailbox.folders['INBOX'].pk}/"
    assert worker.evaluate(_CLICKED, folder) == [f"open {folder}", "0 left"]


def test_the_worker_tells_where_no_page_is_in_sight(chromium: Browser, mailbox: Mailbox) -> None:
    page = _settings(mailbox, chromium)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    session = page.context.new_cdp_session(page)
    registrations: list[str] = []
    session.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda said: registrations.extend(one["registrationId"] for one in said["registrations"]),
    )
    session.send("ServiceWorker.enable")
    page.evaluate("1")
    word = {"title": "In sight", "body": "", "url": "/settings/", "tag": "heron-1"}
    about = {"origin": mailbox.url, "registrationId": registrations[0]}
    session.send("ServiceWorker.deliverPushMessage", {**about, "data": json.dumps(word)})
    page.goto("about:blank")
    # Another tag, as one would take the other's place.
    word |= {"title": "Out of sight", "tag": "heron-2"}
    session.send("ServiceWorker.deliverPushMessage", {**about, "data": json.dumps(word)})
    page.goto(f"{mailbox.url}/settings/notifications/")
    for _ in range(50):
        if page.evaluate(_TOLD):
            break
        page.wait_for_timeout(100)
    assert page.evaluate(_TOLD) == "Out of sight"
