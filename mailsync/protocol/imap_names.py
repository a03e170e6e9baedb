"""IMAP's spellings: folder names, UID sets and arguments, to and from bytes. Pure."""

import re
from collections.abc import Iterable, Iterator, Sequence

from imapclient.imap_utf7 import decode as _decode_utf7
from imapclient.imap_utf7 import encode as _encode_utf7

from mailsync.errors import Rejected
from mailsync.types import SearchKey, SearchText

#: A command line stays well below the 8192 bytes that servers take (RFC 7162 §4).
SET_LENGTH = 3800
#: RFC 9051 §2.3.1.1: a UID has 32 bits. RFC 7162 §3.1.1: a MODSEQ has 63, and so has whatever we can keep.
MOST_UID, MOST_NUMBER = 0xFFFFFFFF, 2**63 - 1
_ATOM = re.compile(r"\\?[!#$&'+,\-./0-9:;<=>?@A-Z\[\]^_`a-z|}~]+\Z")


class Literal(bytes):
    """An argument that is sent as a literal, whatever it holds."""


def decode_path(raw: bytes) -> str:
    """A mailbox name for people: modified UTF-7 (RFC 9051 appendix A.1), or what stands there.

    Seen in practice: names in raw UTF-8 or Latin-1, and ``&`` that encodes nothing. The bytes are
    kept beside the text and used in commands, so an odd name still round-trips.

    >>> decode_path(b"Entw&APw-rfe"), decode_path("Entwürfe".encode()), decode_path(b"R&D")
    ('Entwürfe', 'Entwürfe', 'R&D')
    """
    if not raw.isascii():
        try:
            return raw.decode("utf-8")
        except UnicodeDecodeError:
            return raw.decode("latin-1")
    try:
        text = str(_decode_utf7(raw))
        return text if _encode_utf7(text) == raw else raw.decode("ascii")
    except (ValueError, UnicodeError):
        return raw.decode("ascii")


def encode_path(path: str) -> bytes:
    """A mailbox name for the wire. Raises ``Rejected`` for control characters."""
    if not path or any(ord(char) < 32 or ord(char) == 127 for char in path):
        raise Rejected("A folder name cannot be empty or hold control characters.", code="CANNOT")
    return bytes(_encode_utf7(path))


def quote(raw: bytes) -> bytes:
    """An argument as a quoted string, or as a literal where it holds bytes a quoted string may not."""
    if b"\0" in raw or b"\r" in raw or b"\n" in raw:
        raise Rejected("An argument holds a line break or a NUL, which IMAP cannot carry.", code="CANNOT")
    if not raw.isascii() or any(byte < 32 or byte == 127 for byte in raw):
        return Literal(raw)
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"'


def encode_keys(keys: Sequence[SearchKey]) -> list[bytes]:
    """Search keys as arguments of SEARCH (RFC 3501 §6.4.4).

    >>> encode_keys(["OR", "(", "TEXT", SearchText("tea"), ")", "(", "UNSEEN", ")"])
    [b'OR', b'(TEXT', b'"tea")', b'(UNSEEN)']
    """
    parts: list[bytes] = []
    opened = b""
    for key in keys:
        if isinstance(key, SearchText):
            parts.append(quote(key.text.encode()))
        elif key == "(":
            opened += b"("
        elif key == ")":
            if isinstance(parts[-1], Literal):
                parts.append(b"ALL")  # No bracket can touch a literal's end here; this asks for nothing more.
            parts[-1] += b")"
        else:
            parts.append(opened + key.encode())
            opened = b""
    is_ascii = all(key.text.isascii() for key in keys if isinstance(key, SearchText))
    return parts if is_ascii else [b"CHARSET", b"UTF-8", *parts]


def flag_list(flags: Iterable[str]) -> bytes:
    """``(\\Seen $Label1)``. Raises ``Rejected`` for what is no flag."""
    names = list(flags)
    for name in names:
        if not _ATOM.match(name):
            raise Rejected(f"“{name}” cannot be a flag or keyword in IMAP.", code="CANNOT")
    return b"(" + " ".join(names).encode("ascii") + b")"


def compact_set(uids: Iterable[int]) -> bytes:
    """The shortest UID set, ascending (QQ takes no other).

    >>> compact_set([7, 3, 1, 2])
    b'1:3,7'
    """
    return b",".join(b"%d" % low if low == high else b"%d:%d" % (low, high) for low, high in _runs(uids))


def compact_sets(uids: Iterable[int], *, max_count: int | None = None) -> Iterator[tuple[bytes, list[int]]]:
    """UID sets of at most ``SET_LENGTH`` bytes and ``max_count`` UIDs, each with the UIDs it holds."""
    ordered = sorted(set(uids))
    step = max_count or len(ordered) or 1
    for start in range(0, len(ordered), step):
        yield from _split(ordered[start : start + step])


def _split(uids: Sequence[int]) -> Iterator[tuple[bytes, list[int]]]:
    text = compact_set(uids)
    if len(text) <= SET_LENGTH or len(uids) == 1:
        yield text, list(uids)
        return
    middle = len(uids) // 2
    yield from _split(uids[:middle])
    yield from _split(uids[middle:])


def _runs(uids: Iterable[int]) -> Iterator[tuple[int, int]]:
    ordered = sorted(set(uids))
    if not ordered:
        return
    if ordered[0] < 1 or ordered[-1] > MOST_UID:
        raise ValueError("a UID is a number from 1 to 4294967295")
    low = high = ordered[0]
    for uid in ordered[1:]:
        if uid != high + 1:
            yield low, high
            low = uid
        high = uid
    yield low, high


def parse_ranges(text: bytes) -> list[tuple[int, int]]:
    """The ranges of a UID set, in the order given. Raises ``ValueError`` for what is no set.

    Ranges, not numbers: ``1:4294967295`` occurs in VANISHED, and is never to be expanded.
    """
    ranges = []
    for item in text.strip().split(b","):
        low, _, high = item.partition(b":")
        pair = (int(low), int(high or low))
        ranges.append((min(pair), max(pair)))
    return ranges


def expand(ranges: Iterable[tuple[int, int]], limit: int) -> list[int]:
    """The numbers in the ranges. Raises ``ValueError`` beyond ``limit`` of them."""
    ranges = list(ranges)
    if sum(high - low + 1 for low, high in ranges) > limit:
        raise ValueError(f"a set of more than {limit} numbers")
    return [number for low, high in ranges for number in range(low, high + 1)]


def intersect(ranges: Iterable[tuple[int, int]], known: Iterable[int]) -> list[int]:
    """Those of ``known`` that lie in the ranges, ascending; the ranges are never expanded.

    >>> intersect([(1, 4294967295)], [3, 9])
    [3, 9]
    """
    pending = sorted(ranges)
    found = []
    position = 0
    for uid in sorted(set(known)):
        while position < len(pending) and pending[position][1] < uid:
            position += 1
        if position == len(pending):
            break
        if pending[position][0] <= uid:
            found.append(uid)
    return found
