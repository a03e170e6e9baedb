"""Certificates as pages list them, one's own and other people's: rows in, lines with their words out. Pure, but for the
language."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cryptography import x509
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import OwnCertificate, PeerCertificate
from mailsync.message.certificates import holder_of, issuer_of

_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class CertificateLine:
    """``time`` says how long it is valid, in a tone that warns where ``is_warning``."""

    pk: int
    name: str
    also: str
    holder: str
    issuer: str
    use: str
    time: str
    is_warning: bool


def present_certificates(rows: Sequence[OwnCertificate], now: datetime) -> list[CertificateLine]:
    return [_line(row, now) for row in rows]


@dataclass(frozen=True, slots=True)
class PeerLine:
    pk: int
    address: str
    holder: str
    issuer: str
    time: str
    is_warning: bool


def present_peer_certificates(rows: Iterable[PeerCertificate], now: datetime) -> list[PeerLine]:
    return [_peer_line(row, now) for row in rows]


def _peer_line(row: PeerCertificate, now: datetime) -> PeerLine:
    certificate = _read(row)
    said = {"date": date_format(localtime(row.not_after), "DATE_FORMAT")}
    if row.not_after < now:
        time = _("Ended on %(date)s. A newer one comes with their next signed message.") % said
    elif row.not_before > now:
        time = _("Not valid before %(date)s.") % {"date": date_format(localtime(row.not_before), "DATE_FORMAT")}
    else:
        time = _("Valid until %(date)s.") % said
    return PeerLine(
        pk=row.pk,
        address=row.address,
        holder=holder_of(certificate),
        issuer=issuer_of(certificate) or _("an unnamed authority"),
        time=time,
        is_warning=not row.not_before <= now <= row.not_after,
    )


def certificate_name(row: OwnCertificate) -> str:
    """What it is called in sentences: its address, else its holder."""
    return row.addresses[0] if row.addresses else holder_of(_read(row)) or _("no address")


def _read(row: OwnCertificate | PeerCertificate) -> x509.Certificate:
    return x509.load_der_x509_certificate(bytes(row.certificate))


def _line(row: OwnCertificate, now: datetime) -> CertificateLine:
    certificate = _read(row)
    is_warning, time = _time(row, now)
    return CertificateLine(
        pk=row.pk,
        name=certificate_name(row),
        also=", ".join(row.addresses[1:]),
        holder=holder_of(certificate),
        issuer=issuer_of(certificate) or _("an unnamed authority"),
        use=_use(row),
        time=time,
        is_warning=is_warning,
    )


def _use(row: OwnCertificate) -> str:
    if not row.addresses:
        return _("It names no address, so it is only for opening mail.")
    if row.can_sign and row.can_decrypt:
        return _("For signing, and for opening what is encrypted for it.")
    if row.can_sign:
        return _("For signing; its issuer did not mean it for encrypting.")
    if row.can_decrypt:
        return _("For opening what is encrypted for it; its issuer did not mean it for signing.")
    return _("Its issuer did not mean it for mail. It opens what was encrypted for it all the same.")


def _time(row: OwnCertificate, now: datetime) -> tuple[bool, str]:
    said = {"date": date_format(localtime(row.not_after), "DATE_FORMAT")}
    if row.not_after < now:
        return True, _("Ended on %(date)s. Older mail still needs it to be opened.") % said
    if row.not_before > now:
        said["date"] = date_format(localtime(row.not_before), "DATE_FORMAT")
        return True, _("Not valid before %(date)s.") % said
    if row.not_after - now < _SOON:
        days = max((row.not_after - now).days, 1)
        words = ngettext(
            "Ends on %(date)s, in %(days)d day. Get a new one in time, and keep this one for older mail.",
            "Ends on %(date)s, in %(days)d days. Get a new one in time, and keep this one for older mail.",
            days,
        )
        return True, words % {**said, "days": days}
    return False, _("Valid until %(date)s.") % said
