"""Browsers that are told of new mail and reminders when no page is open. Database room."""

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models

#: Longer ones are no push service's.
LONGEST_ENDPOINT = 1000


class Device(models.Model):
    """What a browser subscribed with (RFC 8030, RFC 8291), and what it was told last. It ends with its session."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="devices")
    endpoint = models.CharField(max_length=LONGEST_ENDPOINT, unique=True)
    public_key = models.BinaryField(max_length=65)
    secret = models.BinaryField(max_length=16)
    session_key = models.CharField(max_length=40)
    user_agent = models.CharField(max_length=300, blank=True)
    language = models.CharField(max_length=12, help_text="In which it is told.")
    created_at = models.DateTimeField(auto_now_add=True)
    told_id = models.BigIntegerField(help_text="The newest placement that it was told of, or need not be.")
    told_hit_id = models.BigIntegerField(default=0, db_default=0, help_text="The newest hit of a rule, likewise.")
    snooze_ids = ArrayField(
        models.BigIntegerField(), default=list, db_default=[], help_text="What came back, and it is yet to be told of."
    )
    follow_up_ids = ArrayField(
        models.BigIntegerField(), default=list, db_default=[], help_text="What nobody has answered, likewise."
    )
    told_at = models.DateTimeField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When to look whether there is news.")
    attempts = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["due_at"], name="device_due", condition=models.Q(due_at__isnull=False))
        ]
