"""Certificates that people have met and administrators trust: facts flow in, a fingerprint flows out. Database room."""

from django.utils import timezone

from accounts.models import User
from mailsync.models import TrustedCertificate
from mailsync.types import Certificate


def load_pin(host: str, port: int) -> str:
    """The SHA-256 of the one certificate that is trusted for this server, or "" where authorities are asked."""
    row = TrustedCertificate.objects.filter(host=host.strip().lower(), port=port, approved_at__isnull=False)
    return row.values_list("sha256", flat=True).first() or ""


def record_asked(host: str, port: int, shown: Certificate, user: User) -> TrustedCertificate:
    """A person has met this certificate and asks for trust in it; asking twice is asking once."""
    row, _made = TrustedCertificate.objects.get_or_create(
        host=host.strip().lower(),
        port=port,
        sha256=shown.sha256,
        defaults={
            "names": list(shown.names),
            "issuer": shown.issuer,
            "not_before": shown.not_before,
            "not_after": shown.not_after,
            "asked_by": user,
        },
    )
    return row


def record_trust(row: TrustedCertificate, administrator: User) -> None:
    """From now on this one, and no other that was trusted for this server before."""
    TrustedCertificate.objects.filter(host=row.host, port=row.port, approved_at__isnull=False).exclude(
        pk=row.pk
    ).update(approved_at=None, approved_by=None)
    row.approved_by, row.approved_at = administrator, timezone.now()
    row.save(update_fields=["approved_by", "approved_at"])
