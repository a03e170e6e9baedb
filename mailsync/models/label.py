"""Labels: what a person has said about them, which mail bears them, and how much. Database room.

``Labelled``, ``LabelChange`` and so ``LabelTally`` follow ``Placement`` by a trigger of the database (migration 0053),
as whatever writes a placement may change them. ``store.label_counts`` sums and audits.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F
from django.db.models.functions import Lower

from mailsync.models.folder import Folder
from mailsync.models.message import Message, Placement


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


class Labelled(models.Model):
    """One line of a label's list: a shown placement that carries it. ``keyword`` is in lower case."""

    pk = models.CompositePrimaryKey("placement_id", "keyword")
    # No constraints: the trigger that writes these rows also removes them.
    placement = models.ForeignKey(Placement, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    folder = models.ForeignKey(Folder, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    keyword = models.TextField(db_collation="C")
    received_at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(*("folder", "keyword", F("received_at").desc(), F("placement").desc()), name="labelled_list")
        ]


class LabelTally(models.Model):
    """How many messages carry a label in just these folders, unread in just those of them.

    By folders, so that a message in several is counted once, whichever of them count when it is asked. True together
    with the ``LabelChange`` rows that are not summed into it yet.
    """

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+")
    keyword = models.TextField(db_collation="C", help_text="In lower case.")
    spelled = models.TextField(db_collation="C")
    folder_ids = ArrayField(models.BigIntegerField(), default=list, help_text="Sorted.")
    unread_ids = ArrayField(models.BigIntegerField(), default=list, help_text="Those of them where it is unread.")
    messages = models.IntegerField()


class LabelChange(models.Model):
    """A placement has come to carry a label, read or unread, or does so no more: ``difference`` is 1 or -1.

    Only ever inserted by those who change mail, so that they never wait for each other.
    """

    # No constraint: an account's last mail leaves such rows behind it.
    account = models.ForeignKey(
        "accounts.MailAccount", models.CASCADE, related_name="+", db_constraint=False, db_index=False
    )
    message = models.ForeignKey(Message, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    folder = models.ForeignKey(Folder, models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    keyword = models.TextField(db_collation="C")
    spelled = models.TextField(db_collation="C")
    unread = models.BooleanField(default=False)
    difference = models.SmallIntegerField()

    class Meta:
        indexes = [models.Index(fields=["account", "message"], name="label_change_message")]
