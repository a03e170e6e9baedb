"""A tree of parts in, how the message is protected out: signed or encrypted, by S/MIME or OpenPGP. Pure.

RFC 8551 (S/MIME), RFC 3156 (PGP/MIME), RFC 1847 (what multipart/signed covers).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from mailsync.message.facts import Part
from mailsync.message.smime import is_opaque_type, signed_content
from mailsync.message.transfer import Read, decode_transfer

#: More than this is not read again to check a signature.
MAX_SIGNED_BYTES = 32 * 1024 * 1024
_MAX_DELIMITER = 300

_DETACHED = frozenset({"application/pkcs7-signature", "application/x-pkcs7-signature"})
_PGP_SIGNATURE = "application/pgp-signature"
_PGP_KEYS = "application/pgp-keys"
_ARMOUR = re.compile(r"-----BEGIN PGP (SIGNED )?MESSAGE-----")
_LINE_END = re.compile(rb"(?<!\r)\n")


@dataclass(frozen=True, slots=True)
class Protection:
    """``part`` is the one that is signed or encrypted, None for text in PGP's own armour; ``is_whole`` False when the
    message says more than what is signed; ``has_key`` when the sender's OpenPGP key came along."""

    kind: Literal["", "signed", "encrypted"]
    way: Literal["", "smime", "pgp"] = ""
    part: Part | None = None
    is_whole: bool = True
    has_key: bool = False


def find_protection(root: Part, beginning: str = "") -> Protection:
    """The outermost protection. ``beginning`` is how the text begins, for OpenPGP without MIME."""
    has_key = any(part.content_type == _PGP_KEYS for part in _own_parts(root))
    for part in _own_parts(root):
        kind, way = _kind_of(part, is_root=part is root)
        if kind:
            # Parts beside the signed one, or after its signature, are shown as well, and nobody has signed them.
            more = kind == "signed" and part.is_multipart and len(part.children) > 2
            return Protection(kind, way, part, is_whole=part is root and not more, has_key=has_key)
    armour = _ARMOUR.search(beginning[:500])
    if armour:
        return Protection("signed" if armour.group(1) else "encrypted", "pgp", is_whole=False, has_key=has_key)
    return Protection("", has_key=has_key)


def _own_parts(part: Part) -> Iterator[Part]:
    """Without those of nested messages: what protects them is theirs."""
    yield part
    if not part.content_type.startswith("message/"):
        for child in part.children:
            yield from _own_parts(child)


def _kind_of(part: Part, *, is_root: bool) -> tuple[Literal["", "signed", "encrypted"], Literal["", "smime", "pgp"]]:
    if part.content_type == "multipart/signed" and len(part.children) >= 2:
        signature = part.children[1].content_type
        return (
            ("signed", "smime")
            if signature in _DETACHED
            else ("signed", "pgp")
            if signature == _PGP_SIGNATURE
            else ("", "")
        )
    if part.content_type == "multipart/encrypted":
        return "encrypted", "pgp"
    if is_opaque_type(part.content_type, part.filename, is_root=is_root) and not part.synthetic:
        named = part.params.get("smime-type", "").lower()
        if named in ("certs-only", "compressed-data"):
            return "", ""
        is_signed = named == "signed-data" or any(child.synthetic == "smime" for child in part.children)
        return ("signed", "smime") if is_signed else ("encrypted", "smime")
    return "", ""


def signed_bytes(part: Part, read: Read) -> tuple[bytes, bytes]:
    """The CMS structure of a signed S/MIME part, and the bytes it is over exactly as they are shown.

    Empty when they cannot be told, or are too many.
    """
    if part.end - part.start > MAX_SIGNED_BYTES:
        return b"", b""
    if not part.is_multipart:
        data = decode_transfer(read(part.start, part.end), part.encoding)
        return data, signed_content(data)
    entity, signature = part.children[0], part.children[1]
    data = decode_transfer(read(signature.start, signature.end), signature.encoding)
    # The delimiter after the entity tells the one before it; between them lies what was signed, header and all.
    after = read(entity.end, min(part.end, entity.end + _MAX_DELIMITER)).lstrip(b"\r\n")
    delimiter = after.partition(b"\n")[0].rstrip()
    before = read(part.start, entity.end)
    if not delimiter.startswith(b"--"):
        return b"", b""
    found = re.search(rb"(?:\A|\n)" + re.escape(delimiter) + rb"[ \t]*\r?\n", before)
    # RFC 8551 §3.1.1: text is signed with the line ends of the wire.
    return (data, _LINE_END.sub(b"\r\n", before[found.end() :])) if found else (b"", b"")
