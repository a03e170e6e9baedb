"""Drafts, the outbox and what became of each message. Database room."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mailsync.models.folder import Folder
from mailsync.models.message import Message, Placement


class Blob(models.Model):
    """Uploaded bytes, kept once for each user and shared by the drafts that attach them."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="blobs")
    sha256 = models.BinaryField(max_length=32)
    size_bytes = models.PositiveBigIntegerField()
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "sha256"], name="blob_once")]


class Draft(models.Model):
    """A composition: exactly one row from the first key to Send, whatever the browser does.

    ``version`` grows with each save; a save names the version it was based on, so that a second
    tab cannot overwrite the first one's words unseen.
    """

    class Mode(models.TextChoices):
        NEW = "new"
        REPLY = "reply"
        REPLY_ALL = "reply_all"
        FORWARD = "forward"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="drafts")
    identity = models.ForeignKey("accounts.Identity", models.SET_NULL, null=True, related_name="drafts")
    mode = models.CharField(max_length=10, choices=Mode, default=Mode.NEW)
    original = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="+")
    quote_original = models.BooleanField(default=True)
    to = models.TextField(blank=True)
    cc = models.TextField(blank=True)
    bcc = models.TextField(blank=True)
    subject = models.TextField(blank=True)
    is_html = models.BooleanField(default=True)
    body = models.TextField(blank=True, help_text="HTML where is_html, else plain text.")
    version = models.PositiveIntegerField(default=1)
    message_id = models.TextField(default=uuid.uuid4, help_text="Stable part of the Message-ID of its server copies.")
    placement = models.ForeignKey(Placement, models.SET_NULL, null=True, related_name="+")
    request_receipt = models.BooleanField(default=False)
    is_signed = models.BooleanField(
        null=True, help_text="With its writer's S/MIME certificate; NULL: as its identity does."
    )
    is_encrypted = models.BooleanField(
        default=False, db_default=False, help_text="For the certificates of its readers and its writer."
    )
    remind_days = models.PositiveSmallIntegerField(
        default=0, db_default=0, help_text="Its writer is reminded after so many days without an answer; 0: never."
    )
    send_at = models.DateTimeField(null=True, help_text="Of a message that was scheduled and stopped: when it was due.")
    store_due_at = models.DateTimeField(
        null=True, help_text="When the server's copy is to be replaced; NULL: it is current."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [
            models.Index(fields=["user", "-updated_at"], name="draft_list"),
            models.Index(fields=["store_due_at"], name="draft_store_due", condition=Q(store_due_at__isnull=False)),
        ]


class AttachedFile(models.Model):
    """A file under its name; ``content_id`` is set when the HTML shows it inline."""

    blob = models.ForeignKey(Blob, models.RESTRICT, related_name="+")
    name = models.TextField()
    content_type = models.CharField(max_length=255)
    content_id = models.CharField(max_length=255, blank=True)
    position = models.PositiveIntegerField(default=0)

    class Meta:
        abstract = True
        ordering = ["position", "id"]


class DraftAttachment(AttachedFile):
    """A file of a draft."""

    draft = models.ForeignKey(Draft, models.CASCADE, related_name="attachments")


class Upload(models.Model):
    """A file on its way here in pieces: to become a file of a draft, or, too big for mail, to be given as a link; or a
    file of mail that is to be imported (``import_into``).

    A file for a draft becomes a ``Blob`` with its last piece, and this row goes. One for a link stays, in pieces, until
    ``expires_at``. ``fingerprint`` is what the browser tells a file by (name, size, date), so that one that was cut
    short goes on where it was. One to be imported stays until its ``Act`` is over.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="uploads")
    draft = models.ForeignKey(Draft, models.SET_NULL, null=True, related_name="uploads")
    import_into = models.ForeignKey(Folder, models.CASCADE, null=True, related_name="+")
    name = models.TextField()
    content_type = models.CharField(max_length=255)
    size_bytes = models.PositiveBigIntegerField()
    received_bytes = models.PositiveBigIntegerField(default=0)
    fingerprint = models.CharField(max_length=255)
    is_link = models.BooleanField(default=False)
    expires_at = models.DateTimeField(null=True, help_text="A link: until when it can be followed.")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        indexes = [models.Index(fields=["updated_at"], name="upload_age")]

    @property
    def is_whole(self) -> bool:
        return self.received_bytes == self.size_bytes


class UploadPiece(models.Model):
    """Some bytes of an upload, from ``start`` on."""

    upload = models.ForeignKey(Upload, models.CASCADE, related_name="pieces")
    start = models.PositiveBigIntegerField()
    data = models.BinaryField()

    class Meta:
        ordering = ["start"]
        constraints = [models.UniqueConstraint(fields=["upload", "start"], name="upload_piece_once")]


class Outgoing(models.Model):
    """A message on its way (RFC 8621 §7 EmailSubmission): bytes, Message-ID and envelope are frozen.

    ``dot_sent`` without a reply ends as ``uncertain`` and is resolved by looking, never by sending again.
    """

    class State(models.TextChoices):
        HELD = "held"
        QUEUED = "queued"
        CLAIMED = "claimed"
        DATA_STARTED = "data_started"
        DOT_SENT = "dot_sent"
        DEFERRED = "deferred"
        UNCERTAIN = "uncertain"
        ACCEPTED = "accepted"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="outgoing")
    account = models.ForeignKey(
        "accounts.MailAccount", models.CASCADE, related_name="outgoing", verbose_name=_("mail account")
    )
    identity = models.ForeignKey("accounts.Identity", models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=12, choices=State, default=State.QUEUED, verbose_name=_("state"))
    mail_from = models.CharField(max_length=320, verbose_name=_("envelope sender"))
    message_id = models.TextField(unique=True)
    subject = models.TextField(blank=True)
    raw = models.BinaryField(help_text="What is sent; Bcc stands only in the Sent copy.")
    raw_sent_copy = models.BinaryField(null=True, help_text="With Bcc; NULL when equal to raw.")
    original = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="+")
    original_flag = models.CharField(
        max_length=20, blank=True, help_text="\\Answered or $Forwarded, set once accepted."
    )
    draft_snapshot = models.JSONField(null=True, help_text="To reopen the draft on Undo.")
    send_at = models.DateTimeField(null=True, help_text="Send later: the moment the user chose.")
    due_at = models.DateTimeField(null=True, verbose_name=_("due"))
    claimed_until = models.DateTimeField(null=True)
    attempts = models.PositiveIntegerField(default=0, verbose_name=_("attempts"))
    error = models.TextField(blank=True, verbose_name=_("error"))
    sent_placement = models.ForeignKey(Placement, models.SET_NULL, null=True, related_name="+")
    archived_group = models.UUIDField(null=True, help_text="Send and archive: what to undo when the send is stopped.")
    sent_copy_checks = models.PositiveSmallIntegerField(default=0)
    automatic = models.BooleanField(
        default=False, db_default=False, help_text="Written by nobody's hand: yields to all else, and is soon given up."
    )
    created_at = models.DateTimeField(auto_now_add=True, verbose_name=_("made"))
    finished_at = models.DateTimeField(null=True, verbose_name=_("ended"))

    class Meta:
        verbose_name = _("message on its way out")
        verbose_name_plural = _("outbox")
        indexes = [
            models.Index(fields=["due_at"], name="outgoing_due", condition=Q(finished_at__isnull=True)),
            models.Index(fields=["user", "-created_at"], name="outgoing_list"),
            # What its writer has to know of; asked for by every page.
            models.Index(
                fields=["user"], name="outgoing_open", condition=Q(finished_at__isnull=True) | Q(state="failed")
            ),
        ]

    @property
    def departs_at(self) -> datetime:
        """When it leaves, or has left, as far as that is its writer's choice."""
        return self.send_at or self.created_at

    @property
    def is_receipt(self) -> bool:
        """RFC 8098 §3: a read receipt has no envelope sender, so that nothing answers it."""
        return not self.mail_from


class OutgoingRecipient(models.Model):
    """One recipient's outcome; a retry goes only to those still pending.

    ``returned``: accepted by our server, and a bounce said later that it did not arrive.
    """

    class State(models.TextChoices):
        PENDING = "pending"
        ACCEPTED = "accepted"
        FAILED = "failed"
        RETURNED = "returned"

    #: Whom the server has taken the message for, whatever came of it later.
    TAKEN = (State.ACCEPTED, State.RETURNED)
    #: Whom it did not reach.
    MISSED = (State.FAILED, State.RETURNED)

    outgoing = models.ForeignKey(Outgoing, models.CASCADE, related_name="recipients")
    address = models.CharField(max_length=320)
    state = models.CharField(max_length=8, choices=State, default=State.PENDING)
    code = models.PositiveSmallIntegerField(null=True)
    enhanced = models.CharField(max_length=16, blank=True)
    text = models.TextField(blank=True)
    settled_at = models.DateTimeField(null=True, help_text="When it was accepted or refused for good.")

    class Meta:
        indexes = [models.Index(fields=["settled_at"], name="outgoing_recipient_settled")]
        constraints = [models.UniqueConstraint(fields=["outgoing", "address"], name="outgoing_recipient_once")]


class OutgoingEvent(models.Model):
    """The delivery timeline: what happened when, in words."""

    outgoing = models.ForeignKey(Outgoing, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=20)
    text = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["id"]
