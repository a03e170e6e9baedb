"""A file of a certificate with its private key (PKCS #12, RFC 7292: .p12, .pfx) and its passphrase in, both out. Pure.

How long opening takes is up to the file: it says how often the passphrase is hashed. What it says openly is read before
anything is opened; within a part that is encrypted it may say more, so ``mailsync.extract.own_keys`` opens it in a
child process with a clock.
"""

import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from asn1crypto import algos, core
from asn1crypto import pkcs12 as structure
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_private_key,
    pkcs12,
)

from mailsync.errors import CannotDo

#: A certificate, its key and a chain are some 5 kB.
MAX_FILE_BYTES = 100_000
MAX_PASSPHRASE = 1000
#: All hashing of a file together; programs write some 2,000 to 600,000 for each part.
MOST_ROUNDS = 10_000_000
_MOST_CHAIN, _MOST_NESTED = 10, 3
_MIN_RSA_BITS, _MAX_RSA_BITS = 1024, 8192
_CURVES = frozenset({"secp256r1", "secp384r1", "secp521r1"})
_PBMAC1 = "1.2.840.113549.1.5.14"  # RFC 9579
#: What asn1crypto raises on bytes that are not what they say.
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


@dataclass(frozen=True, slots=True)
class OwnKey:
    """A certificate, those that lead from it to its authority, and its private key, which no repr shows."""

    certificate: x509.Certificate
    key: PrivateKey = field(repr=False)
    chain: tuple[x509.Certificate, ...] = ()

    def key_der(self) -> bytes:
        """PKCS #8 (RFC 5958), not encrypted."""
        return self.key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def read_key(der: bytes) -> PrivateKey:
    """What ``OwnKey.key_der`` gave. Raises ``ValueError``."""
    key = load_der_private_key(der, None)
    if not isinstance(key, (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey)):
        raise ValueError("neither RSA nor an elliptic curve")
    return key


def check_pkcs12(data: bytes) -> None:
    """Whether the file may be opened at all. Raises ``CannotDo``."""
    if len(data) > MAX_FILE_BYTES:
        raise CannotDo("This file is too large for a certificate with its key: at most 100 kB.", field="file")
    try:
        pfx = structure.Pfx.load(data, strict=True)
        rounds = sum(map(abs, _rounds(pfx)))
    except _UNREADABLE as error:
        raise CannotDo(
            "This is no file of a certificate with its key (.p12 or .pfx). Export it again from the program that has"
            " it.",
            field="file",
        ) from error
    if rounds > MOST_ROUNDS:
        raise CannotDo(
            f"This file wants its passphrase hashed {rounds:,} times, more than the 10 million that Heron does."
            " Export it again with fewer.",
            field="file",
        )


def read_pkcs12(data: bytes, passphrase: str) -> list[OwnKey]:
    """All certificates that have their key in the file, at least one: programs that back up write several into one.
    Raises ``CannotDo``."""
    check_pkcs12(data)
    found = _load(data, passphrase)
    own = [found.cert] if found.cert is not None else []
    certificates = list(dict.fromkeys(one.certificate for one in (*own, *found.additional_certs)))
    keys = {_public(key.public_key()): key for key in (*filter(None, [found.key]), *_further_keys(data, passphrase))}
    certified = [(one, keys[_public(one.public_key())]) for one in certificates if _public(one.public_key()) in keys]
    if not certified:
        raise CannotDo(
            "There is no certificate with its private key in this file. Export it again together with the key.",
            field="file",
        )
    chain = tuple(one for one in certificates if _public(one.public_key()) not in keys)[:_MOST_CHAIN]
    fitting = [OwnKey(one, key, chain) for one, key in certified if _fits(key)]
    if not fitting:
        raise CannotDo(
            "The key in this file is of a kind that mail is not encrypted with. Heron takes RSA of 1024 to 8192 bits"
            " and elliptic curves (P-256, P-384, P-521).",
            field="file",
        )
    return fitting


def _further_keys(data: bytes, passphrase: str) -> Iterator[Any]:
    """OpenSSL gives the first key of a file alone. What it does not open in this way is left out."""
    for bag in _bags(structure.Pfx.load(data)):
        if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
            with suppress(ValueError, TypeError, UnsupportedAlgorithm):
                yield load_der_private_key(bag["bag_value"].untag().dump(), passphrase.encode())


def _fits(key: Any) -> bool:
    if isinstance(key, rsa.RSAPrivateKey):
        return _MIN_RSA_BITS <= key.key_size <= _MAX_RSA_BITS
    return isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES


def _load(data: bytes, passphrase: str) -> pkcs12.PKCS12KeyAndCertificates:
    # Without a passphrase there are two ways to write one (RFC 7292 Appendix B.1): nothing, and an empty string.
    tries = [passphrase.encode()] if passphrase else [b"", None]
    for attempt in tries:
        try:
            with warnings.catch_warnings():
                # Of BER, which Firefox and Thunderbird write: it is read all the same.
                warnings.simplefilter("ignore", UserWarning)
                return pkcs12.load_pkcs12(data, attempt)
        except UnsupportedAlgorithm as error:
            raise CannotDo("This file is encrypted in a way that Heron does not know.", field="file") from error
        except ValueError:
            continue
    raise CannotDo("This passphrase does not open the file.", field="passphrase")


def _public(key: Any) -> bytes:
    found: bytes = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return found


def _rounds(pfx: Any) -> Iterator[int]:
    """How often each part that lies open has the passphrase hashed. Raises what asn1crypto raises."""
    if pfx["mac_data"].native is not None:
        yield _rounds_of_mac(pfx["mac_data"])
    for content in pfx.authenticated_safe:
        if content["content_type"].native == "encrypted_data":
            yield content["content"]["encrypted_content_info"]["content_encryption_algorithm"].kdf_iterations
    for bag in _bags(pfx):
        if bag["bag_id"].native == "pkcs8_shrouded_key_bag":
            yield bag["bag_value"]["encryption_algorithm"].kdf_iterations


def _rounds_of_mac(mac_data: Any) -> int:
    algorithm = mac_data["mac"]["digest_algorithm"]
    if algorithm["algorithm"].dotted != _PBMAC1:
        return int(mac_data["iterations"].native)
    parameters = core.SequenceOf.load(algorithm["parameters"].dump(), spec=core.Any)
    derivation = algos.KdfAlgorithm.load(parameters[0].dump())
    return int(derivation["parameters"]["iteration_count"].native)


def _bags(pfx: Any) -> Iterator[Any]:
    """Those that lie open, among them keys, which are encrypted each by itself."""
    for content in pfx.authenticated_safe:
        if content["content_type"].native == "data":
            yield from _within(structure.SafeContents.load(content["content"].native), 0)


def _within(bags: Any, depth: int) -> Iterator[Any]:
    for bag in bags:
        if bag["bag_id"].native != "safe_contents":
            yield bag
        elif depth < _MOST_NESTED:
            yield from _within(bag["bag_value"], depth + 1)
