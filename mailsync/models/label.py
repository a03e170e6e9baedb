"""What a person has said about a label of theirs. Database room."""

from django.db import models
from django.db.models.functions import Lower


class Label(models.Model):
    """A keyword with a colour of its owner's choice; ``kept`` ones are listed before any message carries them.

    A label that was renamed or deleted stays as a row that is not kept, so that taking that back finds its colour.
    """

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="labels")
    keyword = models.CharField(max_length=64)
    hue = models.PositiveSmallIntegerField(null=True, help_text="In degrees; NULL: the one that its name gives.")
    kept = models.BooleanField(default=False)

    class Meta:
        # Keywords do not differ by case (RFC 9051 §2.3.2).
        constraints = [models.UniqueConstraint("user", Lower("keyword"), name="label_once")]
