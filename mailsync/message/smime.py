"""An opaque S/MIME signature (RFC 8551 §3.5.2) in, the MIME entity that was signed out. Pure, bounded, never raises.

Such a message is readable by anyone, but its words lie inside a CMS structure (RFC 5652 §5.1): they are taken out so
that it can be opened. Nothing is verified here, and encrypted data gives nothing.
"""

_TYPES = frozenset({"application/pkcs7-mime", "application/x-pkcs7-mime"})
#: Some gateways say no more of a whole message than its name (RFC 8551 §3.10); a file beside words is a file.
_NAME = "smime.p7m"
_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_DATA = bytes.fromhex("2a864886f70d010701")
_SEQUENCE, _SET, _OID, _EXPLICIT = 0x30, 0x31, 0x06, 0xA0
_STRING, _STRING_PIECES = 0x04, 0x24
_MAX_DEPTH = 20


def is_opaque_type(content_type: str, filename: str, *, is_root: bool) -> bool:
    """Whether a part says of itself that it is signed or encrypted as one piece."""
    is_named = content_type == "application/octet-stream" and filename.lower() == _NAME
    return content_type in _TYPES or (is_root and is_named)


def signed_content(data: bytes) -> bytes:
    """The signed bytes of a CMS SignedData, b"" for anything else."""
    try:
        return _signed_content(data)
    except (IndexError, ValueError, StopIteration):
        return b""


def _signed_content(data: bytes) -> bytes:
    # ContentInfo ::= SEQUENCE { contentType OID, content [0] EXPLICIT SignedData }
    kind, content = _inside(data, 0, len(data), _SEQUENCE)[:2]
    if data[kind[1] : kind[2]] != _SIGNED_DATA:
        return b""
    # SignedData ::= SEQUENCE { version, digestAlgorithms SET, encapContentInfo SEQUENCE, … }
    fields = _inside(data, content[1], content[2], _SEQUENCE)
    encapsulated = next(one for at, one in enumerate(fields) if one[0] == _SEQUENCE and at >= 2)
    # EncapsulatedContentInfo ::= SEQUENCE { eContentType OID, eContent [0] EXPLICIT OCTET STRING OPTIONAL }
    inner = _items(data, encapsulated[1], encapsulated[2])
    if len(inner) < 2 or data[inner[0][1] : inner[0][2]] != _DATA:
        return b""
    tag, start, end = _items(data, inner[1][1], inner[1][2])[0]
    # In one piece or in many (X.690 §8.7.3).
    return joined_pieces(data[start:end]) if tag == _STRING_PIECES else data[start:end] if tag == _STRING else b""


Item = tuple[int, int, int]  # tag, start and end of the content


def _inside(data: bytes, start: int, end: int, tag: int) -> list[Item]:
    """What the one element at ``start`` holds. Raises ``IndexError`` when it is of another kind."""
    outer = _items(data, start, end)[0]
    if outer[0] != tag:
        raise IndexError
    return _items(data, outer[1], outer[2])


def _items(data: bytes, start: int, end: int) -> list[Item]:
    found: list[Item] = []
    at = start
    while at < end and len(found) < 10_000:
        tag, first, last, at = _element(data, at, 0)
        found.append((tag, first, min(last, end)))
    return found


def _element(data: bytes, at: int, depth: int) -> tuple[int, int, int, int]:
    """(tag, start, end, next) of one BER element; both definite and indefinite lengths (X.690 §8.1.3)."""
    if depth > _MAX_DEPTH:
        raise IndexError
    tag, length, first = data[at], data[at + 1], at + 2
    if length == 0x80:
        last = first
        while data[last] or data[last + 1]:
            last = _element(data, last, depth + 1)[3]
        return tag, first, last, last + 2
    if length > 0x80:
        count = length - 0x80
        if count > 5:
            raise IndexError
        first += count
        length = int.from_bytes(data[first - count : first], "big")
    return tag, first, first + length, first + length


def count_elements(data: bytes, most: int) -> int:
    """How many BER elements there are, at all depths, ``most`` at the most; nothing is checked. For those who read a
    structure by a library that takes a moment for each."""
    at, count, end = 0, 0, len(data)
    while at < end and count < most:
        tag, first, last = _header(data, at)
        # What is constructed is stepped into; one of indefinite length ends by two zeros, an element like any other.
        at, count = first if tag & 0x20 else last, count + 1
    return count


def joined_pieces(contents: bytes) -> bytes:
    """What a constructed OCTET STRING holds, its pieces put together (X.690 §8.7.3), in time linear in their number.
    Raises ``ValueError`` for pieces of another kind."""
    pieces = []
    at, end = 0, len(contents)
    while at < end:
        tag, first, last = _header(contents, at)
        if tag == _STRING:
            pieces.append(contents[first:last])
        elif tag not in (_STRING_PIECES, 0):
            raise ValueError(f"a piece of kind {tag}")
        at = last if tag == _STRING else first
    return b"".join(pieces)


def _header(data: bytes, at: int) -> tuple[int, int, int]:
    """(tag, start, end) of one element; of indefinite length its end is its start."""
    tag, end = data[at], len(data)
    at += 1
    if tag & 0x1F == 0x1F:  # a number of several bytes (X.690 §8.1.2.4)
        while at < end and data[at] & 0x80:
            at += 1
        at += 1
    length = data[at] if at < end else 0
    at += 1
    if length > 0x80:
        size = length - 0x80
        length = int.from_bytes(data[at : at + size], "big")
        at += size
    return tag, at, at + (length if length != 0x80 else 0)
