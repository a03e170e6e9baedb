"""Hostile letters in the running site: every body in its frame inside a page of ours, as a reader opens it."""

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import Mailbox
from tests.render.vectors import VECTORS
from tests.web.mail import html_message, store

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


@pytest.mark.parametrize("pictures", [False, True], ids=["pictures off", "pictures shown"])
def test_nothing_runs_and_nothing_leaves(chromium: Browser, mailbox: Mailbox, pictures: bool) -> None:
    folder = mailbox.folders["INBOX"]
    rest = "/pictures" if pictures else ""
    letters = [store(mailbox.user, html_message(vector.html), folder) for vector in VECTORS]
    urls = [f"/m/{letter.pk}/body{rest}" for letter in letters]
    page = mailbox.inbox(chromium)
    dialogs: list[str] = []
    asked: list[str] = []
    page.on("dialog", lambda dialog: (dialogs.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: asked.append(request.url.removeprefix(mailbox.url)))
    for start in range(0, len(urls), 20):
        assert len(page.evaluate(_OPEN_ALL, urls[start : start + 20])) > 0
    page.wait_for_timeout(200)
    assert page.evaluate(_ALIVE) == []
    assert dialogs == []
    unexpected = [url for url in asked if url not in urls and not (pictures and url.startswith("/imgproxy/?t="))]
    assert [url for url in unexpected if not url.startswith(("/events", "/static/", "/tree"))] == []
    assert set(urls) <= set(asked)
