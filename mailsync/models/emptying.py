"""Bins that empty themselves, by the wish of their person. Database room."""

from django.conf import settings
from django.db import models
from django.db.models import Q


class Emptying(models.Model):
    """After how many days mail goes for good from a person's Trash and Junk; NULL: never by itself."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="emptying")
    trash_days = models.PositiveSmallIntegerField(null=True)
    junk_days = models.PositiveSmallIntegerField(null=True)
    due_at = models.DateTimeField(null=True, help_text="When it is looked at next.")

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="emptying_due", condition=Q(due_at__isnull=False))]
