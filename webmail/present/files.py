"""Attached files as tiles: a name, the letters and colour of their kind. Pure."""

from dataclasses import dataclass

#: Kinds of files by the last part of their name: the letters on the tile and its colour.
_KINDS = {
    15: ("pdf",),
    45: ("ppt", "pptx", "odp", "key"),
    75: ("zip", "7z", "rar", "gz", "tar", "xz", "bz2", "zst"),
    150: ("xls", "xlsx", "ods", "csv", "numbers"),
    205: ("png", "jpg", "jpeg", "gif", "webp", "heic", "svg", "tiff", "bmp"),
    235: ("doc", "docx", "odt", "rtf", "pages", "txt", "md"),
    290: ("mp3", "wav", "ogg", "flac", "m4a", "mp4", "mov", "mkv", "webm", "avi"),
    325: ("eml", "msg", "ics", "vcf"),
}
_HUE_OF = {extension: hue for hue, extensions in _KINDS.items() for extension in extensions}


@dataclass(frozen=True, slots=True)
class FileTile:
    """An attachment as it is shown: ``badge`` is up to four letters, ``part`` its section number."""

    name: str
    part: str
    size_bytes: int
    badge: str
    hue: int
    content_type: str

    @property
    def is_picture(self) -> bool:
        return self.content_type in {"image/png", "image/jpeg", "image/gif", "image/webp"}


def file_tile(name: str, part: str, content_type: str, size_bytes: int) -> FileTile:
    stem, dot, extension = name.rpartition(".")
    extension = extension.lower() if dot and stem and len(extension) <= 5 and extension.isalnum() else ""
    kind = extension or content_type.partition("/")[2].partition("+")[0]
    return FileTile(
        name=name or f"unnamed.{kind or 'bin'}",
        part=part,
        size_bytes=size_bytes,
        badge=(extension or content_type.partition("/")[0])[:4].upper(),
        hue=_HUE_OF.get(kind, 260),
        content_type=content_type,
    )
