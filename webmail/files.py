"""A message's files: which there are, what each may be served as, and its bytes in pieces. Screens room, reads only.

What a sender calls a file decides nothing that is dangerous to get wrong: a file is shown inline only
as what its first bytes say, and never as a type that a browser runs.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Literal

from django.core.cache import cache
from django.http import Http404

from mailsync.message.base64_layout import Base64Layout, decode_range, read_layout
from mailsync.message.bodies import stream_part
from mailsync.message.facts import Part
from mailsync.message.transfer import Read
from mailsync.models import Message
from mailsync.store.opening import message_root
from webmail.render.raster import picture_type

_DAY_SECONDS = 24 * 3600
#: Encodings that change nothing: a range of the file is a range of the message.
_IDENTITY = frozenset({"", "7bit", "8bit", "binary"})
_CONTROL = re.compile("[\x00-\x1f\x7f/\\\\\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]")

#: Media that an <audio> or <video> element may play; such elements run nothing.
_MEDIA_TYPES = frozenset(
    {"audio/mpeg", "audio/mp4", "audio/ogg", "audio/wav", "audio/x-wav", "audio/webm", "audio/aac", "audio/flac"}
    | {"video/mp4", "video/webm", "video/ogg"}
)
PICTURE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
#: Shown as the characters they are.
_TEXT_TYPES = frozenset(
    {"text/plain", "text/csv", "text/markdown", "text/x-markdown", "text/calendar", "text/vcard", "text/x-vcard"}
    | {"text/x-patch", "text/x-diff", "text/x-log", "text/x-python", "application/json", "text/tab-separated-values"}
)
_MESSAGE_TYPES = frozenset({"message/rfc822", "message/global"})
#: An attached message that has to be decoded before it can be read is held in memory.
MAX_MESSAGE_BYTES = 25 * 1024 * 1024
#: "message" is opened as mail is, all else in the viewer (``views/viewer.py``).
Preview = Literal["", "picture", "pdf", "text", "audio", "video", "message"]
#: Types a browser or its plug-ins could act on when they are named; named as plain bytes, they are only saved.
_ACTIVE = re.compile(r"html|xml|svg|script|flash|shockwave|multipart|\bmhtml|x-mimearchive|hta\b|xsl", re.IGNORECASE)
_TYPE = re.compile(r"[a-z0-9][a-z0-9!#$&^_.+-]{0,63}/[a-z0-9][a-z0-9!#$&^_.+-]{0,100}\Z")

#: Endings of files that do something when opened (Windows, macOS, Office macros, shortcuts, disk images).
DANGEROUS_ENDINGS = frozenset(
    {"ade", "adp", "apk", "app", "application", "appref-ms", "appx", "bat", "cab", "chm", "cmd", "com", "cpl"}
    | {"diagcab", "dll", "dmg", "docm", "dotm", "exe", "gadget", "hlp", "hta", "htm", "html", "img", "inf", "ins"}
    | {"iqy", "iso", "isp", "jar", "jnlp", "js", "jse", "lib", "library-ms", "lnk", "mde", "msc", "msi", "msix", "msp"}
    | {"mst", "one", "pif", "pkg", "pl", "potm", "ppam", "ppsm", "pptm", "ps1", "psm1", "py", "pyz", "reg", "rgs"}
    | {"scf", "scr", "sct", "settingcontent-ms", "sh", "shb", "shtml", "svg", "sys", "url", "vb", "vbe", "vbs", "vhd"}
    | {"vhdx", "vxd", "wsc", "wsf", "wsh", "xbap", "xhtml", "xlam", "xll", "xlsm", "xltm"}
)


@dataclass(frozen=True, slots=True)
class Served:
    """How a file goes out: its media type, and whether a page may show it."""

    content_type: str
    inline: bool


def part_of(message: Message, path: str) -> Part:
    """The part at a section number. Raises ``Http404``."""
    root = message_root(message)
    found = next((part for part in root.walk() if part.path == path and not part.is_multipart), None) if root else None
    if found is None:
        raise Http404
    return found


def file_name(part: Part) -> str:
    """A name to save by: the sender's, without path, control or direction characters; never empty."""
    name = _CONTROL.sub("", part.filename).strip(" .")[:200]
    if name:
        return name
    if part.content_type == "message/rfc822":
        return "message.eml"
    kind = part.content_type.partition("/")[2].partition("+")[0]
    ending = {"plain": "txt", "jpeg": "jpg", "calendar": "ics", "octet-stream": "bin"}.get(kind, kind)
    return f"part-{part.path}.{ending or 'bin'}"


def is_dangerous(name: str) -> bool:
    """Whether opening a file of this name could run something; also of "invoice.pdf.exe" and "a.exe." """
    return name.rstrip(". ").rpartition(".")[2].lower() in DANGEROUS_ENDINGS


def preview_kind(part: Part) -> Preview:
    """How a file is looked at in a page of ours before it is saved; "" if it cannot be, or could run something."""
    kind, name = part.content_type, file_name(part).lower()
    if is_dangerous(name):
        return ""
    # Seen in practice: a forwarded message encoded in base64, or as a mere file.
    if kind in _MESSAGE_TYPES or (kind == "application/octet-stream" and name.endswith(".eml")):
        return "message" if part.children or part.size_bytes <= MAX_MESSAGE_BYTES else ""
    if kind in PICTURE_TYPES:
        return "picture"
    # Seen in practice: PDF as application/octet-stream.
    if kind in ("application/pdf", "application/x-pdf") or name.endswith(".pdf"):
        return "pdf"
    if kind in _TEXT_TYPES or (kind == "application/octet-stream" and name.endswith((".txt", ".md", ".csv", ".log"))):
        return "text"
    if kind in _MEDIA_TYPES:
        return "audio" if kind.startswith("audio/") else "video"
    return ""


def how_served(part: Part, beginning: bytes) -> Served:
    """By its first bytes a picture, by its name plain text or media to play; all else is only to be saved."""
    picture = picture_type(beginning)
    if picture is not None:
        return Served(picture, inline=True)
    if part.content_type == "text/plain":
        # Shown as text, whatever it holds: never sniffed, never another text type.
        return Served(f"text/plain; charset={_charset(part)}", inline=True)
    if part.content_type in _MEDIA_TYPES:
        return Served(part.content_type, inline=False)
    if _ACTIVE.search(part.content_type) or not _TYPE.match(part.content_type):
        return Served("application/octet-stream", inline=False)
    return Served(part.content_type, inline=False)


def _charset(part: Part) -> str:
    return part.charset if re.fullmatch(r"[A-Za-z0-9_.:-]{1,40}", part.charset) else "utf-8"


def begin(part: Part, read: Read) -> tuple[bytes, Iterator[bytes]]:
    """The first bytes of a file, and all of its bytes in pieces (the first ones again)."""
    pieces = stream_part(part, read)
    first = next(pieces, b"")
    return first[:64], chain([first] if first else [], pieces)


def file_size(message: Message, part: Part, read: Read) -> int:
    """The exact decoded size, which ``Part.size_bytes`` only estimates."""
    if _is_identity(part):
        return part.end - part.start
    return _measured(message, part, read)[0]


def file_range(message: Message, part: Part, read: Read, start: int, end: int) -> Iterator[bytes]:
    """The decoded bytes ``start:end``, in pieces.

    Found by counting where the encoding is regular; else what lies before is decoded and dropped, never held.
    """
    if _is_identity(part):
        moved = Part("", part.content_type, start=part.start + start, end=part.start + end)
        yield from stream_part(moved, read)
        return
    layout = _measured(message, part, read)[1]
    if layout is not None:
        yield from decode_range(layout, read, part.start, start, end)
        return
    at = 0
    for piece in stream_part(part, read):
        if at + len(piece) > start:
            yield piece[max(0, start - at) : end - at]
        at += len(piece)
        if at >= end:
            return


def _is_identity(part: Part) -> bool:
    return not part.synthetic and part.encoding in _IDENTITY


def _measured(message: Message, part: Part, read: Read) -> tuple[int, Base64Layout | None]:
    """The decoded size and, where it is regular, the layout. Found by reading the part once, then remembered."""
    # The moment tells apart the rows of two databases that use one cache, as after a restore.
    key = f"layout:{message.raw_id}:{message.created_at.timestamp()}:{part.path}"
    # Of what was encrypted another part may lie at this path once it is opened.
    is_kept = message.inside is None
    known: tuple[int, Base64Layout | None] | None = cache.get(key) if is_kept else None
    if known is None:
        is_base64 = part.encoding == "base64" and not part.synthetic
        layout = read_layout(read, part.start, part.end) if is_base64 else None
        size = layout.size_bytes if layout else sum(len(piece) for piece in stream_part(part, read))
        known = (size, layout)
        if is_kept:
            cache.set(key, known, _DAY_SECONDS)
    return known
