"""Letters made for a wide screen, on a phone: their text has its size, and nothing of them changes for good."""

import base64
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Mailbox
from tests.browser.test_mailbox import PHONE
from tests.corpus import corpus_files
from tests.web.mail import store
from webmail.render.cleaner import sanitize
from webmail.render.document import html_document

SCRIPT = Path(__file__).parents[2] / "static/js/mail/reflow.js"
#: Of a phone 360 pixels wide, without the margins of the pane.
ROOM = 328


def _picture(width: int, height: int) -> str:
    data = io.BytesIO()
    Image.new("RGB", (width, height), "#0b5cc4").save(data, "png")
    return base64.b64encode(data.getvalue()).decode()


LETTER = f"""From: Bo <bo@boats.example>
To: Anna <anna.berg@nordlicht.example>
Subject: All about boats
Message-ID: <wide@boats.example>
MIME-Version: 1.0
Content-Type: text/html; charset=utf-8

<table width="640" cellpadding="0" style="width:640px;table-layout:fixed"><tr><td colspan="2">
<img width="640" height="160" alt="Boats" src="data:image/png;base64,{_picture(640, 160)}"></td></tr>
<tr><td width="320" style="padding:24px;font-size:14px">
<p id="text">{"The boat leaves at seven from the old pier. " * 5}</p></td>
<td width="320" style="padding:24px;font-size:40px;min-width:320px">Sail with us</td></tr></table>
<div style="width:600px;height:40px;font-size:14px">{"Whoever is late swims. " * 12}</div>
""".replace("\n", "\r\n").encode()

#: How large each part is drawn, and what the letter's own styles say.
DRAWN = """(frame) => {
  const inside = frame.contentDocument;
  const scale = frame.getBoundingClientRect().width / frame.offsetWidth;
  const size = (one) => parseFloat(frame.contentWindow.getComputedStyle(one).fontSize) * scale;
  const picture = inside.querySelector("img").getBoundingClientRect();
  return {
    text: size(inside.querySelector("p")),
    headline: size(inside.querySelector("td:nth-child(2)")),
    ratio: picture.width / picture.height,
    free: [picture.x, frame.contentWindow.innerWidth - picture.right].map((one) => one * scale),
    wide: inside.documentElement.scrollWidth * scale,
    styles: [...inside.querySelectorAll("[style]")].map((one) => one.getAttribute("style")),
    words: [...inside.querySelectorAll("td, div")].every((one) => one.scrollHeight <= one.clientHeight + 1),
  };
}"""


def test_the_text_of_a_wide_letter_has_its_size_on_a_phone(chromium: Browser, mailbox: Mailbox) -> None:
    message = store(mailbox.user, LETTER, mailbox.folders["INBOX"])
    page = mailbox.page(chromium, **{**PHONE, "viewport": {"width": 360, "height": 780}})
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    frame = page.locator("iframe.fitted")
    expect(frame).to_be_visible()
    drawn = frame.evaluate(DRAWN)
    assert drawn["text"] >= 13
    assert 18 <= drawn["headline"] <= 24
    assert drawn["ratio"] == pytest.approx(4, rel=0.02)
    assert drawn["free"] == pytest.approx([8, 8], abs=2.5), "as much room on both sides"
    assert drawn["wide"] <= ROOM + 5
    assert drawn["words"], "no text runs out of its box"
    # Turned to a wide window it is as its sender made it.
    page.set_viewport_size({"width": 1920, "height": 900})
    page.wait_for_function("document.querySelector('iframe.fitted').clientWidth > 660")
    as_sent = frame.evaluate(DRAWN)
    fresh = mailbox.page(chromium, viewport={"width": 1920, "height": 900})
    fresh.goto(f"{mailbox.url}/m/{message.pk}/")
    expect(fresh.locator("iframe.fitted")).to_be_visible()
    never = fresh.locator("iframe.fitted").evaluate(DRAWN)
    same = ("text", "headline", "ratio", "styles")
    assert {name: as_sent[name] for name in same} == {name: never[name] for name in same}


@pytest.fixture
def narrow(chromium: Browser) -> Any:
    page = chromium.new_page(viewport={"width": ROOM, "height": 700})
    yield page
    page.close()


def test_most_wide_letters_become_legible_and_each_comes_back(narrow: Page) -> None:
    """Each fifth page of the corpus. Of its 144 that are shown at less than 0.8 on a phone, 22 still are."""
    script = SCRIPT.read_text(encoding="utf-8").replace("export ", "")
    width = "document.documentElement.scrollWidth"
    wide, legible = 0, 0
    for path in corpus_files("html", ".html")[::5]:
        narrow.set_content(html_document(sanitize(path.read_text(encoding="utf-8", errors="replace")), theme="light"))
        before = narrow.evaluate(width)
        if before <= ROOM / 0.8:
            continue
        wide += 1
        narrow.evaluate(f"() => {{ {script} window.undo = reflow(document, {ROOM}); }}")
        after = narrow.evaluate(width)
        legible += after <= ROOM / 0.8
        assert after < before * 0.9 or after == before
        narrow.evaluate("() => undo()")
        assert narrow.evaluate(width) == before
    assert wide > 15
    assert legible >= wide * 0.75
