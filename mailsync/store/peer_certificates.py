"""Other people's certificates: learnt from what they have signed or added from a file, looked up for who is written to.

Database room.
"""

from collections.abc import Collection, Sequence
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import transaction
from django.db.models import QuerySet

from accounts.models import Identity, OwnCertificate, PeerCertificate, User
from mailsync.errors import CannotDo
from mailsync.message.addresses import ascii_address
from mailsync.message.certificates import addresses_of, read_certificate
from mailsync.message.cms import Signer
from mailsync.message.encrypted import is_readable_by
from mailsync.store.own_certificates import certified_address

#: Of one person; more than they write to. Beyond, the one that was learnt longest ago goes.
MOST = 5_000


def learn_certificate(user_id: int, sender: str, signers: Sequence[Signer]) -> None:
    """That of who signed a message, where an authority says that it is the sender's and mail can be encrypted for it.

    The newer one counts, so that old mail that is read again brings no old certificate back.
    """
    address = ascii_address(sender).lower()
    signer = next((one for one in signers if one.state == "good" and address in one.addresses), None)
    if signer is None or not signer.certificate:
        return
    certificate = x509.load_der_x509_certificate(signer.certificate)
    if not is_readable_by(certificate):
        return
    _record(user_id, address, certificate)


def keep_peer_certificate(user_id: int, data: bytes) -> list[PeerCertificate]:
    """One from a file, whoever issued it: its person vouches. It takes the place of the one that was known.

    Raises ``CannotDo`` with the field "file".
    """
    try:
        certificate = read_certificate(data)
        is_readable, addresses = is_readable_by(certificate), addresses_of(certificate)
    except ValueError as error:
        raise CannotDo(
            "This is no certificate. Ask for it as a .cer, .crt or .pem file, or for a signed message.", field="file"
        ) from error
    if not is_readable:
        raise CannotDo(
            "Nothing can be encrypted for this certificate: its issuer did not mean it for that, or its key is none of"
            " RSA with 2,048 bits or more. Ask for another one.",
            field="file",
        )
    if not addresses:
        raise CannotDo(
            "This certificate names no address, so nobody knows whose mail it is for. Ask for one that does.",
            field="file",
        )
    return [row for address in addresses if (row := _record(user_id, address, certificate, is_chosen=True))]


def peer_certificates(user_id: int, typed: str = "") -> QuerySet[PeerCertificate]:
    """All that are known, by address; ``typed`` is a part of that."""
    return PeerCertificate.objects.filter(user_id=user_id, address__icontains=typed).order_by("address")


def forget_peer_certificate(user_id: int, certificate_id: int) -> None:
    """Until its holder's next signed message is read. Twice is no error."""
    PeerCertificate.objects.filter(user_id=user_id, pk=certificate_id).delete()


@transaction.atomic
def _record(
    user_id: int, address: str, certificate: x509.Certificate, *, is_chosen: bool = False
) -> PeerCertificate | None:
    """None where what is known is as new; what a person chose counts more than that."""
    User.objects.select_for_update(no_key=True).get(pk=user_id)
    mine = PeerCertificate.objects.filter(user_id=user_id)
    row = mine.filter(address=address).first()
    if row is None:
        if mine.count() >= MOST:
            mine.filter(pk__in=mine.order_by("learnt_at").values("pk")[:1]).delete()
        row = PeerCertificate(user_id=user_id, address=address)
    elif not is_chosen and row.not_before >= certificate.not_valid_before_utc:
        return None
    row.certificate = certificate.public_bytes(Encoding.DER)
    row.not_before, row.not_after = certificate.not_valid_before_utc, certificate.not_valid_after_utc
    row.save()
    return row


def certificates_of(user_id: int, addresses: Collection[str], at: datetime) -> dict[str, x509.Certificate]:
    """By address in lower case, of whom something can be encrypted for at that moment; one's own addresses too."""
    wanted = {address.lower() for address in addresses}
    rows = PeerCertificate.objects.filter(user_id=user_id, address__in=wanted, not_before__lte=at, not_after__gte=at)
    found = {row.address: x509.load_der_x509_certificate(bytes(row.certificate)) for row in rows}
    return found | {address: one for address, one in _own(user_id, at).items() if address in wanted}


def own_reader(identity: Identity, at: datetime) -> x509.Certificate | None:
    """The certificate for which what is sent as this identity is encrypted too, so that its writer can read it."""
    return _own(identity.user_id, at).get(certified_address(identity))


def reading_addresses(user_id: int, at: datetime) -> frozenset[str]:
    """All of this person's addresses as which they can write what is encrypted."""
    return frozenset(_own(user_id, at))


def _own(user_id: int, at: datetime) -> dict[str, x509.Certificate]:
    rows = OwnCertificate.objects.filter(user_id=user_id, can_decrypt=True, not_before__lte=at, not_after__gte=at)
    found: dict[str, x509.Certificate] = {}
    for row in rows.defer("sealed_key").order_by("not_before", "id"):
        certificate = x509.load_der_x509_certificate(bytes(row.certificate))
        if is_readable_by(certificate):
            found |= dict.fromkeys(row.addresses, certificate)
    return found
