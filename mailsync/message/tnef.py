"""TNEF (winmail.dat, [MS-OXTNEF]) in, the files inside out. Pure, bounded, never raises.

Outlook's rich text (RTF) is not turned into HTML; the plain or HTML body and the attachments are given.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

_SIGNATURE = 0x223E9F78
_ATTACH_REND, _ATTACH_TITLE, _ATTACH_DATA, _ATTACHMENT = 0x9002, 0x8010, 0x800F, 0x9005
_BODY, _MAPI = 0x800C, 0x9003
_LONG_NAME, _NAME, _MIME_TAG, _CONTENT_ID, _DATA = 0x3707, 0x3704, 0x370E, 0x3712, 0x3701
_PLAIN, _HTML, _RTF = 0x1000, 0x1013, 0x1009
_FIXED = {
    0x0002: 4,
    0x0003: 4,
    0x0004: 4,
    0x0005: 8,
    0x0006: 8,
    0x0007: 8,
    0x000A: 4,
    0x000B: 4,
    0x0014: 8,
    0x0040: 8,
    0x0048: 16,
}
_VARIABLE = frozenset({0x001E, 0x001F, 0x000D, 0x0102})
MAX_FILES = 200
_MAX_PROPERTIES = 5000


@dataclass(frozen=True, slots=True)
class TnefFile:
    """One file: name and type may be empty; ``is_body`` marks the message's own text."""

    name: str
    content_type: str
    data: bytes
    content_id: str = ""
    is_body: bool = False


@dataclass(slots=True)
class _Open:
    name: str = ""
    data: bytes = b""
    properties: dict[int, bytes] = field(default_factory=dict)


def read_tnef(data: bytes) -> list[TnefFile]:
    """Every file of the container; [] for what is not TNEF, and what could be read of a broken one."""
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        return []
    files: list[TnefFile] = []
    current: _Open | None = None
    for level, name, value in _attributes(data):
        if len(files) >= MAX_FILES:
            break
        if level == 1 and name == _BODY:
            files.append(TnefFile("", "text/plain", value.rstrip(b"\0"), is_body=True))
        elif level == 1 and name == _MAPI:
            files += _bodies(dict(_properties(value)))
        elif level == 2:
            if name == _ATTACH_REND:
                files += _finish(current)
                current = _Open()
            current = current or _Open()
            if name == _ATTACH_TITLE:
                current.name = _text(value)
            elif name == _ATTACH_DATA:
                current.data = value
            elif name == _ATTACHMENT:
                current.properties = dict(_properties(value))
    return files + _finish(current)


def _attributes(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    at = 6
    while at + 9 <= len(data):
        level, tag, size = struct.unpack_from("<BII", data, at)
        at += 9
        if level not in (1, 2) or at + size > len(data):
            # Cut short: what is there is given, so that nothing of a truncated file is lost.
            if level in (1, 2):
                yield level, tag & 0xFFFF, data[at:]
            return
        yield level, tag & 0xFFFF, data[at : at + size]
        at += size + 2


def _properties(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(property id, first value) of a MAPI property list ([MS-OXTNEF] §2.1.3.4)."""
    if len(data) < 4:
        return
    count = min(struct.unpack_from("<I", data)[0], _MAX_PROPERTIES)
    at = 4
    try:
        for _ in range(count):
            kind, name = struct.unpack_from("<HH", data, at)
            at += 4
            if name >= 0x8000:
                named = struct.unpack_from("<I", data, at + 16)[0]
                at += 20
                at += 4 + _padded(struct.unpack_from("<I", data, at)[0]) if named else 4
            base, many = kind & 0x0FFF, bool(kind & 0x1000)
            values = 1
            if many or base in _VARIABLE:
                values = struct.unpack_from("<I", data, at)[0]
                at += 4
            value = b""
            for number in range(min(values, _MAX_PROPERTIES)):
                size = _FIXED.get(base)
                if size is None:
                    if base not in _VARIABLE:
                        return
                    size = struct.unpack_from("<I", data, at)[0]
                    at += 4
                if at > len(data):
                    return
                if number == 0:
                    value = data[at : at + size]
                    value = value.decode("utf-16-le", "replace").encode() if base == 0x001F else value
                at += _padded(size)
            yield name, value
    except struct.error:
        return


def _padded(size: int) -> int:
    return size + (-size % 4)


def _bodies(properties: dict[int, bytes]) -> list[TnefFile]:
    found = []
    if properties.get(_PLAIN):
        found.append(TnefFile("", "text/plain", properties[_PLAIN].rstrip(b"\0"), is_body=True))
    if properties.get(_HTML):
        found.append(TnefFile("", "text/html", properties[_HTML].rstrip(b"\0"), is_body=True))
    if properties.get(_RTF) and not found:
        rtf = decompress_rtf(properties[_RTF])
        if rtf:
            found.append(TnefFile("message.rtf", "text/rtf", rtf))
    return found


def _finish(current: _Open | None) -> list[TnefFile]:
    if current is None:
        return []
    own = current.properties
    data = current.data or own.get(_DATA, b"")
    name = _text(own.get(_LONG_NAME, b"")) or current.name or _text(own.get(_NAME, b""))
    if not data and not name:
        return []
    return [TnefFile(name, _text(own.get(_MIME_TAG, b"")).lower(), data, _text(own.get(_CONTENT_ID, b"")).strip("<>"))]


def _text(value: bytes) -> str:
    value = value.split(b"\0", 1)[0]
    try:
        return value.decode("utf-8").strip()
    except UnicodeDecodeError:
        return value.decode("cp1252", "replace").strip()


_RTF_START = (
    b"{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    b"\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    b"\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx"
)
_MAX_RTF = 4 * 1024 * 1024


def decompress_rtf(data: bytes) -> bytes:
    """[MS-OXRTFCP] §3.1: LZ77 over a window of 4 kB; b"" for what is not compressed RTF."""
    if len(data) < 16:
        return b""
    _, raw_size, magic = struct.unpack_from("<III", data)
    if magic == 0x414C454D:
        return data[16 : 16 + raw_size]
    if magic != 0x75465A4C:
        return b""
    limit = min(raw_size, _MAX_RTF)
    window = bytearray(_RTF_START.ljust(4096, b"\0"))
    write, at, out = len(_RTF_START), 16, bytearray()
    while at < len(data) and len(out) < limit:
        control = data[at]
        at += 1
        for bit in range(8):
            if at >= len(data) or len(out) >= limit:
                break
            if not control >> bit & 1:
                out.append(data[at])
                window[write] = data[at]
                write = (write + 1) % 4096
                at += 1
                continue
            if at + 1 >= len(data):
                return bytes(out)
            pair = data[at] << 8 | data[at + 1]
            at += 2
            offset, length = pair >> 4, (pair & 15) + 2
            if offset == write:
                return bytes(out)
            for step in range(length):
                byte = window[(offset + step) % 4096]
                out.append(byte)
                window[write] = byte
                write = (write + 1) % 4096
    return bytes(out)
