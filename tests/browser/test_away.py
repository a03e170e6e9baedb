"""Without a connection Heron opens all the same, and goes on by itself; signing out leaves nothing in the browser."""

from playwright.sync_api import Browser, Page, expect

from mailsync.models import Change
from tests.browser.conftest import Mailbox
from tests.browser.waiting import at_the_door

KEPT = "localStorage.getItem('heron.waiting-acts')"


def kept_by_worker(page: Page) -> list[str]:
    kept: list[str] = page.evaluate(
        """async () => (await Promise.all((await caches.keys()).map(async (name) =>
          (await (await caches.open(name)).keys()).map((request) => new URL(request.url).pathname)))).flat()"""
    )
    return sorted(kept)


def with_worker(chromium: Browser, mailbox: Mailbox) -> Page:
    page = mailbox.inbox(chromium, service_workers="allow")
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
    page.locator("html").evaluate(
        """() => navigator.serviceWorker.controller
          || new Promise((done) => navigator.serviceWorker.addEventListener("controllerchange", done, { once: true }))
             .then(() => null)"""
    )
    return page


def archive_first(page: Page) -> str:
    """Archive the first row without a connection; its id."""
    row = page.locator(".row").first
    name = row.get_attribute("id")
    assert name
    row.focus()
    page.keyboard.press("e")
    expect(page.locator("#syncstate")).to_have_text("Offline, 1 change waits")
    return name


def leave_out_the_disconnected(mailbox: Mailbox) -> None:
    mailbox.complaints[:] = [text for text in mailbox.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


def sign_out(page: Page) -> None:
    page.locator(".ib-av").click()
    page.locator("#me-menu form button").click()


def test_a_page_of_ours_stands_in_and_goes_on_by_itself(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    inbox = page.url
    page.context.set_offline(True)
    gone = archive_first(page)
    page.goto(inbox)
    expect(page.get_by_role("heading")).to_have_text("No connection")
    expect(page.locator("#waiting")).to_have_text("Offline, 1 change waits")
    card = page.locator(".card").evaluate("(one) => getComputedStyle(one).borderRadius")
    assert card == "20px", "the page has its styles"
    assert page.url == inbox
    page.context.set_offline(False)
    expect(page.locator(".row").first).to_be_visible()
    assert page.url == inbox
    # What was done meanwhile has reached the server, once, and the browser has nothing left of it.
    page.wait_for_function(f"() => {KEPT} === null")
    expect(page.locator(f"#{gone}")).to_have_count(0)
    page.reload()
    page.locator(".scripted").first.wait_for()
    expect(page.locator(f"#{gone}")).to_have_count(0)
    assert [change.kind for change in Change.objects.all()] == ["move"]
    leave_out_the_disconnected(mailbox)


def test_what_was_sent_as_the_page_opened_is_seen_in_it_though_nobody_tells(
    chromium: Browser, mailbox: Mailbox
) -> None:
    """The page was made before the act arrived, and the stream of events may begin after it."""
    page = mailbox.inbox(chromium)
    inbox = page.url
    page.context.set_offline(True)
    gone = archive_first(page)
    page.goto("about:blank")
    page.route("**/events?*", lambda route: route.abort())
    page.context.set_offline(False)
    page.goto(inbox)
    page.wait_for_function(f"() => {KEPT} === null")
    expect(page.locator(f"#{gone}")).to_have_count(0)
    assert [change.kind for change in Change.objects.all()] == ["move"]
    mailbox.complaints.clear()  # of the stream that was cut off


def test_no_mail_is_kept_and_signing_out_leaves_nothing(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    page.locator(".row").first.click()
    page.locator("#subject").wait_for()
    page.evaluate("localStorage.setItem('heron.of-anna', '1')")
    expected = ["/offline/", "/static/css/heron.css", "/static/icons.svg", "/static/img/favicon.svg"]
    assert kept_by_worker(page) == [*expected, "/static/js/page/offline.js"]
    sign_out(page)
    at_the_door(page)
    assert kept_by_worker(page) == []
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0


def test_signing_out_without_a_connection_is_refused_and_loses_nothing(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    page.context.set_offline(True)
    sign_out(page)
    expect(page.get_by_role("alert")).to_contain_text("You are still signed in: Heron could not be reached.")
    page.keyboard.press("Escape")
    archive_first(page)
    sign_out(page)
    alert = page.get_by_role("alert").filter(has_text="1 change waits")
    expect(alert).to_have_text("You are still signed in: 1 change waits for the connection. Sign out once it is sent.")
    waiting = page.evaluate(KEPT)
    assert not Change.objects.exists()
    # On a page that sends nothing by itself the same click does both, once the line is back: what waits goes first.
    page.evaluate("localStorage.removeItem('heron.waiting-acts')")
    page.context.set_offline(False)
    page.goto(f"{mailbox.url}/settings/")
    page.evaluate("(acts) => localStorage.setItem('heron.waiting-acts', acts)", waiting)
    sign_out(page)
    at_the_door(page)
    assert [change.kind for change in Change.objects.all()] == ["move"]
    assert page.evaluate("localStorage.length") == 0
    page.goto(mailbox.url)
    expect(page.locator("input[name=password]")).to_be_visible()
    leave_out_the_disconnected(mailbox)


def test_what_scripts_ask_for_does_not_wait_for_the_worker(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    timing = """async (url) => {
      await (await fetch(url)).text();
      const [entry] = performance.getEntriesByName(new URL(url, location.href).href);
      return entry.workerMatchedRouterSource || entry.workerMatchedSourceType;
    }"""
    assert page.evaluate(timing, "/healthz?scripted") == "network"


def test_it_can_be_installed(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    browser = page.context.new_cdp_session(page)
    manifest = browser.send("Page.getAppManifest")
    assert manifest["errors"] == []
    assert manifest["manifest"]["shareTarget"]["method"] == "kPost"
    told = browser.send("Page.getInstallabilityErrors")
    # A window of tests is a private one, where nothing is installed.
    assert [one["errorId"] for one in told["installabilityErrors"]] in ([], ["in-incognito"])
