"""What happened to a person's safety here: sign-ins, secrets changed, acts of administrators. Database room."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class SecurityEvent(models.Model):
    """One line of the log that its person reads; written once, never changed, and without any secret."""

    class Kind(models.TextChoices):
        SIGNED_IN = "signed_in", _("Signed in")
        SIGN_IN_FAILED = "sign_in_failed", _("Sign-in refused")
        SIGNED_OUT = "signed_out", _("Signed out")
        SIGNED_OUT_EVERYWHERE = "signed_out_everywhere", _("Signed out everywhere")
        PASSWORD_CHANGED = "password_changed", _("Password changed")
        ADDRESS_CHANGED = "address_changed", _("Sign-in address changed")
        FACTOR_ADDED = "factor_added", _("Passkey or second step added")
        FACTOR_REMOVED = "factor_removed", _("Passkey or second step removed")
        PROVIDER_LINKED = "provider_linked", _("Sign-in by a provider added")
        PROVIDER_UNLINKED = "provider_unlinked", _("Sign-in by a provider removed")
        MAILBOX_CONNECTED = "mailbox_connected", _("Mail account connected")
        MAILBOX_SECRET = "mailbox_secret", _("Sign-in of a mail account changed")
        MAILBOX_REMOVED = "mailbox_removed", _("Mail account disconnected")
        WEBHOOK = "webhook", _("Webhook added or changed")
        FORWARDING = "forwarding", _("Code sent for forwarding mail")
        IDENTITY = "identity", _("Link sent to confirm an address to write from")
        COPIES = "copies", _("Copies or answers led to another address")
        CERTIFICATE_ADDED = "certificate_added", _("Certificate for mail added")
        CERTIFICATE_REMOVED = "certificate_removed", _("Certificate for mail removed")
        ADMIN_ACT = "admin_act", _("Changed by an administrator")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="security_events", verbose_name=_("user")
    )
    actor = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("done by")
    )
    kind = models.CharField(max_length=24, choices=Kind, verbose_name=_("what happened"))
    detail = models.CharField(max_length=300, blank=True, verbose_name=_("detail"))
    ip = models.GenericIPAddressField(null=True, blank=True, verbose_name=_("IP address"))
    user_agent = models.CharField(max_length=300, blank=True, verbose_name=_("browser"))
    created_at = models.DateTimeField(auto_now_add=True, verbose_name=_("time"))

    class Meta:
        verbose_name = _("security event")
        verbose_name_plural = _("security events")
        ordering: ClassVar[list[str]] = ["-id"]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["user", "-id"], name="security_event_user")]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.user}"
