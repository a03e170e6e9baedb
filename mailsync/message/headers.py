"""A header block in, its fields out: where it ends, names, raw values, decoded text. Pure.

Field names are lower case bytes, values raw bytes still folded and encoded; only what is asked for is decoded.
"""

import re
from collections.abc import Sequence

from mailsync.message.charsets import decode_bytes
from mailsync.message.encoded_words import decode_words

MAX_HEADER_BYTES = 1024 * 1024

Fields = dict[bytes, list[bytes]]

# Seen in practice: "\r\r\n" line endings, made by a gateway that converted twice.
_BLANK = re.compile(rb"\n\r*\n")
# One line that is not a continuation: a field name (RFC 5322 §2.2, obsolete white space before the colon
# allowed), or something else.
_LINE = re.compile(rb"^(?:([!-9;-~]+)[ \t]*:|([^ \t\r\n].*))", re.M)
_FOLD = re.compile(rb"(?<!\r)\r*+\n(?=[ \t])")
_LINE_ENDS = re.compile(rb"[\r\n]+")
_JUNK_BYTES = 2000
_KNOWN = re.compile(
    rb"^(?:content-|mime-version|from|to|cc|subject|date|message-id|received|return-path|reply-to|x-)[\w-]*[ \t]*:",
    re.M | re.I,
)


def split_header(raw: bytes, start: int, end: int) -> tuple[Fields, int, list[str]]:
    """The fields of the block at ``start``, the offset where the body begins, and defect codes.

    RFC 5322 §2.1: the header ends at the first empty line. Seen in practice: no empty line at all
    (``missing_separator``), junk between fields (``junk_in_header``), an mbox "From " line on top.
    """
    if raw.startswith((b"\r\n", b"\n"), start, end):
        return {}, start + (2 if raw[start] == 13 else 1), []
    blank = _BLANK.search(raw, start, end)
    stop, body = (blank.start(), blank.end()) if blank else (end, end)
    defects: list[str] = []
    if stop - start > MAX_HEADER_BYTES:
        defects.append("header_too_big")
        stop = start + MAX_HEADER_BYTES
    fields, cut = _split_fields(raw[start:stop], defects, closed=blank is not None)
    return fields, body if cut is None else start + cut, defects


def _split_fields(block: bytes, defects: list[str], *, closed: bool) -> tuple[Fields, int | None]:
    """The fields, and where the body begins inside the block if it does (the empty line was forgotten)."""
    fields: Fields = {}
    name = b""
    value_at = known_at = 0
    for line in _LINE.finditer(block):
        if line.group(1) is None:
            if line.start() == 0 and line.group(2).startswith((b"From ", b">From ")):
                continue
            # In a block that ends with an empty line, junk that more fields follow is junk, or a fold without
            # its space: it stays with the field above. Otherwise the body began here.
            if closed and known_at <= line.start():
                known_at = _next_known(block, line.start())
            if closed and known_at > 0 and _is_junk(block, line.start(), known_at):
                defects.append("junk_in_header")
                continue
            if name:
                fields.setdefault(name, []).append(block[value_at : line.start()])
            defects.append("missing_separator")
            return fields, line.start()
        if name:
            fields.setdefault(name, []).append(block[value_at : line.start()])
        name = line.group(1).lower()
        value_at = line.end()
    if name:
        fields.setdefault(name, []).append(block[value_at:])
    return fields, None


def _next_known(block: bytes, at: int) -> int:
    """Where a well-known field follows soon, else 0."""
    following = _KNOWN.search(block, at, at + _JUNK_BYTES)
    return following.start() if following else 0


def _is_junk(block: bytes, at: int, known_at: int) -> bool:
    """A well-known field follows soon, and no line that could be a boundary comes before it."""
    return not block.startswith(b"--", at) and block.find(b"\n--", at, known_at) < 0


def unfold(value: bytes) -> bytes:
    """A raw value on one line (RFC 5322 §2.2.3), trimmed; a NUL, which no store takes, is a space."""
    value = value.replace(b"\0", b" ").strip()
    if b"\n" in value or b"\r" in value:
        return _LINE_ENDS.sub(b" ", _FOLD.sub(b"", value))
    return value


def structured(value: bytes, charset: str = "") -> str:
    """Unfolded text with encoded words left alone: for fields whose grammar comes before their words.

    Raw 8-bit is UTF-8 (RFC 6532) or else the charset that the message's body uses.
    """
    flat = unfold(value)
    return flat.decode("ascii") if _is_plain(flat) else decode_bytes(flat, charset)[0]


def unstructured(value: bytes, charset: str = "") -> str:
    """Readable text of an unstructured field (Subject, Comments)."""
    flat = unfold(value)
    if b"=?" not in flat and not flat.isascii():
        return decode_words(_raw_text(flat, charset))
    return decode_words(flat.decode("ascii") if _is_plain(flat) else _raw_text(flat, charset)).strip()


def _is_plain(flat: bytes) -> bool:
    # Seen in practice: ISO-2022-JP in a header as it stands, without encoded words.
    return flat.isascii() and b"\x1b" not in flat


def _raw_text(flat: bytes, charset: str) -> str:
    if flat.isascii():
        return decode_bytes(flat, charset)[0]
    try:
        return flat.decode("utf-8")
    except UnicodeDecodeError:
        return decode_bytes(flat, charset)[0]


def first(fields: Fields, *names: bytes) -> bytes:
    """The first value of the first of ``names`` that is there and not empty."""
    for name in names:
        for value in fields.get(name, ()):
            if value.strip():
                return value
    return b""


def every(fields: Fields, name: bytes) -> Sequence[bytes]:
    return fields.get(name, ())
