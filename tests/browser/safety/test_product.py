"""Hostile letters in the running site: delivered as mail, opened dozens at a time in a conversation on the product's
own page, then opened again with their pictures.

``make test`` opens our own vectors and a sample of the suites, ``make test-safety`` all of them.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Response

from tests.browser.conftest import Mailbox
from tests.browser.safety.browser import Watched, watched_browser
from tests.browser.safety.corpus import batches, suite_vectors
from tests.browser.safety.letters import Delivered, deliver
from tests.render.vectors import VECTORS, Vector
from tests.web.mail import html_message
from webmail.render.doctype import MODES

SAMPLE_EVERY = 100
#: The empty frames that wait for the next body.
FRAMES = tuple(f"/frame/{mode}" for mode in MODES)
#: So many frames stand in one page, and so many pages are shown in one window before another one is opened.
BATCH, PAGES = 30, 40
#: The whole is cut into runs that are each a mailbox of their own.
PARTS = 4
#: What lives in the frames' own documents, beside the sheets of ours in their heads; and in the page around them,
#: whose heads are made of hostile subjects and names.
_ALIVE = """
() => {
  const frames = [...document.querySelectorAll('iframe[data-frame]')];
  const alive = frames.flatMap(frame => [...frame.contentDocument.body.querySelectorAll('*')].flatMap(element => [
    ...(/^(script|iframe|object|embed|link|meta|base|style|form|svg|math)$/.test(element.localName)
        ? [element.localName] : []),
    ...[...element.attributes].map(attribute => attribute.name).filter(name => name.startsWith('on')),
    ...(element.protocol === 'javascript:' ? [element.href] : []),
  ]));
  const handlers = [...document.querySelectorAll('*')].flatMap(element =>
    [...element.attributes].map(attribute => attribute.name).filter(name => name.startsWith('on')));
  return {alive: [...alive, ...handlers], frames: frames.length};
}
"""
_BODY = re.compile(r"/m/\d+/body(/pictures)?")
_SHOW_PICTURES = """
() => {
  const links = [...document.querySelectorAll('[data-show-pictures]')];
  links.forEach(link => link.click());
  return links.length;
}
"""
_SHOWN_AGAIN = """
count => [...document.querySelectorAll('iframe[data-frame]')].filter(frame =>
  frame.contentDocument.URL.includes('/pictures') && frame.contentDocument.readyState === 'complete').length === count
"""


class Reading:
    """A window in which conversations are opened. All but the site lies behind our proxy, so that what a browser only
    prepares (a preconnect) is seen as well."""

    def __init__(self, page: Page, mailbox: Mailbox, watched: Watched) -> None:
        self.page, self._url, self._watched = page, mailbox.url, watched
        self._list = f"/f/{mailbox.folders['INBOX'].pk}/"
        self._path = self._list
        self._dialogs: list[str] = []
        self._asked: list[str] = []
        self._bodies: dict[str, int] = {}
        #: What the page that was opened last may ask for.
        self._known: set[str] = set()
        self._allowed: tuple[str, ...] = ()
        #: So many bodies were shown with their pictures.
        self.shown = 0
        # Whether our proxy is asked is what counts; what it would fetch lies on other people's machines.
        page.route("**/imgproxy/**", lambda route: route.fulfill(status=404))
        page.on("dialog", lambda dialog: (self._dialogs.append(dialog.message), dialog.dismiss()))
        page.on("request", lambda request: self._asked.append(request.url.removeprefix(mailbox.url)))
        page.on("response", self._note)

    def _note(self, response: Response) -> None:
        path = response.url.removeprefix(self._url).partition("?")[0]
        if _BODY.fullmatch(path):
            self._bodies[path] = response.status

    def troubles(self, path: str, ids: Sequence[int]) -> list[str]:
        """What the messages on this page did that they must not; first without, then with their pictures."""
        late = self.take_left_over()
        assert not late, f"after a page was judged: {late}"
        self._bodies.clear()
        # The page before may ask what came into its own conversation until it is left.
        self._known, self._allowed = {self._path, path, self._list, "/events", "/tree/", *FRAMES}, ()
        self._path = path
        # The page has loaded when all of its frames have.
        self.page.goto(self._url + path, wait_until="load")
        bodies = [f"/m/{pk}/body" for pk in ids]
        found = self.found(bodies)
        count = self.page.evaluate(_SHOW_PICTURES)
        if count:
            self._allowed = ("/imgproxy/?t=",)
            self.page.wait_for_function(_SHOWN_AGAIN, arg=count, polling=20)
            found += self.found(bodies)
            assert sum(one.endswith("/pictures") for one in self._bodies) == count
            self.shown += count
        return found

    def found(self, bodies: Sequence[str]) -> list[str]:
        """What is alive, and what was asked for but the messages' bodies and the page's own."""
        self.page.wait_for_timeout(50)
        inside = self.page.evaluate(_ALIVE)
        assert inside["frames"] == len(bodies)
        assert set(bodies) <= set(self._bodies)
        assert set(self._bodies.values()) == {200}
        return [*inside["alive"], *self.take_left_over()]

    def take_left_over(self) -> list[str]:
        """What was heard since the last look and may not be: the page itself, the list and the column beside it,
        their news and the empty frame for the next body may."""
        known = {*self._known, *self._bodies}
        elsewhere = [
            url
            for url in self._asked
            if url.partition("?")[0] not in known and not url.startswith(("/static/", *self._allowed))
        ]
        left = [*self._dialogs, *elsewhere, *self._watched.requests]
        for heard in (self._dialogs, self._asked, self._watched.requests):
            heard.clear()
        return left


@contextmanager
def reading(chromium: Browser, mailbox: Mailbox) -> Iterator[Reading]:
    with watched_browser(chromium) as watched:
        page = mailbox.page(chromium, proxy=watched.proxy(mailbox.url.removeprefix("http://")))
        page.set_default_timeout(90_000)
        yield Reading(page, mailbox, watched)
        page.context.close()


def assert_nothing_runs_or_leaves(chromium: Browser, mailbox: Mailbox, vectors: Sequence[Vector]) -> None:
    opened = shown = 0
    for part in batches(vectors, BATCH * PAGES):
        with reading(chromium, mailbox) as window:
            for batch in batches(part, BATCH):
                sent = deliver(mailbox.folders["INBOX"], [html_message(vector.html) for vector in batch])
                found = window.troubles(sent.path, list(dict.fromkeys(sent.ids)))
                if found:
                    pytest.fail(f"{_guilty(window, batch, sent) or 'only together'}: {found}")
                opened += len(batch)
            # What came after the last page had been judged.
            window.page.wait_for_timeout(300)
            assert window.take_left_over() == []
            shown += window.shown
        mailbox.contexts.clear()
    assert shown > 0, "none of them was opened with its pictures"
    print(f"\n{opened} opened with pictures off, {shown} with them shown")


def _guilty(window: Reading, batch: Sequence[Vector], sent: Delivered) -> list[str]:
    """Those that do something alone, each in a page of its own."""
    guilty = []
    for vector, pk in zip(batch, sent.ids, strict=True):
        window.take_left_over()
        if window.troubles(f"/m/{pk}/", [pk]):
            guilty.append(vector.name)
    return guilty


def test_the_harness_notices(chromium: Browser, mailbox: Mailbox) -> None:
    """Walls that are not there must show: a form in a body, a way out, and a way out once the page has been judged."""
    sent = deliver(mailbox.folders["INBOX"], [html_message('<p>Hello</p><img src="https://pictures.test/a.png">')])
    with reading(chromium, mailbox) as window:
        assert window.troubles(sent.path, sent.ids) == []
        assert window.shown == 1
        window.page.evaluate(
            """() => {
              const inside = document.querySelector('iframe').contentDocument;
              inside.body.append(inside.createElement('form'));
            }"""
        )
        with window.page.expect_popup():
            window.page.evaluate("() => void open('https://evil.test/')")
        found = window.found([f"/m/{sent.ids[0]}/body"])
        assert window.take_left_over() == []
        with window.page.expect_popup():
            window.page.evaluate("() => void open('https://late.test/')")
        window.page.wait_for_timeout(50)
        with pytest.raises(AssertionError, match=r"after a page was judged.*CONNECT late\.test:443"):
            window.troubles(sent.path, sent.ids)
    assert found[0] == "form"
    assert "CONNECT evil.test:443" in found


def test_our_own_vectors_do_nothing(chromium: Browser, mailbox: Mailbox) -> None:
    assert_nothing_runs_or_leaves(chromium, mailbox, VECTORS)


def test_a_sample_of_the_suites_does_nothing(chromium: Browser, mailbox: Mailbox) -> None:
    assert_nothing_runs_or_leaves(chromium, mailbox, suite_vectors()[::SAMPLE_EVERY])


@pytest.mark.safety
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("part", range(PARTS))
def test_no_vector_does_anything(chromium: Browser, mailbox: Mailbox, part: int) -> None:
    assert_nothing_runs_or_leaves(chromium, mailbox, suite_vectors()[part::PARTS])
