"""Strangers' pictures: known by content, written anew, bounded."""

import io

import pytest
from PIL import Image, PngImagePlugin

from webmail.render.raster import NotAPicture, neutralise, picture_type


def picture(kind: str, size: tuple[int, int] = (8, 6), mode: str = "RGB", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, size, 3 if mode in "LP" else None).save(buffer, kind, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("kind", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("GIF", "image/gif"), ("WEBP", "image/webp")],
)
def test_types_by_content(kind: str, media_type: str) -> None:
    assert picture_type(picture(kind)[:64]) == media_type
    written = neutralise(picture(kind))
    assert picture_type(written) is not None
    with Image.open(io.BytesIO(written)) as again:
        assert again.size == (8, 6)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<?xml version='1.0'?><svg/>",
        b"<html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"%!PS-Adobe",
        b"\x89PNG\r\n\x1a\n broken",
        b"GIF89a",
        b"RIFF....WEBPVP8 ",
        b"BM" + bytes(60),
        b"\x00\x00\x01\x00" + bytes(40),
        picture("TIFF"),
        picture("PPM"),
        picture("ICO", (16, 16)),
    ],
)
def test_what_is_no_picture(data: bytes) -> None:
    with pytest.raises(NotAPicture):
        neutralise(data)


def test_too_many_pixels() -> None:
    bomb = picture("PNG", (30_000, 2_000), "1")
    with pytest.raises(NotAPicture, match="pixels"):
        neutralise(bomb)


def test_only_pixels_are_left() -> None:
    note = PngImagePlugin.PngInfo()
    note.add_text("Comment", "<script>alert(1)</script>")
    data = picture("PNG", pnginfo=note) + b"<script>alert(2)</script>"
    assert b"script" not in neutralise(data)
    jpeg = picture("JPEG", comment=b"<script>x</script>", exif=b"Exif\x00\x00" + b"secret place")
    assert b"script" not in neutralise(jpeg)
    assert b"secret" not in neutralise(jpeg)


def test_animations_keep_moving() -> None:
    frames = [Image.new("RGB", (9, 9), (n * 60, 0, 0)) for n in range(3)]
    buffer = io.BytesIO()
    frames[0].save(buffer, "GIF", save_all=True, append_images=frames[1:], duration=[100, 200, 300], loop=0)
    with Image.open(io.BytesIO(neutralise(buffer.getvalue()))) as again:
        assert getattr(again, "n_frames", 1) == 3


def test_transparency_is_kept() -> None:
    buffer = io.BytesIO()
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(buffer, "PNG")
    with Image.open(io.BytesIO(neutralise(buffer.getvalue()))) as again:
        assert again.convert("RGBA").getpixel((0, 0))[3] == 0  # type: ignore[index]
