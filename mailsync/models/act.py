"""What each user did, for the page that takes it back, and the acts that take longer than a request. Database room."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q


class Act(models.Model):
    """One thing a user did; what it changed bears the same ``group``.

    An act on a whole list is worked off in slices: ``listing`` says which list, ``place`` where the next slice
    begins, and ``highest`` is the newest placement that the list held when the user said so.
    """

    class State(models.TextChoices):
        WORKING = "working"
        DONE = "done"
        UNDOING = "undoing"
        UNDONE = "undone"
        STOPPED = "stopped"

    UNDER_WAY = (State.WORKING, State.UNDOING)
    #: The verb of an act on a file instead of a list: ``argument`` is the folder, ``detail`` names the ``Upload``.
    IMPORT = "import_mail"
    #: The verb of a draft thrown away, whose ``detail`` holds the draft.
    DISCARD = "discard_draft"

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="acts")
    group = models.UUIDField(unique=True)
    verb = models.CharField(max_length=24)
    label = models.TextField(help_text="What was done, in words.")
    state = models.CharField(max_length=8, choices=State, default=State.DONE)
    count = models.PositiveIntegerField(default=0, help_text="Messages changed.")
    detail = models.JSONField(default=dict, help_text="What a verb needs to take back beyond the change log.")
    created_at = models.DateTimeField(auto_now_add=True)

    listing = models.JSONField(null=True, help_text="The list it is about, as ``store.listed.Listing``.")
    argument = models.TextField(blank=True, default="", help_text="Of a long act: the folder's id, or the keyword.")
    place = models.TextField(blank=True, default="")
    highest = models.BigIntegerField(null=True)
    total = models.PositiveIntegerField(null=True, help_text="Rows of the list, to tell how far it is.")
    rows_done = models.PositiveIntegerField(default=0)
    due_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        indexes = [
            models.Index("user", F("created_at").desc(), F("id").desc(), name="act_list"),
            models.Index(fields=["due_at"], name="act_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["user"], name="act_under_way", condition=Q(due_at__isnull=False)),
        ]

    @property
    def is_long(self) -> bool:
        """Whether workers do it and take it back, slice by slice."""
        return self.listing is not None or self.verb == self.IMPORT
