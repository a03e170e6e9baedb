"""How a base64 part is laid out in its message: once it is known, any range of the file is found by counting. Pure.

RFC 2045 §6.8 leaves the length of lines to the writer, who then keeps to it. A part whose every line but the last is as
long as its first, and holds nothing else, has its byte ``n`` at a place that can be told; any other is decoded from its
beginning (``mailsync/message/transfer.py``).
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass

from mailsync.message.transfer import CHUNK_BYTES, Read

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
_LAST_LINE = re.compile(rb"[A-Za-z0-9+/]+={0,2}")
#: A longer line than this is taken for a part without lines.
_LONGEST_LINE = 4096


@dataclass(frozen=True, slots=True)
class Base64Layout:
    """``size_bytes`` decoded, in lines of ``characters`` followed by a line end of ``line_end`` bytes; the encoded part
    is ``encoded_bytes`` long. A part that is one long line has lines of four characters and no line ends."""

    size_bytes: int
    characters: int
    line_end: int
    encoded_bytes: int


def read_layout(read: Read, start: int, end: int) -> Base64Layout | None:
    """The layout of ``start:end``; None if it is not regular. Looks at all of it, in pieces, and decodes nothing."""
    beginning = read(start, min(end, start + _LONGEST_LINE))
    ending = read(max(start, end - _LONGEST_LINE), end)
    length = end - start - (len(ending) - len(ending.rstrip(b"\r\n \t")))
    line, newline, _ = beginning.partition(b"\n")
    line_end = (2 if line.endswith(b"\r") else 1) if newline else 0
    characters = len(line) + 1 - line_end if newline else 4
    if length <= 0 or characters <= 0 or characters % 4:
        return None
    each = characters + line_end
    whole = (length - 1) // each
    last = read(start + whole * each, start + length)
    if len(last) > characters or len(last) % 4 or not _LAST_LINE.fullmatch(last):
        return None
    at_once = max(1, CHUNK_BYTES // each)
    for first in range(0, whole, at_once):
        count = min(at_once, whole - first)
        block = read(start + first * each, start + (first + count) * each)
        if not _is_regular(block, characters, line_end, count):
            return None
    size = whole * characters // 4 * 3 + len(last) // 4 * 3 - last.count(b"=")
    return Base64Layout(size, characters, line_end, length)


def _is_regular(block: bytes, characters: int, line_end: int, count: int) -> bool:
    each = characters + line_end
    if len(block) != each * count or len(block.translate(None, _ALPHABET)) != line_end * count:
        return False
    # As many other bytes as line ends have, and each where a line end belongs.
    expected = {0: (), 1: (b"\n",), 2: (b"\r", b"\n")}[line_end]
    return all(block[characters + place :: each] == one * count for place, one in enumerate(expected))


def decode_range(layout: Base64Layout, read: Read, start: int, first: int, last: int) -> Iterator[bytes]:
    """The decoded bytes ``first:last`` of the part that begins at ``start``, in pieces; nothing before is read."""
    decoded = layout.characters // 4 * 3
    each = layout.characters + layout.line_end
    last = min(last, layout.size_bytes)
    at_once = max(1, CHUNK_BYTES // each)
    line = first // decoded
    while line * decoded < last:
        count = min(at_once, -(-last // decoded) - line)
        data = read(start + line * each, start + min(layout.encoded_bytes, (line + count) * each))
        piece = binascii.a2b_base64(data)
        yield piece[max(0, first - line * decoded) : last - line * decoded]
        line += count
