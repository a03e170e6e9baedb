"""RFC 2047 encoded words: header text in, readable text out, and back. Pure.

Decoding is lenient in the ways that are seen in practice: words inside quoted strings, words with no space
between them, spaces and folds inside a word, a multi-byte character split over two words, missing padding.
"""

import binascii
import re

from mailsync.message.charsets import decode_bytes

# RFC 2231 §5 allows a language after the charset. All runs are bounded: this is linear on any input.
_WORD = re.compile(r"=\?([\w.:+-]{1,60})(?:\*[\w-]{0,20})?\?([bBqQ])\?")
_HEX = re.compile(rb"=([0-9A-Fa-f]{2})")
#: What binascii takes for a soft line break or a spelling of "=", and RFC 2047 §4.2 knows nothing of.
_NOT_Q = re.compile(rb"=(?:[=\r\n]|\Z)")
_SPACES = re.compile(r"[ \t\r\n]*")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f\x80-\x9f]+")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
#: RFC 2047 §5 (3): what may stand unencoded in a word inside a phrase.
_Q_SAFE = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789!*+-/")
_MAX_WORD = 75


def decode_words(text: str) -> str:
    """Header text with its encoded words decoded; control characters become spaces.

    >>> decode_words("=?utf-8?B?w6Q=?= =?utf-8?Q?_b?=")
    'ä b'
    """
    if "=?" not in text:
        return _spaced(text)
    out: list[str] = []
    pending = bytearray()
    pending_charset = ""
    at = 0
    while (found := _WORD.search(text, at)) is not None:
        close = text.find("?=", found.end())
        if close < 0:
            break
        between = text[at : found.start()]
        joins = bool(pending_charset) and _SPACES.fullmatch(between) is not None
        charset = found.group(1).lower()
        # RFC 2047 §6.2: white space between two words is not shown. The bytes of neighbours in one charset are
        # joined first. Seen in practice: a character split over two words.
        if pending_charset and not (joins and charset == pending_charset):
            out.append(decode_bytes(bytes(pending), pending_charset)[0])
            pending.clear()
        if not joins:
            out.append(between)
        pending_charset = charset
        pending += _decode_word(text[found.end() : close], found.group(2))
        at = close + 2
    if pending_charset:
        out.append(decode_bytes(bytes(pending), pending_charset)[0])
    out.append(text[at:])
    return _spaced("".join(out))


def _spaced(text: str) -> str:
    # A long text is asked whether it is all printable in a fraction of the time of looking for what is not.
    return text if text.isprintable() else _CONTROLS.sub(" ", text)


def _decode_word(text: str, encoding: str) -> bytes:
    raw = text.encode("utf-8", "surrogateescape" if text.isascii() else "replace")
    if encoding in "qQ":
        # Seen in practice: "=20" is right, but so many write plain spaces that they are kept.
        if not _NOT_Q.search(raw):
            return binascii.a2b_qp(raw, header=True)
        return _HEX.sub(lambda match: bytes((int(match.group(1), 16),)), raw.replace(b"_", b" "))
    bare = _NOT_BASE64.sub(b"", raw)
    bare = bare[: len(bare) - 1] if len(bare) % 4 == 1 else bare
    try:
        return binascii.a2b_base64(bare + b"=" * (-len(bare) % 4))
    except binascii.Error:
        return raw


def encode_words(text: str, *, first_room: int = _MAX_WORD) -> list[str]:
    """``text`` as encoded words in UTF-8, each at most 75 characters, no character split (RFC 2047 §5).

    ``first_room`` is what the first word may take, so that the header's name fits before it.
    The shorter of Q and B is chosen for the whole text.
    """
    data = text.encode("utf-8", "replace")
    q_size = sum(1 if byte in _Q_SAFE or byte == 32 else 3 for byte in data)
    use_q = q_size <= (len(data) + 2) // 3 * 4
    words: list[str] = []
    chunk = bytearray()
    room = max(first_room, 24)
    for char in text:
        piece = char.encode("utf-8", "replace")
        if chunk and len(_word(bytes(chunk) + piece, use_q)) > room:
            words.append(_word(bytes(chunk), use_q))
            chunk.clear()
            room = _MAX_WORD
        chunk += piece
    words.append(_word(bytes(chunk), use_q))
    return words


def _word(data: bytes, use_q: bool) -> str:
    if not use_q:
        return f"=?utf-8?b?{binascii.b2a_base64(data, newline=False).decode('ascii')}?="
    text = "".join(chr(byte) if byte in _Q_SAFE else "_" if byte == 32 else f"={byte:02X}" for byte in data)
    return f"=?utf-8?q?{text}?="
