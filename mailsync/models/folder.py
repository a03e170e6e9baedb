"""Folders (RFC 8621 §2 Mailbox) and how far each has been read. Database room.

POP3 accounts have local folders only: no remote path, no UIDs but our own.
"""

from django.db import models
from django.utils.translation import gettext_lazy as _

from mailsync.types import Role

#: Of which something has yet to come, first lines or bodies. Asked for as it is written here, its index fits.
UNFINISHED = models.Q(header_cursor__isnull=True) | models.Q(header_cursor__gt=1) | models.Q(bodies_pending__gt=0)


class Folder(models.Model):
    """A folder of one account, with the cursor of its pull and its counts.

    ``epoch`` is ours: it grows with each change of UIDVALIDITY, because servers repeat values.
    The counts are kept in the transaction that changes a placement; ``manage.py recount`` audits them.
    """

    account = models.ForeignKey(
        "accounts.MailAccount", models.CASCADE, related_name="folders", verbose_name=_("mail account")
    )
    path = models.TextField(help_text=_("Decoded; unique in the account."), verbose_name=_("path"))
    path_raw = models.BinaryField(default=b"", help_text="As on the wire; empty for local folders.")
    delimiter = models.CharField(max_length=4, default="/")
    name = models.TextField(help_text=_("The last part of the path."), verbose_name=_("name"))
    role = models.CharField(
        max_length=10, choices=[(r.value, r.name.title()) for r in Role], blank=True, default="", verbose_name=_("role")
    )
    is_local = models.BooleanField(default=False)
    selectable = models.BooleanField(default=True)
    subscribed = models.BooleanField(default=True)
    missing_since = models.DateTimeField(
        null=True, help_text=_("Absent from LIST since; removed only when confirmed."), verbose_name=_("missing since")
    )

    mailbox_id = models.CharField(
        max_length=255, default="", db_default="", help_text="RFC 8474; empty where the server tells none."
    )
    uidvalidity = models.BigIntegerField(null=True)
    epoch = models.PositiveIntegerField(default=1)
    led_epoch = models.PositiveIntegerField(
        null=True,
        help_text="The epoch with which its account came to lead to another server; NULL once that has been read.",
    )
    uidnext_seen = models.BigIntegerField(null=True)
    highestmodseq = models.BigIntegerField(null=True)
    modseq_trusted = models.BooleanField(default=True)
    exists_seen = models.PositiveIntegerField(null=True, verbose_name=_("on the server"))
    header_cursor = models.BigIntegerField(
        null=True, help_text="First pull runs downwards: every UID at or above it is placed or a hole. 1 = done."
    )
    bodies_pending = models.PositiveIntegerField(default=0, verbose_name=_("bodies to fetch"))
    flags_cursor = models.BigIntegerField(default=0, help_text="Where the next slice of the baseline flag scan begins.")
    deep_scan_at = models.DateTimeField(null=True)

    total = models.PositiveIntegerField(default=0, verbose_name=_("messages here"))
    unread = models.PositiveIntegerField(default=0, verbose_name=_("unread"))

    due_at = models.DateTimeField(
        null=True, help_text=_("When the next pull is wanted; NULL: never by itself."), verbose_name=_("due")
    )
    last_success_at = models.DateTimeField(null=True, verbose_name=_("last success"))
    last_error = models.TextField(blank=True, verbose_name=_("last error"))
    transcript = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text=_("What was said when it last failed; redacted."),
        verbose_name=_("what was said"),
    )
    failures = models.PositiveIntegerField(default=0, verbose_name=_("failures"))
    parked_at = models.DateTimeField(null=True, verbose_name=_("parked"))

    class Meta:
        verbose_name = _("folder")
        verbose_name_plural = _("folders")
        constraints = [models.UniqueConstraint(fields=["account", "path"], name="folder_path_once")]
        indexes = [
            models.Index(fields=["due_at"], name="folder_due", condition=models.Q(due_at__isnull=False)),
            models.Index(fields=["account", "role"], name="folder_role"),
            models.Index(fields=["account"], name="folder_unfinished", condition=UNFINISHED),
        ]

    def __str__(self) -> str:
        return self.path


class Hole(models.Model):
    """A UID that exists on the server and could not be fetched: known, tried again, never forgotten."""

    folder = models.ForeignKey(Folder, models.CASCADE, related_name="holes", verbose_name=_("folder"))
    epoch = models.PositiveIntegerField()
    uid = models.BigIntegerField(verbose_name=_("UID"))
    reason = models.TextField(verbose_name=_("why"))
    attempts = models.PositiveIntegerField(default=1, verbose_name=_("attempts"))
    next_try_at = models.DateTimeField(null=True, verbose_name=_("next attempt"))
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("message not given")
        verbose_name_plural = _("messages not given")
        constraints = [models.UniqueConstraint(fields=["folder", "epoch", "uid"], name="hole_once")]


class BodyPiece(models.Model):
    """Bytes of a message too large for the line to bring in one go, kept until the rest has come.

    ``data`` is stored EXTERNAL, so that their number and length are told without reading them.
    """

    folder = models.ForeignKey(Folder, models.CASCADE, related_name="+")
    epoch = models.PositiveIntegerField()
    uid = models.BigIntegerField()
    at = models.PositiveBigIntegerField(help_text="Offset in the message.")
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["folder", "epoch", "uid", "at"], name="body_piece_once")]
        indexes = [models.Index(fields=["created_at"], name="body_piece_age")]
