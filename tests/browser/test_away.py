"""Without a connection Heron opens all the same, and goes on by itself; signing out leaves nothing in the browser."""

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Mailbox


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


def test_a_page_of_ours_stands_in_and_goes_on_by_itself(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    inbox = page.url
    page.context.set_offline(True)
    page.locator(".row").first.focus()
    page.keyboard.press("e")
    expect(page.locator("#syncstate")).to_have_text("Offline, 1 change waits")
    page.goto(inbox)
    expect(page.get_by_role("heading")).to_have_text("No connection")
    expect(page.locator("#waiting")).to_have_text("Offline, 1 change waits")
    card = page.locator(".card").evaluate("(one) => getComputedStyle(one).borderRadius")
    assert card == "20px", "the page has its styles"
    assert page.url == inbox
    page.context.set_offline(False)
    expect(page.locator(".row").first).to_be_visible()
    assert page.url == inbox
    mailbox.complaints[:] = [text for text in mailbox.complaints if "ERR_INTERNET_DISCONNECTED" not in text]


def test_no_mail_is_kept_and_signing_out_leaves_nothing(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    page.locator(".row").first.click()
    page.locator("#subject").wait_for()
    page.evaluate("localStorage.setItem('heron.waiting-acts', '[]')")
    expected = ["/offline/", "/static/css/heron.css", "/static/icons.svg", "/static/img/favicon.svg"]
    assert kept_by_worker(page) == [*expected, "/static/js/page/offline.js"]
    page.locator(".ib-av").click()
    page.locator("#me-menu form button").click()
    page.wait_for_url("**/accounts/login/**")
    assert kept_by_worker(page) == []
    assert page.evaluate("localStorage.length") == 0
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0


def test_it_can_be_installed(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    told = page.context.new_cdp_session(page).send("Page.getInstallabilityErrors")
    # A window of tests is a private one, where nothing is installed.
    assert [one["errorId"] for one in told["installabilityErrors"]] in ([], ["in-incognito"])
