"""What lists by message are sorted and narrowed by. Database room."""

from django.db import models
from django.db.models import F, Q
from django.db.models.expressions import OrderBy

from mailsync.models.folder import Folder
from mailsync.models.message import Placement


def _narrowed_and_sorted() -> list[models.Index]:
    """For each filter its orders. What ``Placement`` has an index for is left to it: by time all, unread, flagged."""
    filters = {
        "all": None,
        "unread": Q(unread=True),
        "flagged": Q(flagged=True),
        "files": Q(has_attachment=True),
        "to_me": Q(to_me=True),
    }
    orders: dict[str, tuple[OrderBy, ...]] = {
        "list": (),
        "sender": (F("sender_key").asc(),),
        "subject": (F("subject_key").asc(),),
        "size": (F("size_bytes").desc(),),
    }
    return [
        models.Index(
            "folder",
            *(*order, F("received_at").desc(), F("placement").desc()),
            name=f"message_row_{name}_{key}",
            condition=narrowed,
        )
        for name, narrowed in filters.items()
        for key, order in orders.items()
        if order or name in ("files", "to_me")
    ]


class MessageRow(models.Model):
    """One line of a folder's list by message, kept in the transaction that changes its placement.

    For people who want no conversations (``ByMessage``), and for nobody else.
    """

    placement = models.OneToOneField(Placement, models.CASCADE, primary_key=True, related_name="+")
    folder = models.ForeignKey(Folder, models.CASCADE, related_name="+", db_index=False)
    received_at = models.DateTimeField()
    unread = models.BooleanField(default=False)
    flagged = models.BooleanField(default=False)
    has_attachment = models.BooleanField(default=False)
    to_me = models.BooleanField(default=False, help_text="It names an address of the user in To or Cc.")
    # Compared byte by byte, alike on every server.
    sender_key = models.TextField(db_collation="C")
    subject_key = models.TextField(db_collation="C")
    size_bytes = models.PositiveBigIntegerField()

    class Meta:
        indexes = _narrowed_and_sorted()


class ByMessage(models.Model):
    """A person who wants no conversations, so that ``MessageRow`` is kept of their mail; and how far that has come."""

    user = models.OneToOneField("accounts.User", models.CASCADE, primary_key=True, related_name="+")
    wanted = models.BooleanField(default=True, help_text="Off: the rows are being removed.")
    folder = models.BigIntegerField(null=True, default=0, help_text="The folder at hand; NULL once all rows are there.")
    thread = models.BigIntegerField(default=0, help_text="The last of its conversations that has been.")
