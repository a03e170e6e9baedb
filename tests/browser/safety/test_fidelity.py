"""Newsletters look as they did: screenshots of the cleaned beside the raw at two widths.

Every picture, in both, is one and the same grey square: so the layout is compared, and not how a
browser draws what did not load.
"""

import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Browser, Route

from tests.browser.safety.browser import Watched, watched_browser
from tests.corpus import corpus_files
from webmail.render.cleaner import sanitize
from webmail.render.document import base_css, html_document

WIDTHS = (700, 380)
HOW_MANY = 100
#: Of all screenshots, so many differ in at most one pixel of a hundred.
AT_LEAST = 0.95
MOST_DIFFERENT = 0.01
MAX_HEIGHT = 4_000


#: Of templates that were not sent yet: sent mail has no relative pictures.
_RELATIVE = re.compile(r"""(\bsrc\s*=\s*["']|\burl\(\s*["']?)(?![a-z]+:|//|["'])""", re.IGNORECASE)


def grey_square() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (40, 40), (160, 160, 160)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def browser(chromium: Browser) -> Iterator[Watched]:
    square = grey_square()

    def answer(route: Route) -> None:
        if route.request.resource_type == "image":
            route.fulfill(body=square, content_type="image/png")
        else:
            route.continue_()

    with watched_browser(chromium) as watched:
        watched.page.route("**/*", answer)
        yield watched


def raw_document(source: str) -> str:
    """As the sender wrote it, over the same default style that a message of ours gets; scripts are off in the page."""
    # The margin of the body is left to the browser: over its own style alone do old attributes of body win.
    return f"{sanitize(source).doctype}<style>{base_css().replace('margin:8px;', '')}</style>{source}"


def cleaned_document(source: str) -> str:
    return html_document(sanitize(source), picture_url=lambda slot: "/gone", theme="light")


def screenshot(browser: Watched, html: str) -> Image.Image:
    browser.forget()
    browser.open(browser.serve(html.encode("utf-8", "replace")))
    return Image.open(io.BytesIO(browser.page.screenshot(full_page=True))).convert("RGB")


def difference(one: Image.Image, other: Image.Image) -> float:
    """The share of pixels that differ visibly, over the larger of both pages."""
    size = (max(one.width, other.width), min(MAX_HEIGHT, max(one.height, other.height)))
    pages = []
    for page in (one, other):
        canvas = Image.new("RGB", size, (255, 0, 255))
        canvas.paste(page, (0, 0))
        pages.append(canvas)
    changed = ImageChops.difference(*pages).convert("L").point(lambda level: 255 if level > 16 else 0)
    return changed.histogram()[255] / (size[0] * size[1])


def newsletters() -> list[Path]:
    """Newsletters and templates of them: without the pages that show one CSS feature each, and without spam, which
    is full of the forms that we drop on purpose."""
    files = [
        path
        for path in corpus_files("html")
        if path.parent.name != "caniemail" and not path.name.startswith("data_spam")
    ]
    step = max(1, len(files) // HOW_MANY)
    return files[::step][:HOW_MANY]


@pytest.mark.safety
@pytest.mark.timeout(3600)
def test_newsletters_look_as_they_did(browser: Watched) -> None:
    differences: dict[str, float] = {}
    for path in newsletters():
        source = _RELATIVE.sub(r"\1https://pictures.test/", path.read_text("utf-8", "replace"))
        for width in WIDTHS:
            browser.page.set_viewport_size({"width": width, "height": 600})
            raw = screenshot(browser, raw_document(source))
            differences[f"{path.name}@{width}"] = difference(raw, screenshot(browser, cleaned_document(source)))
    alike = sum(one <= MOST_DIFFERENT for one in differences.values()) / len(differences)
    worst = sorted(differences.items(), key=lambda item: -item[1])[:40]
    print(f"\n{alike:.1%} of {len(differences)} screenshots differ in at most {MOST_DIFFERENT:.0%} of their pixels")
    print("\n".join(f"{share:7.2%} {name}" for name, share in worst if share > MOST_DIFFERENT))
    assert alike >= AT_LEAST
