"""People's own S/MIME certificates, whose keys sign what they write and open what is encrypted for them. Database room.

The bytes are read elsewhere (``mailsync.message.certificates``); what lists and lookups ask for stands beside them.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models

from accounts import vault


class OwnCertificate(models.Model):
    """One certificate with its private key. Several may stand for an address: old mail needs the old key."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="own_certificates")
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of the certificate, in hexadecimal.")
    certificate = models.BinaryField(help_text="DER.")
    chain = models.BinaryField(default=b"", help_text="Those that lead to its authority, DER one after another.")
    sealed_key = models.BinaryField(help_text="The private key, PKCS #8, closed by the vault.")
    addresses = ArrayField(models.CharField(max_length=320), default=list, help_text="In lower case.")
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    can_sign = models.BooleanField(default=True)
    can_decrypt = models.BooleanField(default=True, help_text="Whether others may encrypt for it.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "fingerprint"], name="own_certificate_once")]

    def __str__(self) -> str:
        return f"Certificate of {', '.join(self.addresses) or self.fingerprint[:16]}"

    @property
    def _context(self) -> bytes:
        return f"own certificate:{self.user_id}:{self.fingerprint}".encode()

    def set_key(self, key: bytes) -> None:
        """``user`` and ``fingerprint`` stand already: the key opens for this person and this certificate alone."""
        self.sealed_key = vault.encrypt(key, self._context)

    def reveal_key(self) -> bytes:
        """PKCS #8 as DER. Raises ``vault.VaultError``."""
        return vault.decrypt(bytes(self.sealed_key), self._context)
