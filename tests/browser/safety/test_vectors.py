"""Hostile HTML in a real browser: 0 scripts run, 0 requests leave, past each wall on its own.

``make test`` runs our own vectors and a sample of the suites, ``make test-safety`` all of them.
"""

from collections.abc import Iterator, Sequence
from html import escape

import pytest
from playwright.sync_api import Browser

from tests.browser.safety.browser import HOST, Watched, watched_browser
from tests.browser.safety.corpus import batches, own_vectors, suite_vectors
from tests.corpus import corpus_files
from tests.render.vectors import Vector
from webmail.render.body import Slot
from webmail.render.cleaner import sanitize
from webmail.render.document import HEADERS, SANDBOX, content_security_policy, html_document
from webmail.render.guard import TooHard

SAMPLE_EVERY = 40
BATCH = 100
#: Chromium opens a connection before it refuses a frame, plug-in or form target: the names it may pre-connect to are
#: those of the vector, and nothing is sent over the connection.
FRAME_HEADERS = {**HEADERS, "Content-Security-Policy": content_security_policy(f"http://{HOST}/cid/")}
_WITH_PICTURES = content_security_policy(f"http://{HOST}/cid/", f"http://{HOST}/imgproxy/")
PICTURE_HEADERS = {**HEADERS, "Content-Security-Policy": _WITH_PICTURES}
OWN_PICTURES = (f"GET http://{HOST}/imgproxy/?t=token", f"GET http://{HOST}/cid/1")
#: With the cleaner off: the vectors (frames of https) whose host Chromium connects to before it refuses the frame.
PRECONNECTED = frozenset(
    {"bluemonday/0031", "closure/0011", "dompurify-suite/0056", "dompurify-suite/0057"}
    | {f"sanitize-html/{number:04}" for number in (157, 158, 159, 160, 161, 162, 163, 164, 166, 167, 168, 169)}
)


@pytest.fixture(scope="module")
def browser(chromium: Browser) -> Iterator[Watched]:
    with watched_browser(chromium) as watched:
        yield watched


def cleaned(vector: Vector) -> str:
    """As ``sanitize`` and ``fill``; a vector that the guard refuses is shown as text, so nothing of it is HTML."""
    try:
        body = sanitize(vector.html)
    except TooHard:
        return escape(vector.html)
    return f"<style>{body.sheet}</style>{body.fill()}"


def assert_harmless(browser: Watched, vectors: Sequence[Vector]) -> None:
    """The cleaner alone, in a bare page without any policy: parsed as a document, then set by innerHTML."""
    found = _troubles(browser, vectors)
    if found:  # name the one
        guilty = [vector for vector in vectors if _troubles(browser, [vector])]
        pytest.fail(f"{[vector.name for vector in guilty] or 'only together'}: {found}")


def _troubles(browser: Watched, vectors: Sequence[Vector]) -> list[str]:
    browser.forget()
    fragments = [f"<div>{cleaned(vector)}</div>" for vector in vectors]
    # The sheet's own element stands for the frame's head; the inspection is told of it.
    text = "".join(fragments)
    found: list[str] = []
    for write in (_as_document, _by_inner_html):
        write(browser, text)
        found += [one for one in browser.alive() if one != "element style"]
        found += browser.requests
    return found


def _as_document(browser: Watched, text: str) -> None:
    url = browser.serve(f"<!doctype html><meta charset=utf-8><body>{text}".encode("utf-8", "replace"))
    browser.open(url, settle_milliseconds=20)


def _by_inner_html(browser: Watched, text: str) -> None:
    browser.page.evaluate(
        "text => { document.body.innerHTML = text; document.body.innerHTML = document.body.innerHTML; }",
        text.encode("utf-8", "replace").decode(),
    )
    browser.page.wait_for_timeout(20)


@pytest.mark.browser
def test_our_own_vectors_past_the_cleaner_alone(browser: Watched) -> None:
    for batch in batches(own_vectors(), BATCH):
        assert_harmless(browser, batch)


@pytest.mark.browser
def test_a_sample_of_the_suites_past_the_cleaner_alone(browser: Watched) -> None:
    for batch in batches(suite_vectors()[::SAMPLE_EVERY], BATCH):
        assert_harmless(browser, batch)


@pytest.mark.safety
@pytest.mark.timeout(3600)
def test_every_vector_past_the_cleaner_alone(browser: Watched) -> None:
    for batch in batches(suite_vectors(), BATCH):
        assert_harmless(browser, batch)


@pytest.mark.browser
def test_the_harness_notices(browser: Watched) -> None:
    """A wall that is not there must show: the raw vector runs and calls out."""
    browser.forget()
    browser.open(
        browser.serve(b"<body><img src=x onerror=alert(1)><img src=http://evil.test/x>"), settle_milliseconds=100
    )
    assert "alert" in browser.alive()
    assert any("evil.test" in request for request in browser.requests)


# The frame. ------------------------------------------------------------------------------------
def in_frames(browser: Watched, documents: Sequence[str], headers: dict[str, str]) -> list[str]:
    """Shows documents in frames as the reading pane does; what was asked for, and what ran."""
    browser.forget()
    frames = "".join(
        f'<iframe sandbox="{SANDBOX}" src="{browser.serve(document.encode("utf-8", "replace"), headers)}"></iframe>'
        for document in documents
    )
    browser.open(browser.serve(frames.encode()), settle_milliseconds=100)
    return list(browser.requests)


def await_quiet(browser: Watched) -> None:
    """Until no connection comes any more that an earlier document had begun: on a busy machine some come late."""
    quiet = 0
    for _ in range(50):
        quiet = 0 if in_frames(browser, [""], FRAME_HEADERS) else quiet + 1
        if quiet == 2:
            return
    raise AssertionError("connections go on coming from documents that are shown no more")


def shown(vector: Vector, *, pictures: bool = False) -> str:
    def url_of(slot: Slot) -> str:
        return "/imgproxy/?t=token" if slot.origin == "remote" else "/cid/1"

    try:
        body = sanitize(vector.html)
    except TooHard:
        return escape(vector.html)
    return html_document(body, picture_url=url_of) if pictures else html_document(body)


@pytest.mark.browser
def test_our_own_vectors_in_the_frame(browser: Watched) -> None:
    assert in_frames(browser, [shown(vector) for vector in own_vectors()], FRAME_HEADERS) == []


@pytest.mark.browser
def test_with_pictures_only_the_proxy_is_asked(browser: Watched) -> None:
    asked = in_frames(browser, [shown(vector, pictures=True) for vector in own_vectors()], PICTURE_HEADERS)
    assert asked
    assert [request for request in asked if request not in OWN_PICTURES] == []


def assert_newsletters_ask_nobody(browser: Watched, every: int) -> None:
    """Opened with pictures off, in the frame and then again as printed: nothing leaves, not even a preconnect."""
    files = corpus_files("html")[::every]
    assert files
    for batch in batches(files, 20):
        documents = [html_document(sanitize(path.read_text("utf-8", "replace"))) for path in batch]
        assert in_frames(browser, documents, FRAME_HEADERS) == [], [path.name for path in batch]
        browser.page.emulate_media(media="print")
        browser.page.wait_for_timeout(20)
        browser.page.emulate_media(media="screen")
        assert browser.requests == []


@pytest.mark.browser
def test_a_sample_of_newsletters_asks_nobody(browser: Watched) -> None:
    assert_newsletters_ask_nobody(browser, every=30)


@pytest.mark.safety
@pytest.mark.timeout(3600)
def test_no_newsletter_asks_anybody(browser: Watched) -> None:
    assert_newsletters_ask_nobody(browser, every=1)


@pytest.mark.browser
def test_the_frame_alone_stops_scripts(browser: Watched) -> None:
    """The cleaner switched off: raw vectors behind the sandbox and the policy."""
    asked = in_frames(browser, [vector.html for vector in own_vectors()], FRAME_HEADERS)
    assert [request for request in asked if not request.startswith("CONNECT")] == []
    assert browser.page.evaluate("() => window.ran") == []


@pytest.mark.safety
@pytest.mark.timeout(3600)
def test_every_vector_in_the_frame(browser: Watched) -> None:
    for batch in batches(suite_vectors(), 40):
        assert in_frames(browser, [shown(vector) for vector in batch], FRAME_HEADERS) == [], batch[0].name


@pytest.mark.safety
@pytest.mark.timeout(3600)
def test_every_vector_with_pictures_asks_only_the_proxy(browser: Watched) -> None:
    for batch in batches(suite_vectors(), 40):
        asked = in_frames(browser, [shown(vector, pictures=True) for vector in batch], PICTURE_HEADERS)
        assert [request for request in asked if request not in OWN_PICTURES] == [], batch[0].name


@pytest.mark.safety
@pytest.mark.timeout(3600)
def test_every_vector_past_the_frame_alone(browser: Watched) -> None:
    """The cleaner switched off: no script runs, nothing is sent, and only these make Chromium open a connection."""
    connected: dict[str, list[str]] = {}
    for batch in batches(suite_vectors(), 40):
        asked = in_frames(browser, [vector.html for vector in batch], FRAME_HEADERS)
        assert browser.page.evaluate("() => window.ran") == [], batch[0].name
        assert [request for request in asked if not request.startswith("CONNECT")] == [], batch[0].name
        for vector in batch if asked else ():
            await_quiet(browser)
            alone = in_frames(browser, [vector.html], FRAME_HEADERS)
            if alone:
                connected[vector.name] = alone
    print(f"\n{len(connected)} vectors make Chromium connect before it refuses:")
    print("\n".join(f"  {name}: {', '.join(asked)}" for name, asked in connected.items()))
    assert set(connected) <= PRECONNECTED
