"""A word to a browser that has no page open: a text flows in, the body and the signature of a request flow out. Pure.

The push service, which the browser's maker runs, carries what it cannot read (RFC 8291), and knows us by a signature
(RFC 8292). Written out here with ``cryptography``'s primitives: the known packages bring an HTTP client of their own
along, which would go past the only door to other machines.
"""

import base64
import json
import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

POINT_BYTES = 65
SECRET_BYTES = 16
#: Texts are filled up, so that their length tells the service nothing; RFC 8291 §4: one need not take over 4096 bytes.
_FILLED_TO = 2048
_RECORD_BYTES = 4096
#: RFC 8292 §2: at most a day.
_SIGNED_FOR_SECONDS = 12 * 3600
_CURVE = ec.SECP256R1()


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a browser gave: where its push service takes words for it, and the keys that only it can open them with."""

    endpoint: str
    public_key: bytes
    secret: bytes


def make_key() -> bytes:
    """A key that a Heron is known by at push services: the private number, 32 bytes."""
    return ec.generate_private_key(_CURVE).private_numbers().private_value.to_bytes(32, "big")


def public_key(key: bytes) -> bytes:
    """What a browser is told of the key (``applicationServerKey``)."""
    return _point(_private(key))


def is_point(point: bytes) -> bool:
    """Whether these bytes are a public key as browsers give them (RFC 8291 §3.2)."""
    try:
        ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, point)
    except ValueError:
        return False
    return len(point) == POINT_BYTES


def encrypt(
    text: bytes, to: Subscription, *, key: bytes | None = None, salt: bytes | None = None, filled_to: int = _FILLED_TO
) -> bytes:
    """The body of the request (RFC 8188 §2, one record). ``key`` and ``salt`` are fresh each time, but for a test."""
    own = _private(key or make_key())
    salt = salt or os.urandom(16)
    shared = own.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, to.public_key))
    # RFC 8291 §3.4
    material = _derive(shared, to.secret, b"WebPush: info\0" + to.public_key + _point(own), 32)
    cipher = AESGCM(_derive(material, salt, b"Content-Encoding: aes128gcm\0", 16))
    nonce = _derive(material, salt, b"Content-Encoding: nonce\0", 12)
    # RFC 8188 §2: 2 ends the last record, zeros fill it up.
    record = (text + b"\x02").ljust(filled_to, b"\0")
    head = salt + _RECORD_BYTES.to_bytes(4, "big") + bytes([POINT_BYTES]) + _point(own)
    return head + cipher.encrypt(nonce, record, None)


def authorization(endpoint: str, key: bytes, contact: str, now: float) -> str:
    """Who calls, signed for this service alone (RFC 8292 §2 and §3). ``contact`` is a mailto: or https: URL."""
    address = urlsplit(endpoint)
    claims = {"aud": f"{address.scheme}://{address.netloc}", "exp": int(now) + _SIGNED_FOR_SECONDS}
    if contact:
        claims["sub"] = contact
    signed = f"{_json({'typ': 'JWT', 'alg': 'ES256'})}.{_json(claims)}"
    # RFC 7518 §3.4: two numbers of 32 bytes, not their ASN.1.
    numbers = decode_dss_signature(_private(key).sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
    signature = b"".join(number.to_bytes(32, "big") for number in numbers)
    return f"vapid t={signed}.{as_text(signature)}, k={as_text(public_key(key))}"


def as_text(data: bytes) -> str:
    """RFC 4648 §5, without padding, as all of Web Push writes bytes.

    >>> as_text(b"heron")
    'aGVyb24'
    """
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def as_bytes(text: str) -> bytes:
    """The reverse. Raises ``ValueError`` (``binascii.Error`` is one).

    >>> as_bytes("aGVyb24")
    b'heron'
    """
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def _json(value: object) -> str:
    return as_text(json.dumps(value, separators=(",", ":")).encode())


def _private(key: bytes) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(int.from_bytes(key, "big"), _CURVE)


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def _derive(material: bytes, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(hashes.SHA256(), length, salt, info).derive(material)
