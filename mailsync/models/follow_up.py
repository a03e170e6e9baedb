"""What somebody waits to be answered. Database room."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from mailsync.models.outgoing import Outgoing


class FollowUp(models.Model):
    """The wish to be reminded of a message that was sent, unless it is answered within ``days``.

    Until ``told_at`` it waits; then nobody has answered, and its writer is told so until they have done something about
    it or an answer comes. What is settled has no row.
    """

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="follow_ups")
    outgoing = models.OneToOneField(Outgoing, models.CASCADE, related_name="follow_up")
    days = models.PositiveSmallIntegerField()
    due_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["due_at"], name="follow_up_due", condition=Q(told_at__isnull=True)),
        ]
