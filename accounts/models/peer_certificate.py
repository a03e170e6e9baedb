"""Other people's S/MIME certificates, from their signed mail or from a file: what is written to them can be encrypted.

Database room. Nothing here is secret; but whom one writes to is nobody else's, so each person has their own.
"""

from django.conf import settings
from django.db import models


class PeerCertificate(models.Model):
    """One for each address: the newest that an authority vouched for, or what a person has chosen."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="peer_certificates")
    address = models.CharField(max_length=320, help_text="In lower case.")
    certificate = models.BinaryField(help_text="DER.")
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    learnt_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "address"], name="peer_certificate_once")]

    def __str__(self) -> str:
        return f"Certificate of {self.address}"
