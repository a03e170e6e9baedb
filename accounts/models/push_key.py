"""The key that this Heron is known by at push services. Database room."""

from django.db import models

from accounts import vault

_CONTEXT = b"push key"


class PushKey(models.Model):
    """One row, made when the first browser asks. Browsers subscribe for one key: another would lose them all."""

    ciphertext = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return "The key for push services"

    def set_secret(self, key: bytes) -> None:
        self.ciphertext = vault.encrypt(key, _CONTEXT)

    def reveal(self) -> bytes:
        """Raises ``vault.VaultError``."""
        return vault.decrypt(bytes(self.ciphertext), _CONTEXT)
