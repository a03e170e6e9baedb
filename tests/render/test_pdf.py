"""PDF drawn in the guarded child: the pages as pictures, and nothing but a refusal for what is none."""

import contextlib
import io
from collections.abc import Iterator

import pypdfium2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from webmail.render import pdf
from webmail.render.isolate import Isolated, RenderFailed
from webmail.render.wire import DrawnPage


def document(*sizes: tuple[float, float], picture: Image.Image | None = None) -> bytes:
    made = pypdfium2.PdfDocument.new()
    for width, height in sizes:
        page = made.new_page(width, height)
        if picture is not None:
            image = pypdfium2.PdfImage.new(made)
            image.set_bitmap(pypdfium2.PdfBitmap.from_pil(picture))
            image.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
            page.insert_obj(image)
            page.gen_content()
    buffer = io.BytesIO()
    made.save(buffer)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def child() -> Iterator[Isolated]:
    isolated = Isolated(limit_seconds=8)
    yield isolated
    isolated.close()


def test_a_page_is_drawn_as_it_is(child: Isolated) -> None:
    red = Image.new("RGB", (20, 20), (200, 30, 30))
    data = document((595, 842), (842, 595), picture=red)
    drawn = child.draw_page(data, 1)
    assert (drawn.pages, drawn.width, drawn.height) == (2, 1400, 990)
    with Image.open(io.BytesIO(drawn.picture)) as picture:
        assert picture.size == (1400, 990)
        assert picture.convert("RGB").getpixel((700, 500)) == (200, 30, 30)


def test_a_huge_page_stays_within_bounds() -> None:
    for size in ((14_400.0, 14_400.0), (10.0, 14_400.0), (14_400.0, 1.0)):
        drawn = pdf.draw_page(document(size), 0)
        assert drawn.width * drawn.height <= pdf.MAX_PIXELS * 1.01
        assert drawn.width <= pdf.WIDTH + 1


def test_a_scan_is_kept_small() -> None:
    noise = Image.effect_noise((600, 800), 80).convert("RGB")
    drawn = pdf.draw_page(document((595, 842), picture=noise), 0)
    assert drawn.picture.startswith(b"\xff\xd8\xff")
    assert pdf.draw_page(document((595, 842)), 0).picture.startswith(b"\x89PNG")


@pytest.mark.parametrize("data", [b"", b"%PDF-1.7", b"<html><script>alert(1)</script>", document((10, 10))[:-200]])
def test_what_is_no_document_is_refused_and_the_next_is_served(child: Isolated, data: bytes) -> None:
    with pytest.raises(RenderFailed):
        child.draw_page(data, 7)
    assert child.draw_page(document((100, 100)), 0).pages == 1


@settings(max_examples=60)
@given(st.integers(0, 500), st.binary(min_size=1, max_size=20))
def test_a_damaged_document_is_drawn_or_refused(at: int, noise: bytes) -> None:
    data = bytearray(document((100, 100)))
    data[at : at + len(noise)] = noise
    with contextlib.suppress(pdf.NotADocument):
        assert pdf.draw_page(bytes(data), 0).pages == 1


def test_a_drawn_page_goes_through_the_pipe() -> None:
    page = DrawnPage(3, 10, 20, b"picture")
    assert DrawnPage.unpack(page.pack()) == page
