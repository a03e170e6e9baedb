"""The frame of a letter: its links are reached by keyboard and left again; at any width nothing is cut off."""

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import Mailbox
from tests.web.mail import store

_PARAGRAPH = "Dear Anna, the boat leaves at seven from the old pier, and whoever is late swims. " * 12
LETTER = f"""From: Bo <bo@boats.example>
To: Anna <anna.berg@nordlicht.example>
Subject: The boat
Message-ID: <boat@boats.example>
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<p>{_PARAGRAPH}</p>
<p><a href="https://boats.example/1">The first boat</a> or <a href="https://boats.example/2">the second</a></p>
<p>See you there!</p>
<blockquote type="cite"><p>{_PARAGRAPH}</p>
<p>When does <a href="https://boats.example/3">the boat</a> leave?</p></blockquote>
""".replace("\n", "\r\n").encode()

#: What has the focus: a link's text or the fold inside the frame, or something of the page around it.
_FOCUSED = """() => {
  const one = document.activeElement;
  if (!one.matches("iframe.fitted")) return "page";
  const inner = one.contentDocument.activeElement;
  return inner.tagName === "A" ? inner.textContent : inner.tagName.toLowerCase();
}"""


def _open(mailbox: Mailbox, chromium: Browser, **options: object) -> tuple[Page, Locator]:
    message = store(mailbox.user, LETTER, mailbox.folders["INBOX"])
    page = mailbox.page(chromium, **options)
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    frame = page.locator("iframe.fitted")
    expect(frame).to_be_visible()
    return page, frame


def test_a_narrow_pane_has_room_for_who_wrote(mailbox: Mailbox, chromium: Browser) -> None:
    raw = LETTER.replace(b"From: Bo", "From: Tomás Olivares".encode())
    message = store(mailbox.user, raw, mailbox.folders["INBOX"])
    page = mailbox.page(chromium, viewport={"width": 900, "height": 900})
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    who = page.locator(".mh.head .who")
    expect(who).to_have_text("Tomás Olivares")
    assert who.evaluate("(one) => one.scrollWidth <= one.clientWidth")
    page.set_viewport_size({"width": 1440, "height": 900})
    expect(page.locator(".mh.head time .whole")).to_be_visible()


@pytest.mark.parametrize("width", [1440, 1280, 900, 390, 320])
def test_who_had_it_is_told_as_wide_as_the_letter(width: int, mailbox: Mailbox, chromium: Browser) -> None:
    page, _frame = _open(mailbox, chromium, viewport={"width": width, "height": 800})
    page.locator("details.to summary").click()
    told = page.locator("details.to dl").bounding_box()
    card = page.locator("article.msg").bounding_box()
    menu = page.locator(".mh.head > button").bounding_box()
    assert told is not None
    assert card is not None
    assert menu is not None
    assert told["width"] >= card["width"] - 90
    assert told["x"] >= card["x"] + 16
    assert told["x"] + told["width"] <= card["x"] + card["width"] - 16
    # The avatar stands beside it or above it, the buttons above it.
    avatar = page.locator(".mh.head > .av").bounding_box()
    assert avatar is not None
    assert told["x"] >= avatar["x"] + avatar["width"] or told["y"] >= avatar["y"] + avatar["height"]
    assert told["y"] >= menu["y"] + menu["height"]


@pytest.mark.parametrize("doctype", ["", "<!doctype html>"])
def test_a_table_is_as_large_as_the_words_around_it(doctype: str, mailbox: Mailbox, chromium: Browser) -> None:
    head, _, _ = LETTER.partition(b"\r\n\r\n")
    body = "<p>Quotes:</p><table><tr><th>Hall</th><td>640</td></tr></table><table style='font-size:20px'><td>Large"
    message = store(mailbox.user, head + f"\r\n\r\n{doctype}{body}".encode(), mailbox.folders["INBOX"])
    page = mailbox.page(chromium)
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    letter = page.frame_locator("iframe.fitted")
    sizes = letter.locator("p, th, td").evaluate_all("(all) => all.map((one) => getComputedStyle(one).fontSize)")
    assert sizes == ["14px", "14px", "14px", "20px"]


def _stops(page: Page, key: str, *, until: str, most: int = 80) -> list[str]:
    """What had the focus on the way, by pressing ``key`` again and again."""
    stops: list[str] = []
    for _ in range(most):
        page.keyboard.press(key)
        stops.append(page.evaluate(_FOCUSED))
        if stops[-1] == until:
            return stops
    raise AssertionError(f"{until} was not reached: {stops}")


def test_tab_goes_through_the_links_and_on(mailbox: Mailbox, chromium: Browser) -> None:
    page, _ = _open(mailbox, chromium)
    _stops(page, "Tab", until="The first boat")
    page.keyboard.press("Tab")
    assert page.evaluate(_FOCUSED) == "the second"
    page.keyboard.press("Tab")
    assert page.evaluate(_FOCUSED) == "summary"
    page.keyboard.press("Tab")
    assert page.evaluate(_FOCUSED) == "page"
    back = _stops(page, "Shift+Tab", until="The first boat")
    assert back[-3:] == ["summary", "the second", "The first boat"]


def test_enter_opens_the_fold_and_the_frame_grows_with_it(mailbox: Mailbox, chromium: Browser) -> None:
    page, frame = _open(mailbox, chromium)
    before = frame.bounding_box()
    _stops(page, "Tab", until="summary")
    page.keyboard.press("Enter")
    expect(page.frame_locator("iframe.fitted").get_by_text("When does")).to_be_visible()
    page.wait_for_function(
        "([frame, before]) => frame.clientHeight > before + 50",
        arg=[frame.element_handle(), before and before["height"]],
    )
    page.keyboard.press("Tab")
    assert page.evaluate(_FOCUSED) == "the boat"
    _assert_whole(page, frame)


@pytest.mark.parametrize("zoom", [0.5, 1, 2, 3])
def test_at_any_zoom_it_is_whole(mailbox: Mailbox, chromium: Browser, zoom: float) -> None:
    """To a page, zooming is a window of fewer, larger pixels."""
    page, frame = _open(mailbox, chromium, viewport={"width": 1280, "height": 800})
    page.set_viewport_size({"width": int(1280 / zoom), "height": int(800 / zoom)})
    _assert_whole(page, frame)
    page.set_viewport_size({"width": 1280, "height": 800})
    _assert_whole(page, frame)


def _assert_whole(page: Page, frame: Locator) -> None:
    """The frame is as high as what it holds, and no wider than its place; it scrolls in neither direction."""
    page.wait_for_function(
        """(frame) => {
          const root = frame.contentDocument.documentElement;
          const last = frame.contentDocument.body.getBoundingClientRect();
          return root.scrollHeight <= frame.clientHeight + 1 && root.scrollWidth <= frame.clientWidth
            && last.bottom <= frame.clientHeight + 1 && last.bottom > frame.clientHeight - 40
            && frame.getBoundingClientRect().right <= frame.ownerDocument.documentElement.clientWidth + 1;
        }""",
        arg=frame.element_handle(),
    )


@pytest.mark.parametrize("width", [390, 1440])
def test_without_scripts_it_takes_most_of_the_window(width: int, mailbox: Mailbox, chromium: Browser) -> None:
    message = store(mailbox.user, LETTER, mailbox.folders["INBOX"])
    page = mailbox.page(chromium, java_script_enabled=False, viewport={"width": width, "height": 900})
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    box = page.locator("iframe.frame").bounding_box()
    assert box is not None
    assert box["height"] == pytest.approx(630, abs=1)
