"""A stranger's picture file → a picture of our own making. Pure; runs in the guarded child.

The type is read from the content, never from a name or a header; only raster types are known, and
the pixels are written anew, so nothing else that lay in the file (scripts in metadata, a second file
behind the first) reaches the browser.
"""

import io

from PIL import Image, ImageSequence

MAX_PIXELS = 40_000_000
MAX_ANIMATION_PIXELS = 120_000_000
MAX_FRAMES = 500
_FORMATS = ("PNG", "JPEG", "GIF", "WEBP", "BMP")

#: What a file begins with, and its type: the only types that are ever shown inline.
SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class NotAPicture(ValueError):
    """The file is of no known raster type, broken, or too large."""


def picture_type(data: bytes) -> str | None:
    """The media type by the first bytes (12 suffice), None for all but png, jpeg, gif and webp."""
    for signature, media_type in SIGNATURES:
        if data.startswith(signature):
            return media_type
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    return None


def load() -> None:
    """Loads the decoders, for a process that may open no file later."""
    Image.init()
    buffer = io.BytesIO()
    Image.new("RGBA", (1, 1)).save(buffer, "WEBP")
    neutralise(buffer.getvalue())


def neutralise(data: bytes) -> bytes:
    """The picture written anew as PNG, JPEG, GIF or WebP. Raises ``NotAPicture``."""
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise NotAPicture(f"{picture.width} × {picture.height} pixels")
            if getattr(picture, "is_animated", False):
                return _animation(picture)
            if picture.format == "JPEG":
                return _written(picture.convert("RGB"), "JPEG", quality=90)
            mode = "RGBA" if picture.has_transparency_data else "RGB"
            return _written(picture.convert(mode), "WEBP" if picture.format == "WEBP" else "PNG")
    except NotAPicture:
        raise
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise NotAPicture(str(error)) from error


def _animation(picture: Image.Image) -> bytes:
    frames = int(getattr(picture, "n_frames", 1))
    if frames > MAX_FRAMES or frames * picture.width * picture.height > MAX_ANIMATION_PIXELS:
        picture.seek(0)
        return _written(picture.convert("RGBA"), "PNG")
    copies = []
    durations = []
    for frame in ImageSequence.Iterator(picture):
        durations.append(int(frame.info.get("duration", 100)))
        copies.append(frame.convert("RGBA"))
    return _written(
        copies[0],
        "WEBP" if picture.format == "WEBP" else "GIF",
        save_all=True,
        append_images=copies[1:],
        duration=durations,
        loop=int(picture.info.get("loop", 0)),
        disposal=2,
    )


def _written(picture: Image.Image, kind: str, **options: object) -> bytes:
    picture.info.clear()  # ICC profiles, EXIF and comments stay behind
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()
