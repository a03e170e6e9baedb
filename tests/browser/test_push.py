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
