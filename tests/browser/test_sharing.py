"""Another app shares something with the installed Heron: Chromium's form, the service worker, and the letter.

No browser opens its sheet of apps for a test. What it does then is done here by a form: a page of ours stands for the
browser, as both are believed, and a page of another host for another site.
"""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from playwright.sync_api import Browser, Page, expect

from mailsync.models import Draft
from tests.browser.conftest import Mailbox
from tests.browser.test_away import leave_out_the_disconnected, with_worker
from tests.browser.waiting import at_the_door

_SHARE = """([action, fields, files]) => {
  const form = document.createElement("form");
  Object.assign(form, { action, method: "POST", enctype: "multipart/form-data" });
  for (const [name, value] of Object.entries(fields)) {
    form.append(Object.assign(document.createElement("input"), { name, value }));
  }
  const given = new DataTransfer();
  for (const [name, size] of files) given.items.add(new File([new Uint8Array(size)], name, { type: "text/plain" }));
  const picked = Object.assign(document.createElement("input"), { type: "file", name: "files", multiple: true });
  picked.files = given.files;
  form.append(picked);
  document.body.append(form);
  form.submit();
}"""
WORDS = {"title": "Tides", "text": "High water at noon", "url": "https://tides.example/kiel"}
KEPT = """() => caches.open("heron-shared").then((kept) => kept.keys()).then((keys) => keys.length)"""


def share(page: Page, mailbox: Mailbox, *files: tuple[str, int], **words: str) -> None:
    page.evaluate(_SHARE, [f"{mailbox.url}/share/", words or WORDS, files])


@pytest.fixture
def elsewhere() -> Iterator[str]:
    """A page of another host, which says nothing of where it stands."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.send_header("Referrer-Policy", "no-referrer")
            self.end_headers()
            self.wfile.write(b"<!doctype html><title>Elsewhere</title><link rel=icon href=data:,>")

        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    # Another site than 127.0.0.1, where Heron is.
    yield f"http://localhost:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_is_shared_is_a_letter_with_its_words_and_files(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    share(page, mailbox, ("tide ö.txt", 30), ("log.txt", 1_500_000))
    page.wait_for_url("**/d/*/?shared=*")
    expect(page.get_by_label("Subject")).to_have_value("Tides")
    expect(page.locator(".ProseMirror")).to_contain_text("High water at noonhttps://tides.example/kiel")
    for name in ("tide ö.txt", "log.txt"):
        expect(page.locator("[data-files] [data-file]", has_text=name)).to_be_visible()
    assert {one.name for one in Draft.objects.get().attachments.all()} == {"tide ö.txt", "log.txt"}
    page.wait_for_function(f"async () => await ({KEPT})() === 0")
    page.reload()
    expect(page.locator("[data-files] [data-file]")).to_have_count(2)


def test_a_file_too_large_is_said_and_the_rest_comes_along(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    share(page, mailbox, ("film.mp4", 30_000_000), ("note.txt", 5))
    expect(page.locator("[data-files] [data-file]", has_text="note.txt")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="“film.mp4” is 30 MB")).to_be_visible()


def test_it_waits_for_a_connection(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    page.context.set_offline(True)
    share(page, mailbox, ("note.txt", 5))
    expect(page.get_by_role("heading")).to_have_text("No connection")
    page.context.set_offline(False)
    expect(page.locator("[data-files] [data-file]", has_text="note.txt")).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value("Tides")
    leave_out_the_disconnected(mailbox)


def test_it_waits_for_somebody_to_sign_in(chromium: Browser, mailbox: Mailbox) -> None:
    EmailAddress.objects.create(user=mailbox.user, email=mailbox.user.email, verified=True, primary=True)
    page = with_worker(chromium, mailbox)
    # The session alone: without the form's cookie, the page that is left behind might get another than this one.
    page.context.clear_cookies(name="sessionid")
    share(page, mailbox, ("note.txt", 5))
    at_the_door(page)
    assert not Draft.objects.exists()
    page.locator("input[name=login]").fill(mailbox.user.email)
    page.locator("input[name=password]").fill("secret")
    page.locator("form button.primary").first.click()
    expect(page.locator("[data-files] [data-file]", has_text="note.txt")).to_be_visible()
    expect(page.get_by_label("Subject")).to_have_value("Tides")


def test_another_sites_form_begins_nothing_before_a_click(chromium: Browser, mailbox: Mailbox, elsewhere: str) -> None:
    page = with_worker(chromium, mailbox)
    page.goto(elsewhere)
    share(page, mailbox, ("trap.txt", 5))
    page.wait_for_url(f"{mailbox.url}/share/**")
    begin = page.get_by_role("button", name="Begin the message")
    expect(begin).to_be_visible()
    expect(page.locator("#share")).to_contain_text("trap.txt")
    assert not Draft.objects.exists()
    page.get_by_role("button", name="Throw it away").click()
    page.wait_for_url(f"{mailbox.url}/f/**")
    assert page.evaluate(KEPT) == 0
    page.goto(elsewhere)
    share(page, mailbox, ("wanted.txt", 5))
    begin.click()
    expect(page.locator("[data-files] [data-file]", has_text="wanted.txt")).to_be_visible()


def test_another_site_without_a_worker_in_its_way_begins_nothing(
    chromium: Browser, mailbox: Mailbox, elsewhere: str
) -> None:
    page = mailbox.inbox(chromium)
    page.goto(elsewhere)
    share(page, mailbox, ("trap.txt", 5))
    expect(page.get_by_role("heading")).to_have_text("Not taken over")
    assert not Draft.objects.exists()


def test_what_is_not_here_any_more_says_so(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    page.goto(f"{mailbox.url}/share/?id=1-none")
    expect(page.locator("#share")).to_contain_text("not here any more")
    assert not Draft.objects.exists()


def test_what_nobody_comes_for_is_dropped_after_a_day(chromium: Browser, mailbox: Mailbox) -> None:
    page = with_worker(chromium, mailbox)
    old = json.dumps({"title": "Old", "text": "", "url": "", "lost": []})
    page.evaluate(
        """(old) => caches.open("heron-shared").then((kept) => kept.put("/share/kept/1000-old", new Response(old)))""",
        old,
    )
    share(page, mailbox, ("note.txt", 5))
    page.wait_for_url("**/d/*/?shared=*")
    page.wait_for_function(f"async () => await ({KEPT})() === 0")


def test_an_installed_app_takes_shares_before_anybody_signs_in(chromium: Browser, mailbox: Mailbox) -> None:
    page = mailbox.page(chromium, service_workers="allow")
    page.context.clear_cookies()
    page.goto(f"{mailbox.url}/accounts/login/")
    assert page.evaluate("navigator.serviceWorker.getRegistrations().then((all) => all.length)") == 0
    page.add_init_script(
        """const asked = window.matchMedia.bind(window);
        window.matchMedia = (query) => query === "(display-mode: browser)" ? { matches: false } : asked(query);"""
    )
    page.goto(f"{mailbox.url}/accounts/login/")
    page.evaluate("navigator.serviceWorker.ready.then(() => null)")
