"""Mail that has been put off until later. Database room."""

from django.db import models
from django.db.models import Q

from mailsync.models.folder import Folder
from mailsync.models.message import Message


class Snooze(models.Model):
    """A message that waits in ``place``, and comes back to ``source`` when its time has come.

    The last one of a message is kept after that: it is what the mark on its row tells.
    """

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+")
    message = models.OneToOneField(Message, models.CASCADE, related_name="snooze")
    source = models.ForeignKey(Folder, models.SET_NULL, null=True, related_name="+")
    place = models.ForeignKey(
        Folder, models.SET_NULL, null=True, related_name="+", help_text="Snoozed, whatever it is called by then."
    )
    until = models.DateTimeField()
    group = models.UUIDField(help_text="The act that put it off.")
    woken_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["until"], name="snooze_due", condition=Q(woken_at__isnull=True)),
            models.Index(fields=["group"], name="snooze_group"),
        ]
