"""Hostile letters in the running site: every body in its frame inside a page of ours, as a reader opens it.

``make test`` opens our own vectors and a sample of the suites, ``make test-safety`` all of them.
"""

from collections.abc import Sequence

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Mailbox
from tests.browser.safety.browser import watched_browser
from tests.browser.safety.corpus import batches, suite_vectors
from tests.render.vectors import VECTORS, Vector
from tests.web.mail import html_message, store

SAMPLE_EVERY = 100
#: What the page around the frames asks of its own server.
_PAGES_OWN = "/static/"
_OPEN_ALL = """
urls => Promise.all(urls.map(url => new Promise(resolve => {
  const frame = document.createElement('iframe');
  frame.setAttribute('sandbox', 'allow-same-origin allow-popups allow-popups-to-escape-sandbox');
  frame.onload = () => resolve(frame.contentDocument.body.innerText.length);
  frame.src = url;
  document.body.append(frame);
})))
"""
#: What lives in the frames' own documents, beside the sheets of ours in their heads.
_ALIVE = """
() => [...document.querySelectorAll('iframe')].flatMap(frame => [...frame.contentDocument.body.querySelectorAll('*')]
  .flatMap(element => [
    ...(/^(script|iframe|object|embed|link|meta|base|style|form|svg|math)$/.test(element.localName)
        ? [element.localName] : []),
    ...[...element.attributes].map(attribute => attribute.name).filter(name => name.startsWith('on')),
    ...(element.protocol === 'javascript:' ? [element.href] : []),
  ]))
"""


def assert_nothing_runs_or_leaves(
    chromium: Browser, mailbox: Mailbox, vectors: Sequence[Vector], *, pictures: bool
) -> None:
    """Stored as the mail they would come as, opened as frames of a page of ours. All but the site lies behind our
    proxy, so that what a browser only prepares (a preconnect) is seen as well."""
    folder = mailbox.folders["INBOX"]
    rest = "/pictures" if pictures else ""
    with watched_browser(chromium) as watched:
        page = mailbox.page(chromium, proxy=watched.proxy(mailbox.url.removeprefix("http://")))
        # A page of ours that asks for nothing by itself: what is asked for comes from the frames.
        page.goto(f"{mailbox.url}/settings/appearance/")
        page.wait_for_load_state("networkidle")
        # Whether our proxy is asked is what counts; what it would fetch lies on other people's machines.
        page.route("**/imgproxy/**", lambda route: route.fulfill(status=404))
        dialogs: list[str] = []
        asked: list[str] = []
        page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: asked.append(request.url.removeprefix(mailbox.url)))
        for batch in batches(vectors, 20):
            letters = [store(mailbox.user, html_message(vector.html), folder) for vector in batch]
            urls = [f"/m/{letter.pk}/body{rest}" for letter in letters]
            asked.clear()
            page.evaluate("() => document.querySelectorAll('iframe').forEach(frame => frame.remove())")
            page.evaluate(_OPEN_ALL, urls)
            page.wait_for_timeout(50)
            names = [vector.name for vector in batch]
            assert page.evaluate(_ALIVE) == [], names
            assert dialogs == [], names
            ours = (_PAGES_OWN, "/imgproxy/?t=") if pictures else (_PAGES_OWN,)
            assert [url for url in asked if url not in urls and not url.startswith(ours)] == [], names
            assert set(urls) <= set(asked)
            assert watched.requests == [], names


@pytest.mark.parametrize("pictures", [False, True], ids=["pictures off", "pictures shown"])
def test_our_own_vectors_do_nothing(chromium: Browser, mailbox: Mailbox, pictures: bool) -> None:
    assert_nothing_runs_or_leaves(chromium, mailbox, VECTORS, pictures=pictures)


def test_a_sample_of_the_suites_does_nothing(chromium: Browser, mailbox: Mailbox) -> None:
    assert_nothing_runs_or_leaves(chromium, mailbox, suite_vectors()[::SAMPLE_EVERY], pictures=True)


@pytest.mark.safety
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("pictures", [False, True], ids=["pictures off", "pictures shown"])
def test_no_vector_does_anything(chromium: Browser, mailbox: Mailbox, pictures: bool) -> None:
    assert_nothing_runs_or_leaves(chromium, mailbox, suite_vectors(), pictures=pictures)
