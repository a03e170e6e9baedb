"""Secrets at rest: plain bytes and a context flow in, ciphertext flows out, and back. No ORM.

AES-256-GCM with a random 96-bit nonce; the context (which row, which kind of secret) is
authenticated, so a ciphertext moved to another row does not open. Keys come from the settings,
newest first; each token names its key, so old keys open what they closed until it is rotated.

Token: ``version (1) | key id (4) | nonce (12) | ciphertext and tag``.
"""

import base64
import binascii
import hashlib
import os
from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

_VERSION = b"\x01"
_HEAD = 5
_NONCE = 12


class VaultError(Exception):
    """A secret cannot be opened: its key is missing, or the bytes are not what this row wrote."""


@lru_cache(maxsize=4)
def _keyring(encoded: tuple[str, ...]) -> dict[bytes, AESGCM]:
    """Key id → cipher, in the order given (dicts keep it), the first one encrypts."""
    ring: dict[bytes, AESGCM] = {}
    for text in encoded:
        try:
            key = base64.b64decode(text, altchars=b"-_", validate=True)
        except (binascii.Error, ValueError) as error:
            raise ImproperlyConfigured("HERON_VAULT_KEYS holds a key that is not base64.") from error
        if len(key) != 32:
            raise ImproperlyConfigured(f"HERON_VAULT_KEYS holds a key of {len(key)} bytes; each needs 32.")
        ring[hashlib.sha256(b"heron vault key id" + key).digest()[:4]] = AESGCM(key)
    if not ring:
        raise ImproperlyConfigured("HERON_VAULT_KEYS is empty: make a key with `manage.py makevaultkey`.")
    return ring


def _ring() -> dict[bytes, AESGCM]:
    return _keyring(tuple(settings.HERON_VAULT_KEYS))


def make_key() -> str:
    """A new key as URL-safe base64 of 32 random bytes."""
    return base64.urlsafe_b64encode(os.urandom(32)).decode()


def encrypt(secret: bytes, context: bytes) -> bytes:
    """Encrypt ``secret`` under the newest key, bound to ``context``."""
    key_id, cipher = next(iter(_ring().items()))
    nonce = os.urandom(_NONCE)
    return _VERSION + key_id + nonce + cipher.encrypt(nonce, secret, context)


def decrypt(token: bytes, context: bytes) -> bytes:
    """Open a token made by ``encrypt`` with the same context. Raises ``VaultError``."""
    if len(token) < _HEAD + _NONCE + 16 or token[:1] != _VERSION:
        raise VaultError("This is not a secret that Heron's vault wrote.")
    cipher = _ring().get(token[1:_HEAD])
    if cipher is None:
        raise VaultError(
            "The key that closed this secret is not in HERON_VAULT_KEYS. Put the old key back behind the new one."
        )
    nonce = token[_HEAD : _HEAD + _NONCE]
    try:
        return cipher.decrypt(nonce, token[_HEAD + _NONCE :], context)
    except InvalidTag as error:
        raise VaultError("This secret was damaged, or belongs to another record.") from error


def needs_rotation(token: bytes) -> bool:
    """Whether the token was closed with another key than the newest."""
    return token[1:_HEAD] != next(iter(_ring()))
