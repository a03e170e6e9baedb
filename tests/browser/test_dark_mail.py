"""Mail in dark colours, as Chromium draws it: what was legible stays legible, and the reader gets the sender's back."""

import base64
import io
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import Mailbox
from tests.corpus import corpus_files
from tests.web.mail import html_message, store
from webmail.render.cleaner import sanitize
from webmail.render.dark import dark_color
from webmail.render.document import html_document
from webmail.render.legacy_colors import legacy_color

#: WCAG 2.2, 1.4.3.
LEGIBLE = 4.5
#: Of each text that is seen on a ground of one colour: how many times lighter the one is than the other.
CONTRASTS = r"""() => {
  const rgb = (css) => { const [r, g, b, a = 1] = css.match(/[\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (top, ground) => [0, 1, 2].map((i) => top[i] * top[3] + ground[i] * (1 - top[3])).concat(1);
  const linear = (c) => (c / 255 <= 0.04045 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
  const light = ([r, g, b]) => 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b) + 0.05;
  const found = [];
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    const isSeen = element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
    if (!texts.currentNode.data.trim() || !isSeen) continue;
    const grounds = [];
    let isPictured = false;
    for (let one = element; one; one = one.parentElement) {
      const style = getComputedStyle(one);
      isPictured ||= style.backgroundImage !== "none";
      grounds.unshift(rgb(style.backgroundColor));
    }
    if (isPictured) continue;
    const ground = grounds.reduce((below, one) => over(one, below), [255, 255, 255, 1]);
    const [one, other] = [light(over(rgb(getComputedStyle(element).color), ground)), light(ground)];
    found.push(Math.max(one, other) / Math.min(one, other));
  }
  return found;
}"""

LETTER = b"""From: Bo <bo@boats.example>\r
To: Anna <anna.berg@nordlicht.example>\r
Subject: The boat\r
Message-ID: <boat@boats.example>\r
MIME-Version: 1.0\r
Content-Type: text/html; charset=utf-8\r
\r
<body bgcolor="#ffffff"><p style="color:#222222;background:#fff">The boat leaves at seven.</p>\r
"""


def _contrasts(page: Page, source: str) -> dict[str, list[float]]:
    body = sanitize(source)
    found = {}
    for theme in ("light", "dark"):
        page.set_content(html_document(body, theme=theme))  # type: ignore[arg-type]
        found[theme] = page.evaluate(CONTRASTS)
    return found


@pytest.fixture
def page(chromium: Browser) -> Any:
    page = chromium.new_page(viewport={"width": 700, "height": 900})
    yield page
    page.close()


def test_real_mail_is_legible_in_the_dark(page: Page) -> None:
    """Each tenth page of the corpus. Of all its 14,904 texts 1,832 are below 4.5 in their own colours, and 17 here."""
    texts, pale, pale_before = 0, 0, 0
    for one in corpus_files("html")[::10]:
        found = _contrasts(page, one.read_text(errors="replace"))
        texts += len(found["dark"])
        pale += sum(contrast < LEGIBLE for contrast in found["dark"])
        pale_before += sum(contrast < LEGIBLE for contrast in found["light"])
        lost = [
            (before, after)
            for before, after in zip(found["light"], found["dark"], strict=True)
            if before >= LEGIBLE and after < 3
        ]
        assert not lost, (one.name, lost)
    assert texts > 500
    assert pale <= pale_before / 5


def test_a_letter_of_every_way_to_give_a_colour(page: Page) -> None:
    source = """<body bgcolor=f0f0f0 text=black link=navy><style>.a{color:#111;background:white} a.b{color:#00c}
      @media screen{.c{color:rgb(20 20 20)!important}}</style>
      <p>plain</p><p class=a>sheet <a class=b href=https://a.example>link</a> <a href=https://a.example>other</a></p>
      <p class=c>media</p><p style="background:#fafad2;color:#8b0000">inline</p><p style="color:hsl(0 0% 10%)">hsl</p>
      <table bgcolor=#FFFFFF><tr><td bgcolor='3D"#EEEEEE"'><font color=3D#0000ff>attributes</font> <mark>marked</mark>
      <span style="background:#b22222;color:#fff">button</span>
      <span style="background:#111;color:#eee">dark already</span>"""
    found = _contrasts(page, source)
    assert len(found["dark"]) >= 11
    assert min(found["dark"]) >= LEGIBLE, found["dark"]


def test_attributes_are_read_as_this_browser_reads_them(page: Page) -> None:
    chance = random.Random(5)
    written = [
        "".join(chance.choices('0123456789abcdefABCDEFgx#" ;é🌈', k=chance.randrange(1, 14))) for _ in range(600)
    ]
    written += [
        "navy",
        " Navy",
        "#fff",
        "fff",
        "#ABCDEF",
        "chucknorris",
        "windowtext",
        "currentcolor",
        "#" * 3,
        "x" * 200,
    ]
    shown = page.evaluate(
        """(values) => values.map((value) => {
          const font = document.createElement("font");
          font.setAttribute("color", value);
          document.body.append(font);
          return getComputedStyle(font).color;
        })""",
        written,
    )
    for value, css in zip(written, shown, strict=True):
        color = legacy_color(value)
        page_has = "#" + "".join(f"{int(one):02x}" for one in re.findall(r"\d+", css)[:3])
        if color is None:
            assert page_has == "#000000", value
        elif color.startswith("#") and len(color) == 7:
            assert page_has == color, value
        else:  # a name, or three digits: whatever it is, it is the same in the dark
            assert dark_color(color, "text") == dark_color(page_has, "text"), value


def test_the_menu_of_a_message_shows_the_senders_colours(mailbox: Mailbox, chromium: Browser) -> None:
    message = store(mailbox.user, LETTER, mailbox.folders["INBOX"])
    page = mailbox.page(chromium, color_scheme="dark")
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    expect(page.locator("iframe.fitted")).to_be_visible()
    words = page.frame_locator("iframe[data-frame]").get_by_text("The boat leaves")
    expect(words).to_have_css("background-color", "rgb(19, 27, 38)")
    page.get_by_role("button", name="More", exact=False).last.click()
    page.get_by_role("menuitem", name="Show in its own colours").click()
    expect(words).to_have_css("background-color", "rgb(255, 255, 255)")
    expect(words).to_have_css("color", "rgb(34, 34, 34)")


def _drawn(name: str, size: tuple[int, int], draw: Callable[[ImageDraw.ImageDraw], Any], ground: str = "#0000") -> str:
    picture = Image.new("RGBA", size, ground)
    draw(ImageDraw.Draw(picture))
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    data = base64.b64encode(buffer.getvalue()).decode()
    return f'<img id={name} alt={name} src="data:image/png;base64,{data}">'


def test_dark_ink_on_nothing_is_seen_in_the_dark(mailbox: Mailbox, chromium: Browser) -> None:
    pictures = {
        "wordmark": _drawn("wordmark", (200, 40), lambda to: to.line((5, 20, 195, 20), "#102040", 6)),
        "colours": _drawn(
            "colours",
            (200, 40),
            lambda to: (to.line((5, 20, 120, 20), "#111", 8), to.line((120, 20, 195, 20), "#fa0", 8)),
        ),
        "light": _drawn("light", (200, 40), lambda to: to.line((5, 20, 195, 20), "#fff", 6)),
        "photo": _drawn("photo", (200, 40), lambda to: to.line((5, 20, 195, 20), "#111", 6), "#fff"),
        "round": _drawn("round", (40, 40), lambda to: to.ellipse((0, 0, 39, 39), "#111")),
        "shadow": _drawn("shadow", (200, 40), lambda to: to.line((5, 20, 195, 20), "#0006", 6)),
    }
    html = '<body bgcolor="#ffffff">' + "".join(f"<p>{one}</p>" for one in pictures.values())
    message = store(mailbox.user, html_message(html), mailbox.folders["INBOX"])
    page = mailbox.page(chromium, color_scheme="dark")
    page.goto(f"{mailbox.url}/m/{message.pk}/")
    inside = page.frame_locator("iframe[data-frame]")
    for name, ink in (
        ("wordmark", "dark"),
        ("colours", "mixed"),
        *((one, "") for one in ("light", "photo", "round", "shadow")),
    ):
        expect(inside.get_by_alt_text(name, exact=True)).to_have_attribute("data-ink", ink)
    expect(inside.get_by_alt_text("colours")).to_have_css("background-color", "rgb(219, 227, 238)")
    shown = Image.open(io.BytesIO(inside.get_by_alt_text("wordmark").screenshot())).convert("RGB")
    assert min(shown.getpixel((100, 20))) > 150  # type: ignore[type-var,arg-type]
    page.emulate_media(color_scheme="light")
    expect(inside.get_by_alt_text("wordmark")).to_have_css("filter", "none")
    expect(inside.get_by_alt_text("colours")).to_have_css("background-color", "rgba(0, 0, 0, 0)")
