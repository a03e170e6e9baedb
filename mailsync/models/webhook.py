"""Programs of a person's own that rules call with new mail, and the calls that wait. Database room."""

import uuid

from django.db import models

from accounts import vault
from mailsync.models.message import Message


class Webhook(models.Model):
    """Where a call goes, what it may say of a message, and what the other side answered last."""

    class Says(models.TextChoices):
        EVENT = "event"
        HEADER = "header"
        PREVIEW = "preview"

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=60)
    url = models.CharField(max_length=1000)
    says = models.CharField(max_length=8, choices=Says, default=Says.EVENT)
    ciphertext = models.BinaryField(help_text="The key that calls are signed with, closed by the vault.")
    created_at = models.DateTimeField(auto_now_add=True)
    due_at = models.DateTimeField(null=True, help_text="Not before this is called what waits.")
    called_at = models.DateTimeField(null=True)
    status = models.PositiveSmallIntegerField(null=True, help_text="Of the last answer; none where there was none.")
    error = models.TextField(blank=True, help_text="Why the last call failed, or empty.")
    failing_since = models.DateTimeField(null=True)
    lost = models.PositiveIntegerField(default=0, help_text="Calls given up since the last one that was answered.")
    stopped = models.BooleanField(default=False, help_text="Failed too long: only a trial is called.")

    @property
    def _context(self) -> bytes:
        return f"webhook:{self.user_id}".encode()

    def set_secret(self, key: bytes) -> None:
        self.ciphertext = vault.encrypt(key, self._context)

    def reveal(self) -> bytes:
        """Raises ``vault.VaultError``."""
        return vault.decrypt(bytes(self.ciphertext), self._context)


class WebhookCall(models.Model):
    """One call that has yet to be answered; ``message`` is None for one that is made to try the webhook.

    ``name`` is what the other side knows it by, however often it is made.
    """

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="calls")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="+")
    name = models.UUIDField(default=uuid.uuid4)
    rule = models.CharField(max_length=80, blank=True, help_text="What the rule was called.")
    attempts = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
