"""uuencoded files inside plain text: found, unpacked, and cut out of the text. Pure, linear.

The format is POSIX uuencode's; its base64 variant is read too.
"""

import binascii
import re
from dataclasses import dataclass

from mailsync.message.lenient_base64 import decode_base64

MAX_FILES = 100
_BEGIN = re.compile(rb"^begin(-base64)? [0-7]{3,4} ([^\r\n]{1,255})\r?\n", re.M)
_END = re.compile(rb"^(?:end|====)[ \t]*\r?$", re.M)


@dataclass(frozen=True, slots=True)
class UuFile:
    """One unpacked file; ``start:end`` is where it stood in the text."""

    name: str
    data: bytes
    start: int
    end: int


def find_uuencode(data: bytes) -> list[tuple[str, int, int]]:
    """(name, start, end) of each file that has both its begin and its end line; nothing is decoded."""
    found: list[tuple[str, int, int]] = []
    begin = _BEGIN.search(data)
    while begin is not None and len(found) < MAX_FILES:
        at = begin.end()
        if begin.group(1) or _is_uu_line(data, at):
            end = _END.search(data, at)
            if end is None:
                break
            found.append((begin.group(2).decode("utf-8", "replace").strip(), begin.start(), end.end()))
            at = end.end()
        begin = _BEGIN.search(data, at)
    return found


def unpack_uuencode(data: bytes) -> list[UuFile]:
    """Every file in order; a broken line gives what can be read of it."""
    return [UuFile(name, _decode(data[start:end]), start, end) for name, start, end in find_uuencode(data)]


def _is_uu_line(data: bytes, at: int) -> bool:
    """The first character of a line is its length: the line must be long enough for it."""
    stop = data.find(b"\n", at)
    line = data[at : stop if stop >= 0 else len(data)].rstrip(b"\r")
    if not line or not 32 <= line[0] <= 96:
        return line == b"" or line == b"`"
    wanted = ((line[0] - 32) & 63) * 4 // 3
    return wanted <= len(line) - 1 + 4 and len(line) - 1 <= 88


def _decode(block: bytes) -> bytes:
    # Seen in practice: a gateway that read the backslash as Shift_JIS does, as a yen sign.
    first, _, body = block.replace(b"\xc2\xa5", b"\\").partition(b"\n")
    if first.startswith(b"begin-base64"):
        return decode_base64(body.rpartition(b"====")[0])
    out = bytearray()
    for line in body.splitlines()[:-1]:
        if not line:
            continue
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            # Seen in practice: trailing characters, or spaces stripped at the end of the line.
            size = (line[0] - 32) & 63
            wanted = (size * 4 + 5) // 3
            try:
                out += binascii.a2b_uu(line[: 1 + wanted].ljust(1 + wanted, b" "))
            except binascii.Error:
                continue
    return bytes(out)


def cut_uuencode(data: bytes) -> bytes:
    """The text without the files that stand in it."""
    out = bytearray()
    at = 0
    for _, start, end in find_uuencode(data):
        out += data[at:start]
        at = end
    return bytes(out + data[at:])
