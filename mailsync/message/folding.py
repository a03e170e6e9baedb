"""Header values in, folded field bytes out: RFC 5322 §2.2.3, RFC 2047, RFC 2231. Pure, and strict.

A line is at most 78 characters wherever it can be broken, and never more than 998. Nothing that holds a control
character gets in: a line break in a value would begin a second header.
"""

import re
from collections.abc import Iterable
from urllib.parse import quote

from mailsync.message.addresses import ascii_address, is_address
from mailsync.message.encoded_words import encode_words
from mailsync.types import Address

SOFT_LIMIT = 78
HARD_LIMIT = 998
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_SURROGATES = re.compile(r"[\ud800-\udfff]")
_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+\-/=?^_`{|}~]+")
_PLAIN_PARAMETER = re.compile(r"[ !#-\[\]-~]*")
_WORD = re.compile(r" *[^ ]+")


def refuse_controls(value: str, what: str) -> str:
    """The value itself. Raises ``ValueError`` in plain words when it cannot stand in a header."""
    if _CONTROLS.search(value):
        raise ValueError(f"The {what} contains a line break or another control character. Remove it and try again.")
    if _SURROGATES.search(value):
        raise ValueError(f"The {what} contains a character that is not valid text. Remove it and try again.")
    return value


def fold(name: str, tokens: Iterable[str]) -> bytes:
    """``Name: tokens`` with a break between two tokens wherever the line would get too long.

    A token brings its own leading spaces (one is added where it has none); it is never split.
    """
    lines = [f"{name}:"]
    for token in tokens:
        piece = token if token.startswith(" ") else f" {token}"
        size = len(piece.encode())
        if size > HARD_LIMIT:
            raise ValueError(f"A value in the header {name} is too long to be sent. Shorten it and try again.")
        if (len(lines[-1].encode()) + size > SOFT_LIMIT and lines[-1] != f"{name}:") or len(
            lines[-1].encode()
        ) + size > HARD_LIMIT:
            lines.append(piece)
        else:
            lines[-1] += piece
    return "\r\n".join(lines).encode() + b"\r\n"


def fold_text(name: str, text: str) -> bytes:
    """An unstructured field: as it is when it is plain ASCII, as encoded words otherwise."""
    text = text.strip(" ")
    words = _WORD.findall(text)
    # RFC 2047 §6: what looks like an encoded word must be encoded, or it would be decoded.
    if text.isascii() and "=?" not in text and all(len(word) < SOFT_LIMIT - len(name) - 2 for word in words):
        return fold(name, words)
    return fold(name, encode_words(text, first_room=SOFT_LIMIT - len(name) - 2))


def fold_addresses(name: str, addresses: Iterable[Address]) -> bytes:
    """An address list; names in quotes or encoded words as needed, domains as A-labels (RFC 5891)."""
    tokens: list[str] = []
    listed = list(addresses)
    for number, address in enumerate(listed):
        mailbox = check_address(address.address)
        display = refuse_controls(address.name, "name of a sender or recipient").strip()
        pieces = [*_phrase(display), f"<{mailbox}>"] if display else [mailbox]
        if number < len(listed) - 1:
            pieces[-1] += ","
        tokens += pieces
    return fold(name, tokens)


def check_address(address: str) -> str:
    """The address as it goes on the wire. Raises ``ValueError`` in plain words when it is none."""
    refuse_controls(address, "email address")
    wire = ascii_address(address)
    if not is_address(wire):
        raise ValueError(f"“{address}” is not an email address. Write it as name@example.org.")
    return wire


def _phrase(name: str) -> list[str]:
    """RFC 5322 §3.2.5: atoms, a quoted string, or encoded words; whichever is the plainest that is right."""
    words = name.split(" ")
    if "=?" not in name and all(_ATOM.fullmatch(word) for word in words) and all(len(word) < 60 for word in words):
        return words
    if name.isascii() and "=?" not in name and len(name) < 60:
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        return [f'"{escaped}"']
    return encode_words(name, first_room=60)


def fold_ids(name: str, ids: Iterable[str]) -> bytes:
    """Message-IDs in angle brackets, each on one line."""
    return fold(name, [f"<{one}>" for one in ids])


def fold_value(name: str, value: str, parameters: Iterable[tuple[str, str]] = ()) -> bytes:
    """``Content-Type: value; name=…`` with RFC 2231 where a parameter is not plain ASCII or is long."""
    pairs = [piece for key, text in parameters for piece in _parameter(key, text)]
    tokens = [value, *pairs]
    return fold(name, [f"{token};" for token in tokens[:-1]] + tokens[-1:])


def _parameter(name: str, text: str) -> list[str]:
    refuse_controls(text, "file name" if name in ("filename", "name") else f"parameter {name}")
    if _PLAIN_PARAMETER.fullmatch(text) and len(text) <= 60 and "=?" not in text:
        return [f"{name}={text}" if re.fullmatch(r"[A-Za-z0-9_.+-]+", text) else f'{name}="{text}"']
    encoded = [quote(char, safe="!#$&+-.^_`|~") for char in text]
    if sum(map(len, encoded)) <= 55:
        return [f"{name}*=utf-8''{''.join(encoded)}"]
    # RFC 2231 §3: segments; a character is never split over two, for the readers that decode each alone.
    segments: list[str] = []
    room = 0
    for piece in encoded:
        if not segments or room < len(piece):
            segments.append("utf-8''" if not segments else "")
            room = 50
        segments[-1] += piece
        room -= len(piece)
    return [f"{name}*{number}*={segment}" for number, segment in enumerate(segments)]
