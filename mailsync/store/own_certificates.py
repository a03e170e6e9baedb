"""People's own certificates and their keys: kept, found for signing and for opening, removed. Database room.

Keys leave the vault only for their owner's own request, in the web process; no task is handed one.
"""

import hashlib
from collections.abc import Iterable
from datetime import datetime
from itertools import pairwise

from asn1crypto.parser import peek
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction
from django.db.models import QuerySet

from accounts import vault
from accounts.models import Identity, OwnCertificate, User
from mailsync.errors import CannotDo
from mailsync.extract.own_keys import open_pkcs12
from mailsync.message.addresses import ascii_address
from mailsync.message.certificates import CertificateId, addresses_of, can_encrypt, can_sign
from mailsync.message.pkcs12 import OwnKey, read_key

#: Of one person; each is looked at with every encrypted message that is opened.
MOST = 50


def own_certificates(user_id: int) -> list[OwnCertificate]:
    """All that are kept, those that are valid longest first; their keys stay closed."""
    return list(OwnCertificate.objects.filter(user_id=user_id).order_by("-not_after", "-id"))


def certificate_to_sign(user_id: int, address: str, at: datetime) -> OwnKey | None:
    """The newest certificate that may sign as this address at that moment. Raises ``CannotDo`` where there is one whose
    key the vault does not open."""
    row = _to_sign(user_id, at).filter(addresses__contains=[address.lower()]).order_by("-not_before", "-id").first()
    if row is None:
        return None
    try:
        return _opened(row)
    except vault.VaultError as error:
        raise CannotDo(
            "The key of your certificate cannot be read here any more. Remove the certificate and add it again."
        ) from error


def signing_addresses(user_id: int, at: datetime) -> frozenset[str]:
    """All that this person's certificates may sign as at that moment."""
    rows = _to_sign(user_id, at).values_list("addresses", flat=True)
    return frozenset(address for addresses in rows for address in addresses)


def may_sign(identity: Identity, at: datetime) -> bool:
    """Whether what is written as this identity can be signed then."""
    return certified_address(identity) in signing_addresses(identity.user_id, at)


def key_of(identity: Identity, at: datetime) -> OwnKey | None:
    """``certificate_to_sign`` for what is written as this identity."""
    return certificate_to_sign(identity.user_id, certified_address(identity), at)


def certified_address(identity: Identity) -> str:
    """As certificates name it (RFC 8398 §3 aside, which hardly any authority follows): with a domain of A-labels."""
    return ascii_address(identity.address).lower()


def _to_sign(user_id: int, at: datetime) -> QuerySet[OwnCertificate]:
    return OwnCertificate.objects.filter(user_id=user_id, can_sign=True, not_before__lte=at, not_after__gte=at)


def keys_to_open(user_id: int, recipients: Iterable[CertificateId]) -> list[OwnKey]:
    """Those of this person's keys that a message was encrypted for; one that the vault does not open is left out.

    What a certificate says of its uses is not asked, nor its time: the message is encrypted for it already.
    """
    wanted = list(recipients)
    found = []
    for row in own_certificates(user_id) if wanted else ():
        certificate = x509.load_der_x509_certificate(bytes(row.certificate))
        if any(one.means(certificate) for one in wanted):
            try:
                found.append(_opened(row))
            except vault.VaultError:
                continue
    return found


def keep_certificates(user_id: int, pkcs12_bytes: bytes, passphrase: str) -> list[OwnCertificate]:
    """What is in a .p12 or .pfx file, one or several; the same once more changes nothing. The passphrase is not kept.

    Raises ``CannotDo`` with the ``field`` to mend, "file" or "passphrase".
    """
    found = open_pkcs12(pkcs12_bytes, passphrase)
    with transaction.atomic():
        return [record_key(user_id, one) for one in found]


def record_key(user_id: int, found: OwnKey) -> OwnCertificate:
    """Raises ``CannotDo``."""
    der = found.certificate.public_bytes(Encoding.DER)
    fingerprint = hashlib.sha256(der).hexdigest()
    with transaction.atomic():
        User.objects.select_for_update(no_key=True).get(pk=user_id)
        mine = OwnCertificate.objects.filter(user_id=user_id)
        kept = mine.filter(fingerprint=fingerprint).first()
        if kept is None and mine.count() >= MOST:
            raise CannotDo("There are 50 certificates already. Remove one first.", field="file")
        row = kept or OwnCertificate(user_id=user_id, fingerprint=fingerprint, certificate=der)
        row.chain = b"".join(one.public_bytes(Encoding.DER) for one in found.chain)
        row.addresses = list(addresses_of(found.certificate))
        row.not_before = found.certificate.not_valid_before_utc
        row.not_after = found.certificate.not_valid_after_utc
        row.can_sign, row.can_decrypt = can_sign(found.certificate), can_encrypt(found.certificate)
        row.set_key(found.key_der())
        row.save()
    return row


def remove_certificate(user_id: int, certificate_id: int) -> None:
    """With its key: what is encrypted for it cannot be opened here any more. Twice is no error."""
    OwnCertificate.objects.filter(user_id=user_id, pk=certificate_id).delete()


def _opened(row: OwnCertificate) -> OwnKey:
    """Raises ``vault.VaultError``."""
    try:
        key = read_key(row.reveal_key())
    except ValueError as error:
        raise vault.VaultError("This key was damaged.") from error
    return OwnKey(x509.load_der_x509_certificate(bytes(row.certificate)), key, tuple(_chain(bytes(row.chain))))


def _chain(joined: bytes) -> Iterable[x509.Certificate]:
    ends = [0]
    while ends[-1] < len(joined):
        ends.append(ends[-1] + peek(joined[ends[-1] :]))
    return [x509.load_der_x509_certificate(joined[start:end]) for start, end in pairwise(ends)]
