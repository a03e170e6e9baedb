"""Encrypted S/MIME (RFC 5652 §6, RFC 5083) and the keys it may be for in, the MIME entity inside out, or why not. Pure.

Whoever sends a letter chooses every byte of it, and may look at what becomes of it: so all that goes wrong once a key
fits is one and the same failure, whichever step it was in (RFC 3218, RFC 8551 §6: no oracle for padding). What CBC
decrypts may have been altered on the way without anybody noticing (EFAIL), so whoever shows it trusts none of it.
"""

import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from asn1crypto import cms, core
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, CipherAlgorithm, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap
from cryptography.hazmat.primitives.padding import PKCS7

from mailsync.message.certificates import CertificateId
from mailsync.message.facts import Problem
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.smime import count_elements, joined_pieces

#: Of the CMS structure. More is opened with another program: all of it is held in memory, more than once.
MAX_BYTES = 32 * 1024 * 1024
#: More than any mail program writes; the rest is not looked at.
_MOST_RECIPIENTS = 1000
#: Programs that stream write a piece every kilobyte or more; one of a byte each would be read for minutes.
_MOST_ELEMENTS = 100_000
#: Of each string beside the content: a message's key for one recipient is some 250 bytes.
_MAX_STRING = 16 * 1024
#: What asn1crypto raises on bytes that are not what they say.
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha1": hashes.SHA1,
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
#: RFC 5753 §7.1.4: agreement with a key made for this message, with and without the cofactor, which is 1 for the curves
#: of NIST.
_AGREEMENTS: dict[str, type[hashes.HashAlgorithm]] = {
    "1.3.133.16.840.63.0.2": hashes.SHA1,
    "1.3.133.16.840.63.0.3": hashes.SHA1,
    **{f"1.3.132.1.{arc}.0": hashes.SHA224 for arc in (11, 14)},
    **{f"1.3.132.1.{arc}.1": hashes.SHA256 for arc in (11, 14)},
    **{f"1.3.132.1.{arc}.2": hashes.SHA384 for arc in (11, 14)},
    **{f"1.3.132.1.{arc}.3": hashes.SHA512 for arc in (11, 14)},
}
_WRAPS = {"aes128_wrap": 16, "aes192_wrap": 24, "aes256_wrap": 32}
#: The cipher, the bytes of its key, and how it is used.
_CIPHERS: dict[str, tuple[type[CipherAlgorithm], int, Literal["cbc", "gcm"]]] = {
    "tripledes_3key": (TripleDES, 24, "cbc"),
    **{f"aes{bits}_cbc": (AES, bits // 8, "cbc") for bits in (128, 192, 256)},
    **{f"aes{bits}_gcm": (AES, bits // 8, "gcm") for bits in (128, 192, 256)},
}
#: RFC 5084 §3.2: 12 to 16 bytes.
_MIN_TAG, _MAX_TAG = 12, 16
_FIELD = re.compile(rb"[!-9;-~]{1,100}[ \t]*:|\r?\n")


@dataclass(frozen=True, slots=True)
class Opened:
    """``entity`` is the MIME entity, empty with a ``problem``."""

    entity: bytes = field(default=b"", repr=False)
    problem: Problem = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What lies open of an encrypted message: for which certificates it is."""

    recipients: tuple[CertificateId, ...]
    _content: Any
    _is_authenticated: bool


class _Damaged(Exception):
    """This key did not open it."""


class _Unsupported(Exception):
    """Nothing of ours would."""


def read_envelope(data: bytes) -> Envelope | Opened:
    """The structure of an encrypted message; what is none, or too much, as an ``Opened`` that says why."""
    if len(data) > MAX_BYTES:
        return Opened(problem="too_large")
    if count_elements(data, _MOST_ELEMENTS) >= _MOST_ELEMENTS:
        return Opened(problem="unsupported")
    try:
        wrapper = cms.ContentInfo.load(data)
        kind, content = wrapper["content_type"].native, wrapper["content"]
        if kind not in ("enveloped_data", "authenticated_enveloped_data"):
            return Opened(problem="unsupported")
        found = tuple(name for info in _infos(content) for name, _ in _named(info))
    except _UNREADABLE:
        return Opened(problem="damaged")
    return Envelope(found, content, kind == "authenticated_enveloped_data")


def open_envelope(envelope: Envelope, keys: Sequence[OwnKey]) -> Opened:
    """The entity inside, by the first of the keys that fits. Never raises for what is in the envelope."""
    problem: Problem = "no_key"
    try:
        for key, info, encrypted_key in _fitting(envelope, keys):
            try:
                return _open(envelope, key, info, encrypted_key)
            except _Unsupported:
                problem = "unsupported"
            except _Damaged:
                problem = "damaged"
    except _UNREADABLE:
        problem = "damaged"
    return Opened(problem=problem)


def _infos(content: Any) -> list[Any]:
    return list(content["recipient_infos"])[:_MOST_RECIPIENTS]


def _named(info: Any) -> Iterator[tuple[CertificateId, bytes]]:
    """For whom, and the message's key encrypted for them."""
    if info.name == "ktri":
        yield _certificate_id(info.chosen["rid"]), _short(info.chosen["encrypted_key"])
    elif info.name == "kari":
        for one in list(info.chosen["recipient_encrypted_keys"])[:_MOST_RECIPIENTS]:
            yield _certificate_id(one["rid"]), _short(one["encrypted_key"])


def _certificate_id(identifier: Any) -> CertificateId:
    chosen = identifier.chosen
    if identifier.name == "issuer_and_serial_number":
        return CertificateId(chosen["issuer"].dump(), chosen["serial_number"].native)
    return CertificateId(key_id=_short(chosen["subject_key_identifier"] if identifier.name == "r_key_id" else chosen))


def _fitting(envelope: Envelope, keys: Sequence[OwnKey]) -> Iterator[tuple[OwnKey, Any, bytes]]:
    for info in _infos(envelope._content):
        for name, encrypted_key in _named(info):
            for key in keys:
                if name.means(key.certificate):
                    yield key, info, encrypted_key


def _open(envelope: Envelope, key: OwnKey, info: Any, encrypted_key: bytes) -> Opened:
    name = "auth_encrypted_content_info" if envelope._is_authenticated else "encrypted_content_info"
    encrypted = envelope._content[name]
    algorithm = encrypted["content_encryption_algorithm"]
    cipher, key_bytes, mode = _CIPHERS.get(algorithm["algorithm"].native, (None, 0, ""))
    if cipher is None or (mode == "gcm") != envelope._is_authenticated or encrypted["content_type"].native != "data":
        raise _Unsupported
    content_key = _content_key(key, info, encrypted_key, key_bytes)
    content = _content(encrypted["encrypted_content"])
    if mode == "gcm":
        clear = _from_gcm(envelope._content, algorithm, content_key, content)
    else:
        clear = _from_cbc(cipher, _short(algorithm["parameters"]), content_key, content)
    return Opened(_entity(clear))


def _short(string: Any) -> bytes:
    """Any string but the content itself. Raises ``ValueError`` for one that nobody means."""
    if len(string.contents) > _MAX_STRING:
        raise ValueError(f"{len(string.contents)} bytes")
    return bytes(string)


def _content(string: Any) -> bytes:
    """asn1crypto joins what was streamed in time that grows with its square: 20 MB took it 6 seconds."""
    if string.contents is None:
        return b""
    return joined_pieces(string.contents) if string.method == 1 else bytes(string.contents)


def _content_key(key: OwnKey, info: Any, encrypted_key: bytes, key_bytes: int) -> bytes:
    """Raises ``_Unsupported`` by what lies open alone, ``_Damaged`` where there is nothing to hide."""
    if info.name == "kari":
        return _agreed_key(key, info.chosen, encrypted_key)
    algorithm = info.chosen["key_encryption_algorithm"]
    if not isinstance(key.key, rsa.RSAPrivateKey):
        raise _Damaged
    named = algorithm["algorithm"].native
    if named == "rsaes_pkcs1v15":
        scheme: padding.AsymmetricPadding = padding.PKCS1v15()
    elif named == "rsaes_oaep":
        scheme = _oaep(algorithm["parameters"])
    else:
        raise _Unsupported
    # RFC 3218 §2.3.2: where the padding is wrong, go on with a key that nobody knows, as if it had been right.
    instead = secrets.token_bytes(key_bytes)
    try:
        found = key.key.decrypt(encrypted_key, scheme)
    except ValueError:
        return instead
    return found if len(found) == key_bytes else instead


def _oaep(parameters: Any) -> padding.AsymmetricPadding:
    digest = _HASHES.get(parameters["hash_algorithm"]["algorithm"].native)
    mask = _HASHES.get(parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native)
    if digest is None or mask is None or parameters["mask_gen_algorithm"]["algorithm"].native != "mgf1":
        raise _Unsupported
    label = parameters["p_source_algorithm"]["parameters"].native
    return padding.OAEP(padding.MGF1(mask()), digest(), label or None)


def _agreed_key(key: OwnKey, info: Any, encrypted_key: bytes) -> bytes:
    """RFC 5753 §3.1.1: the sender's passing key and ours make one that the message's key is wrapped with."""
    algorithm = info["key_encryption_algorithm"]
    digest = _AGREEMENTS.get(algorithm["algorithm"].dotted)
    wrap = cms.KeyEncryptionAlgorithm.load(algorithm["parameters"].dump())
    wrap_bytes = _WRAPS.get(wrap["algorithm"].native)
    if digest is None or wrap_bytes is None or info["originator"].name != "originator_key":
        raise _Unsupported
    if not isinstance(key.key, ec.EllipticCurvePrivateKey):
        raise _Damaged
    point = _short(info["originator"].chosen["public_key"])
    try:
        passing = ec.EllipticCurvePublicKey.from_encoded_point(key.key.curve, point)
    except ValueError as error:
        raise _Damaged from error
    shared = _SharedInfo({"key_info": wrap, "supp_pub_info": (wrap_bytes * 8).to_bytes(4, "big")})
    if not isinstance(info["ukm"], core.Void):
        shared["entity_u_info"] = _short(info["ukm"])
    wrapping = X963KDF(digest(), wrap_bytes, shared.dump()).derive(key.key.exchange(ec.ECDH(), passing))
    try:
        return aes_key_unwrap(wrapping, encrypted_key)
    except (InvalidUnwrap, ValueError) as error:
        raise _Damaged from error


class _SharedInfo(core.Sequence):  # type: ignore[misc]  # asn1crypto carries no types
    """ECC-CMS-SharedInfo (RFC 5753 §7.2)."""

    _fields: ClassVar[list[Any]] = [
        ("key_info", cms.KeyEncryptionAlgorithm),
        ("entity_u_info", core.OctetString, {"explicit": 0, "optional": True}),
        ("supp_pub_info", core.OctetString, {"explicit": 2}),
    ]


def _from_cbc(cipher: type[CipherAlgorithm], iv: bytes, key: bytes, content: bytes) -> bytes:
    try:
        decryptor = Cipher(cipher(key), modes.CBC(iv)).decryptor()  # type: ignore[call-arg]
        block_bits = len(iv) * 8
        unpadder = PKCS7(block_bits).unpadder()
        return unpadder.update(decryptor.update(content) + decryptor.finalize()) + unpadder.finalize()
    except (ValueError, TypeError) as error:
        raise _Damaged from error


def _from_gcm(content: Any, algorithm: Any, key: bytes, encrypted: bytes) -> bytes:
    """RFC 5083 §2.2: attributes are authenticated with the tag of a SET, not the one that is written."""
    nonce = _short(core.Sequence.load(algorithm["parameters"].dump())[0])
    tag, attributes = _short(content["mac"]), content["auth_attrs"]
    if not _MIN_TAG <= len(tag) <= _MAX_TAG:
        raise _Unsupported
    try:
        decryptor = Cipher(AES(key), modes.GCM(nonce, tag, min_tag_length=_MIN_TAG)).decryptor()
        if not isinstance(attributes, core.Void):
            decryptor.authenticate_additional_data(b"\x31" + attributes.dump()[1:])
        return decryptor.update(encrypted) + decryptor.finalize()
    except (InvalidTag, ValueError, TypeError) as error:
        raise _Damaged from error


def _entity(clear: bytes) -> bytes:
    """As it can be parsed. Seen in practice: scripts that encrypt mere text, without the header of a MIME entity."""
    if _FIELD.match(clear):
        return clear
    try:
        is_text = "\0" not in clear.decode()
    except UnicodeDecodeError as error:
        # What a wrong key has made of it.
        raise _Damaged from error
    if not is_text:
        raise _Damaged
    return b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + clear
