"""What holds the engine back: halts of an operator, connections allowed, bytes fetched in a day. Database room."""

from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Halt(models.Model):
    """An operator's stop: of one account, of all accounts of one host, or (neither named) of everything.

    Nothing is fetched, pushed or sent while it stands; due times stay as they are, so work goes on at once
    when the row is deleted.
    """

    account = models.ForeignKey(
        "accounts.MailAccount", models.CASCADE, null=True, blank=True, related_name="+", verbose_name=_("mail account")
    )
    host = models.CharField(
        max_length=255,
        blank=True,
        help_text=_("A mail server's name; empty with no account: all."),
        verbose_name=_("host"),
    )
    reason = models.TextField(
        help_text=_("Shown to the users it stops. Plain words: why, and for how long."), verbose_name=_("reason")
    )
    created_at = models.DateTimeField(auto_now_add=True, verbose_name=_("since"))

    class Meta:
        verbose_name = _("halt")
        verbose_name_plural = _("halts")
        constraints = [
            models.CheckConstraint(name="halt_one_scope", condition=Q(account__isnull=True) | Q(host="")),
        ]

    def __str__(self) -> str:
        return f"Halt of {self.account or self.host or 'everything'}"


class ConnectionCap(models.Model):
    """How many connections a server has shown that it allows an account; believed for a day."""

    account = models.OneToOneField(
        "accounts.MailAccount", models.CASCADE, primary_key=True, related_name="+", verbose_name=_("mail account")
    )
    most = models.PositiveSmallIntegerField(verbose_name=_("at the most"))
    learned_at = models.DateTimeField(verbose_name=_("learned"))

    class Meta:
        verbose_name = _("limit of connections")
        verbose_name_plural = _("limits of connections")


class Traffic(models.Model):
    """Bytes of mail fetched for an account on one day (UTC)."""

    account = models.ForeignKey(
        "accounts.MailAccount", models.CASCADE, related_name="+", verbose_name=_("mail account")
    )
    day = models.DateField(verbose_name=_("day"))
    bytes_in = models.PositiveBigIntegerField(default=0, verbose_name=_("bytes fetched"))

    class Meta:
        verbose_name = _("traffic of a day")
        verbose_name_plural = _("traffic by day")
        constraints = [models.UniqueConstraint(fields=["account", "day"], name="traffic_once")]


class BlockedHost(models.Model):
    """A host, or with a dot before it all below a domain, that nothing here may connect to, whoever asks."""

    pattern = models.CharField(
        _("host"),
        max_length=255,
        unique=True,
        validators=[RegexValidator(r"^\.?[a-z0-9]([a-z0-9.:-]*[a-z0-9])?$", _("A host in small letters, or .domain."))],
        help_text=_("imap.example.org, an address, or .example.org for it and all names below it."),
    )
    reason = models.CharField(_("reason"), max_length=300, help_text=_("Shown to the people it stops."))
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("blocked host")
        verbose_name_plural = _("blocked hosts")
        ordering = ("pattern",)

    def __str__(self) -> str:
        return self.pattern


class EgressSwitch(models.Model):
    """A kind of outbound call (``mailsync.protocol.egress.Kind``) that the administrator has shut or opened again.

    No row: open. The door itself asks (``mailsync.store.egress``).
    """

    kind = models.CharField(max_length=16, primary_key=True)
    is_shut = models.BooleanField(default=False)
    changed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.kind}: {'shut' if self.is_shut else 'open'}"
