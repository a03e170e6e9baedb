"""Tokens that let a URL be used only as we wrote it: HMAC-SHA256 over (user, message, URL). Screens room, no tables.

A picture's token names its URL and message and is bound to one user, so the proxy fetches only what a
message really holds, for the person who reads it.
"""

import base64
import binascii
from dataclasses import dataclass

from django.utils.crypto import constant_time_compare, salted_hmac

_SALT = "heron.picture"
_MAC_LENGTH = 43  # of base64 without padding, for 32 bytes


@dataclass(frozen=True, slots=True)
class SignedPicture:
    message_id: int
    url: str


def sign_picture(user_id: int, message_id: int, url: str) -> str:
    """A token of letters, digits, ``-``, ``_`` and ``.``: it needs no escaping anywhere."""
    return f"{message_id}.{_encode(url.encode())}.{_mac(user_id, message_id, url)}"


def read_picture(user_id: int, token: str) -> SignedPicture | None:
    """What the token names, or None when it was not made for this user."""
    try:
        number, encoded, mac = token.split(".")
        message_id, url = int(number), _decode(encoded).decode()
    except (ValueError, binascii.Error):
        return None
    if not constant_time_compare(mac, _mac(user_id, message_id, url)):
        return None
    return SignedPicture(message_id, url)


def _mac(user_id: int, message_id: int, url: str) -> str:
    digest = salted_hmac(_SALT, f"{user_id}\n{message_id}\n{url}", algorithm="sha256").digest()
    return _encode(digest)[:_MAC_LENGTH]


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
