"""Newsletters opened, answered and printed in the product with pictures off: no request leaves, no name is looked up.

Each is delivered as the mail it would come as, some of them in one conversation: so one page opens them all, answers
each in its dock, and one prints them. ``make test`` takes a sample, ``make test-safety`` the whole corpus of
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
from tests.browser.safety.corpus import batches
from tests.browser.safety.letters import Delivered, deliver
from tests.browser.safety.netlog import logged_chromium
from tests.corpus import corpus_files
from tests.web.mail import html_message

SAMPLE = 5
#: So many letters are one conversation, and so many conversations are read by one browser with one log.
BATCH, CONVERSATIONS = 15, 10
#: The browser's own dialog would wait for a person.
_NO_DIALOG = "window.print = () => { window.printed = true; }"
_LINES = re.compile(r"\r?\n|\r")
#: Answers in the dock, as a click on Reply does, unfolds the original below the answer, and puts the answer away.
_ANSWER = """
async pk => {
  const wait = async (found, what) => {
    for (let tries = 0; tries < 4000; tries++) {
      const it = found();
      if (it) return it;
      await new Promise(done => setTimeout(done, 10));
    }
    throw new Error(`${what} of ${pk} did not come`);
  };
  document.querySelector(`#m${pk} a[data-compose][href*="mode=reply&"]`).click();
  const dock = document.getElementById('dock');
  const answer = await wait(() => dock.querySelector(`.compose[data-original="/m/${pk}/body"]`), 'The answer');
  await wait(() => answer.querySelector('.ProseMirror'), 'The editor');
  const original = answer.querySelector('details.orig');
  if (original) {
    original.open = true;
    const frame = await wait(() => original.querySelector('iframe'), 'The frame of the original');
    await wait(() => frame.contentDocument?.URL !== 'about:blank' && frame.contentDocument?.readyState === 'complete',
      'The original');
  }
  answer.querySelector('[data-write=close]').click();
  await wait(() => !answer.isConnected, 'The end');
  return Boolean(original);
}
"""


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


def read_answer_and_print(page: Page, url: str, sent: Delivered) -> None:
    page.goto(url + sent.path, wait_until="load")
    # Some letters of the corpus answer each other: then what was read before is there as well.
    ids = list(dict.fromkeys(sent.ids))
    page.wait_for_function("ids => ids.every(id => document.querySelector(`#m${id} iframe.fitted`))", arg=ids)
    for pk in ids:
        assert page.evaluate(_ANSWER, pk), f"the answer to {pk} shows no original"
    page.goto(f"{url}/m/{ids[-1]}/print", wait_until="load")
    page.wait_for_function("() => window.printed")
    assert page.locator("iframe[data-frame]").count() >= len(ids)
    page.emulate_media(media="print")
    page.wait_for_timeout(50)
    page.emulate_media(media="screen")


def assert_private(chromium: Browser, mailbox: Mailbox, folder: Path, letters: Sequence[bytes]) -> None:
    inbox = mailbox.folders["INBOX"]
    events = 0
    for part in batches(letters, BATCH * CONVERSATIONS):
        with logged_chromium(chromium, folder) as (browser, log):
            page = mailbox.page(browser, viewport={"width": 1280, "height": 900})
            page.set_default_timeout(90_000)
            page.add_init_script(_NO_DIALOG)
            for batch in batches(part, BATCH):
                read_answer_and_print(page, mailbox.url, deliver(inbox, batch))
            page.context.close()
        mailbox.contexts.clear()
        # A page alone is dozens of events: with fewer, the log was not written and knows of nothing.
        assert log.events > 100 * len(part)
        assert log.looked_up == set()
        assert log.requested == set()
        events += log.events
    print(f"\n{len(letters)} opened, answered and printed; {events} events in the browser's log of its network")


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
