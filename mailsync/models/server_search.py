"""Searches that a mail server is asked for, for what is not here yet. Database room."""

from typing import ClassVar

from django.db import models

from mailsync.models.folder import Folder


class ServerSearch(models.Model):
    """A query of one account, asked of its server; ``folder`` where it is kept to one. Kept for a day.

    ``found`` messages that lacked their text matched there, ``fetched`` of them have come, and ``unlisted`` matched
    that are not even in the list here.
    """

    class State(models.TextChoices):
        ASKED = "asked"
        DONE = "done"
        FAILED = "failed"

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="server_searches")
    query = models.CharField(max_length=500)
    folder = models.ForeignKey(Folder, models.CASCADE, null=True, related_name="+")
    state = models.CharField(max_length=6, choices=State, default=State.ASKED)
    asked_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, help_text="When a worker took it; it may have died since.")
    found = models.PositiveIntegerField(default=0)
    fetched = models.PositiveIntegerField(default=0)
    unlisted = models.PositiveIntegerField(default=0)
    problem = models.TextField(blank=True, default="")

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["account", "query", "folder"], name="server_search_once", nulls_distinct=False
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["asked_at"], name="server_search_asked", condition=models.Q(state="asked"))
        ]
