"""A stranger's PDF → pictures of its pages. Pure; runs in the guarded child.

PDFium is what Chromium shows PDF with; here it has no scripting (V8) and no forms to submit, may open no file and
reach no network, and of what it makes only pixels leave the child.
"""

import io

import pypdfium2
from PIL import Image

from webmail.render.wire import MAX_PAGES, DrawnPage

#: Wider than most screens show a page, so that it can be zoomed into.
WIDTH = 1400
MAX_PIXELS = 6_000_000
_LARGE_PNG_BYTES = 500_000


class NotADocument(ValueError):
    """The file is no PDF, broken, locked by a password, or has no such page."""


def load() -> None:
    """Loads the library and draws a page, for a process that may open no file later."""
    document = pypdfium2.PdfDocument.new()
    document.new_page(100, 100)
    buffer = io.BytesIO()
    document.save(buffer)
    document.close()
    draw_page(buffer.getvalue(), 0)


def draw_page(data: bytes, number: int) -> DrawnPage:
    """Page ``number`` (from 0) as PNG or JPEG. Raises ``NotADocument``."""
    try:
        with pypdfium2.PdfDocument(data) as document:
            count = len(document)
            if not 0 <= number < min(count, MAX_PAGES):
                raise NotADocument(f"no page {number + 1}")
            page = document[number]
            width, height = page.get_size()
            if width < 1 or height < 1:
                raise NotADocument("a page without a size")
            scale = min(WIDTH / width, (MAX_PIXELS / (width * height)) ** 0.5)
            # Without forms: neither their scripts nor what was typed into them elsewhere is run or drawn.
            picture = page.render(scale=scale, may_draw_forms=False).to_pil().convert("RGB")
            return DrawnPage(count, picture.width, picture.height, _written(picture))
    except pypdfium2.PdfiumError as error:
        raise NotADocument(str(error)) from error


def _written(picture: Image.Image) -> bytes:
    """Text is smaller and sharper as PNG; what becomes large so is a scan, and is smaller as JPEG."""
    buffer = io.BytesIO()
    picture.quantize(64, dither=Image.Dither.NONE).save(buffer, "PNG")
    if buffer.tell() > _LARGE_PNG_BYTES:
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
