"""Newsletters opened, answered and printed in the product with pictures off: no request leaves, no name is looked up.

Each is stored as the mail it would come as. ``make test`` takes a sample, ``make test-safety`` the whole corpus of
newsletters and every message with HTML of the corpus of mail.
"""

import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page

from mailsync.message.bodies import choose_bodies
from mailsync.message.parse import parse_message
from tests.browser.conftest import Mailbox
from tests.browser.safety.netlog import logged_chromium
from tests.corpus import corpus_files
from tests.web.mail import html_message, store

SAMPLE = 5
#: The browser's own dialog would wait for a person.
_NO_DIALOG = "window.print = () => { window.printed = true; }"
_LINES = re.compile(r"\r?\n|\r")


def newsletters() -> list[bytes]:
    """As mail. First the files of the corpus of newsletters, then mail whose body is HTML."""
    found = [
        html_message(_LINES.sub("\r\n", path.read_text("utf-8", "replace").replace("\0", "")))
        for path in corpus_files("html")
    ]
    for path in corpus_files("mime"):
        raw = path.read_bytes()
        if b"html" in raw.lower() and choose_bodies(parse_message(raw).root).html is not None:
            found.append(raw)
    return list(dict.fromkeys(found))  # some of the mail is there twice


def read_answer_and_print(page: Page, url: str, pk: int) -> None:
    page.goto(f"{url}/m/{pk}/", wait_until="load")
    page.locator("iframe[data-frame].fitted").first.wait_for()
    page.goto(f"{url}/compose/?mode=reply&original={pk}", wait_until="load")
    page.locator("section.compose").first.wait_for()
    page.goto(f"{url}/m/{pk}/print?alone", wait_until="load")
    page.wait_for_function("() => window.printed")


def assert_private(chromium: Browser, mailbox: Mailbox, folder: Path, letters: Sequence[bytes]) -> None:
    inbox = mailbox.folders["INBOX"]
    with logged_chromium(chromium, folder) as (browser, log):
        page = mailbox.page(browser)
        page.set_default_timeout(90_000)
        page.add_init_script(_NO_DIALOG)
        for raw in letters:
            read_answer_and_print(page, mailbox.url, store(mailbox.user, raw, inbox).pk)
        page.context.close()
    mailbox.contexts.clear()
    print(f"\n{len(letters)} opened, answered and printed; {log.events} events in the browser's log of its network")
    assert log.events > len(letters)
    assert log.looked_up == set()
    assert log.requested == set()


def test_the_log_notices(chromium: Browser, tmp_path: Path) -> None:
    """A wall that is not there must show: a picture is asked for, and its name looked up."""
    with logged_chromium(chromium, tmp_path) as (browser, log):
        page = browser.new_page()
        html = '<img src="http://picture.test/x">'
        page.route("http://page.test/", lambda route: route.fulfill(body=html, content_type="text/html"))
        page.goto("http://page.test/")
        page.wait_for_timeout(500)
    assert {"http://picture.test/x"} == log.requested
    assert "picture.test" in {urlsplit(one).hostname or one for one in log.looked_up}


def test_a_sample_of_newsletters_is_private(chromium: Browser, mailbox: Mailbox, tmp_path: Path) -> None:
    files = corpus_files("html")
    letters = [html_message(path.read_text("utf-8", "replace")) for path in files[:: len(files) // SAMPLE]][:SAMPLE]
    assert_private(chromium, mailbox, tmp_path, letters)


@pytest.mark.safety
@pytest.mark.timeout(7200)
def test_newsletters_are_private(chromium: Browser, mailbox: Mailbox, tmp_path: Path) -> None:
    letters = newsletters()
    assert len(letters) >= 700
    assert_private(chromium, mailbox, tmp_path, letters)
