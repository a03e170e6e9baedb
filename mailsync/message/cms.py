"""A CMS signature (RFC 5652 §5) and the bytes it is over in, who signed and whether it holds out. Pure, never raises.

The signature answers whether these bytes are what the holder of a key signed; the chain, whether an authority that we
know says who that is. asn1crypto reads the structure, cryptography does the arithmetic and judges the chain.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from asn1crypto import cms
from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from mailsync.message.certificates import CertificateId, addresses_of, holder_of, issuer_of, read_certificate
from mailsync.message.smime import count_elements

#: More than any mail program writes; the rest is not looked at.
MAX_SIGNERS, MAX_CERTIFICATES = 4, 20
_MAX_CHAIN = 8
#: A signature with a timestamp and the certificates of that is some 10 kB.
_MAX_SIGNER_BYTES = 64 * 1024
#: Programs that stream write a piece every kilobyte or more; asn1crypto takes a moment for each element.
_MOST_ELEMENTS = 200_000
_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "sha224": hashes.SHA224,
    "sha256": hashes.SHA256,
    "sha384": hashes.SHA384,
    "sha512": hashes.SHA512,
}
#: Bytes can be made that have the same sum: such a signature says nothing.
_BROKEN_HASHES = frozenset({"md2", "md4", "md5", "sha1"})
#: What asn1crypto raises on bytes that are not what they say.
_UNREADABLE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError, RecursionError)

#: ``good``: unchanged, and an authority vouches for the signer. ``unknown``: unchanged, but nobody we know vouches.
#: ``expired``: as good, but the certificate was not valid at the time. ``changed``: the bytes are not those that were
#: signed. ``unsupported``: it cannot be checked, or in a way that proves nothing.
SignatureState = Literal["good", "expired", "unknown", "changed", "unsupported"]
_BEST_FIRST: tuple[SignatureState, ...] = ("good", "expired", "unknown", "unsupported", "changed")


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature. ``name``, ``addresses`` and ``issuer`` are what the certificate says, proven only when ``good``
    or ``expired``; ``until`` is when the certificate expires; ``certificate`` is it whole, as DER, where ``good``."""

    state: SignatureState
    name: str = ""
    addresses: tuple[str, ...] = ()
    issuer: str = ""
    until: datetime | None = None
    certificate: bytes = field(default=b"", repr=False)


def read_signers(data: bytes, content: bytes, roots: Sequence[x509.Certificate], at: datetime) -> tuple[Signer, ...]:
    """The signers of the SignedData in ``data`` over ``content``, the best first; ``at`` is when it was received.

    Empty for what is no SignedData, or is one without signers (a bag of certificates).
    """
    if count_elements(data, _MOST_ELEMENTS) >= _MOST_ELEMENTS:
        return ()
    try:
        wrapper = cms.ContentInfo.load(data)
        if wrapper["content_type"].native != "signed_data":
            return ()
        signed = wrapper["content"]
        certificates = _certificates(signed)
        kind = signed["encap_content_info"]["content_type"].dotted
        signers = [
            _signer(info, kind, certificates, content, roots, at) for info in list(signed["signer_infos"])[:MAX_SIGNERS]
        ]
    except _UNREADABLE:
        return ()
    return tuple(sorted(signers, key=lambda one: _BEST_FIRST.index(one.state)))


def _certificates(signed: Any) -> list[x509.Certificate]:
    return [
        read_certificate(choice.chosen.dump())
        for choice in list(signed["certificates"])[:MAX_CERTIFICATES]
        if choice.name == "certificate"
    ]


def _signer(
    info: Any,
    content_type: str,
    certificates: Sequence[x509.Certificate],
    content: bytes,
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> Signer:
    if len(info.contents) > _MAX_SIGNER_BYTES:
        # asn1crypto joins strings that come in pieces in time that grows with their square.
        return Signer("unsupported")
    certificate = next((one for one in certificates if _is_meant(info["sid"], one)), None)
    if certificate is None:
        # RFC 5652 §5.1 lets the certificate be left out; then there is nothing to check with.
        return Signer("unsupported")
    try:
        holds = _holds(info, content_type, certificate, content)
    except (UnsupportedAlgorithm, *_UNREADABLE):
        return _described("unsupported", certificate)
    if not holds:
        return _described("changed", certificate)
    found = _described(_standing(certificate, certificates, roots, at), certificate)
    return replace(found, certificate=certificate.public_bytes(Encoding.DER)) if found.state == "good" else found


def _is_meant(identifier: Any, certificate: x509.Certificate) -> bool:
    """RFC 5652 §5.3: by issuer and serial number, or by the key's identifier."""
    if identifier.name == "issuer_and_serial_number":
        wanted = identifier.chosen
        return CertificateId(wanted["issuer"].dump(), wanted["serial_number"].native).means(certificate)
    return CertificateId(key_id=identifier.native).means(certificate)


def _holds(info: Any, content_type: str, certificate: x509.Certificate, content: bytes) -> bool:
    """Whether the signature is over these bytes. Raises ``UnsupportedAlgorithm``."""
    digest_name = info["digest_algorithm"]["algorithm"].native
    if digest_name in _BROKEN_HASHES or digest_name not in _HASHES:
        raise UnsupportedAlgorithm(digest_name)
    signed_bytes = content
    attributes = info["signed_attrs"]
    if attributes.native is not None:
        values = {one["type"].native: one["values"] for one in attributes}
        # RFC 5652 §5.4: both must be there, or the signature could be moved to other bytes.
        if values["content_type"][0].dotted != content_type:
            return False
        if values["message_digest"][0].native != hashlib.new(digest_name, content).digest():
            return False
        # The tag that is signed is that of a SET, not the one that is written.
        signed_bytes = b"\x31" + attributes.dump()[1:]
    return _verify(certificate.public_key(), info, digest_name, signed_bytes)


def _verify(key: Any, info: Any, digest_name: str, signed_bytes: bytes) -> bool:
    algorithm = info["signature_algorithm"]
    signature = info["signature"].native
    named = algorithm["algorithm"].native
    try:
        if isinstance(key, rsa.RSAPublicKey) and named == "rsassa_pss":
            parameters = algorithm["parameters"]
            digest = _hash(parameters["hash_algorithm"]["algorithm"].native)
            mask = _hash(parameters["mask_gen_algorithm"]["parameters"]["algorithm"].native)
            salted = padding.PSS(padding.MGF1(mask), parameters["salt_length"].native)
            key.verify(signature, signed_bytes, salted, digest)
        elif isinstance(key, rsa.RSAPublicKey) and algorithm.signature_algo == "rsassa_pkcs1v15":
            # RFC 3370 §3.2: "rsaEncryption" leaves the hash to the digest algorithm.
            digest_name = digest_name if named == "rsassa_pkcs1v15" else algorithm.hash_algo
            key.verify(signature, signed_bytes, padding.PKCS1v15(), _hash(digest_name))
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm.signature_algo == "ecdsa":
            digest_name = digest_name if named == "ecdsa" else algorithm.hash_algo
            key.verify(signature, signed_bytes, ec.ECDSA(_hash(digest_name)))
        elif isinstance(key, (ed25519.Ed25519PublicKey, ed448.Ed448PublicKey)) and named in ("ed25519", "ed448"):
            key.verify(signature, signed_bytes)
        else:
            raise UnsupportedAlgorithm(named)
    except InvalidSignature:
        return False
    return True


def _hash(name: str) -> hashes.HashAlgorithm:
    known = _HASHES.get(name)
    if known is None:
        raise UnsupportedAlgorithm(name)
    return known()


def _standing(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> SignatureState:
    """What a signature that holds is worth: whether a chain leads to an authority at the time of receipt."""
    if _has_chain(certificate, others, roots, at):
        return "good"
    # Within its own time: is its age all that is wrong with it?
    within = min(max(at, certificate.not_valid_before_utc), certificate.not_valid_after_utc)
    if within != at and _has_chain(certificate, others, roots, within):
        return "expired"
    return "unknown"


def _has_chain(
    certificate: x509.Certificate,
    others: Sequence[x509.Certificate],
    roots: Sequence[x509.Certificate],
    at: datetime,
) -> bool:
    if not roots:
        return False
    authority = ExtensionPolicy.webpki_defaults_ca().may_be_present(
        x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _check_purpose
    )
    person = (
        ExtensionPolicy.permit_all()
        .may_be_present(x509.ExtendedKeyUsage, Criticality.AGNOSTIC, _check_purpose)
        .may_be_present(x509.KeyUsage, Criticality.AGNOSTIC, _check_usage)
    )
    builder = PolicyBuilder().store(Store(list(roots))).time(at).max_chain_depth(_MAX_CHAIN)
    verifier = builder.extension_policies(ca_policy=authority, ee_policy=person).build_client_verifier()
    try:
        verifier.verify(certificate, [one for one in others if one != certificate])
    except (VerificationError, ValueError):
        return False
    return True


def _check_purpose(policy: Policy, certificate: x509.Certificate, usage: x509.ExtendedKeyUsage | None) -> None:
    """RFC 8550 §4.4.4: where purposes are named, mail is one of them."""
    mail = {ExtendedKeyUsageOID.EMAIL_PROTECTION, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE}
    if usage is not None and not mail & set(usage):
        raise ValueError("not for mail")


def _check_usage(policy: Policy, certificate: x509.Certificate, usage: x509.KeyUsage | None) -> None:
    """RFC 8550 §4.4.2: a key that may sign, where its uses are named."""
    if usage is not None and not (usage.digital_signature or usage.content_commitment):
        raise ValueError("not for signing")


def _described(state: SignatureState, certificate: x509.Certificate) -> Signer:
    return Signer(
        state,
        name=holder_of(certificate),
        addresses=addresses_of(certificate),
        issuer=issuer_of(certificate),
        until=certificate.not_valid_after_utc,
    )
