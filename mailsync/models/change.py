"""What the user did and the server has yet to learn: the change log. Database room."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from mailsync.models.folder import Folder
from mailsync.models.message import Message, Placement


class Change(models.Model):
    """One change to one message or folder, recorded in the transaction that showed it on the screen.

    It names the message, not the UID. States: queued → sent → done, or ambiguous (a reply was
    lost: look before doing it again), copied (the first half of a move without MOVE), failed
    (undone on the screen and told), cancelled (undone before it left).
    """

    class Kind(models.TextChoices):
        FLAGS = "flags"
        MOVE = "move"
        COPY = "copy"
        EXPUNGE = "expunge"
        APPEND = "append"
        FOLDER_CREATE = "folder_create"
        FOLDER_RENAME = "folder_rename"
        FOLDER_DELETE = "folder_delete"
        SUBSCRIBE = "subscribe"

    class State(models.TextChoices):
        QUEUED = "queued"
        SENT = "sent"
        COPIED = "copied"
        AMBIGUOUS = "ambiguous"
        DONE = "done"
        FAILED = "failed"
        CANCELLED = "cancelled"

    OPEN = (State.QUEUED, State.SENT, State.COPIED, State.AMBIGUOUS)
    OF_FOLDERS = (Kind.FOLDER_CREATE, Kind.FOLDER_RENAME, Kind.FOLDER_DELETE, Kind.SUBSCRIBE)

    account = models.ForeignKey(
        "accounts.MailAccount", models.CASCADE, related_name="changes", verbose_name=_("mail account")
    )
    kind = models.CharField(max_length=14, choices=Kind, verbose_name=_("kind"))
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED, verbose_name=_("state"))
    group = models.UUIDField(default=uuid.uuid4, help_text="What one action of the user made; undone together.")
    message = models.ForeignKey(Message, models.CASCADE, null=True, related_name="changes")
    placement = models.ForeignKey(Placement, models.SET_NULL, null=True, related_name="changes")
    source = models.ForeignKey(Folder, models.CASCADE, null=True, related_name="+")
    target = models.ForeignKey(Folder, models.CASCADE, null=True, related_name="+")
    target_placement = models.ForeignKey(Placement, models.SET_NULL, null=True, related_name="+")
    add_flags = ArrayField(models.TextField(), default=list)
    remove_flags = ArrayField(models.TextField(), default=list)
    path = models.TextField(blank=True, help_text="New folder path; the last part counts where the parent is named.")
    old_path = models.TextField(blank=True, default="", db_default="", help_text="What a rename leads away from.")
    after = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        related_name="+",
        help_text="Waits for this one, and is dropped if it fails.",
    )
    target_uidnext = models.BigIntegerField(null=True, help_text="Saved before a move or append: where to look after.")
    hold_until = models.DateTimeField(null=True, help_text="Not pushed before; longer than the toast's Undo.")
    attempts = models.PositiveIntegerField(default=0, verbose_name=_("attempts"))
    due_at = models.DateTimeField(null=True, verbose_name=_("due"))
    error = models.TextField(blank=True, verbose_name=_("error"))
    transcript = models.TextField(
        blank=True,
        default="",
        db_default="",
        help_text=_("What was said when it was given up; redacted."),
        verbose_name=_("what was said"),
    )
    created_at = models.DateTimeField(auto_now_add=True, verbose_name=_("made"))
    finished_at = models.DateTimeField(null=True, verbose_name=_("ended"))

    class Meta:
        verbose_name = _("change for a server")
        verbose_name_plural = _("changes for the servers")
        indexes = [
            models.Index(fields=["account", "id"], name="change_open", condition=Q(finished_at__isnull=True)),
            models.Index(fields=["placement"], name="change_placement", condition=Q(finished_at__isnull=True)),
            models.Index(fields=["group"], name="change_group"),
            # What a folder is to be called: asked for each folder by every page.
            models.Index(
                fields=["source"],
                name="change_of_folder",
                condition=Q(message__isnull=True, finished_at__isnull=True),
            ),
        ]
