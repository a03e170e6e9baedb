"""What a person has told Heron to do with new mail, what has yet to be looked at, and what was done. Database room."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F
from django.db.models.functions import Now

from mailsync.models.message import Message


class Rule(models.Model):
    """New mail in an inbox that a search would find is treated so. The rules of a person go by ``position``."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="rules")
    name = models.CharField(max_length=80)
    position = models.PositiveIntegerField()
    enabled = models.BooleanField(default=True)
    stops = models.BooleanField(default=False, help_text="What it is about is shown to no later rule.")
    query = models.CharField(max_length=1000, help_text="As a search is typed.")
    fields = models.JSONField(default=dict, help_text="What the form was filled with, as ``plan.rules.Fields``.")
    deeds = models.JSONField(default=list, help_text='[[verb, argument], …]: ["move", "<folder id>"], ["read", ""] …')
    accounts = ArrayField(models.BigIntegerField(), default=list, help_text="Empty: all mailboxes.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["user", "position"], name="rule_order")]


class BlockedSender(models.Model):
    """Mail from this address, or from this domain and those below it, goes to Junk, or to the bin."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="blocked_senders")
    pattern = models.CharField(max_length=320, help_text="ada@example.org or example.org, in lower case.")
    to_bin = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "pattern"], name="blocked_sender_once")]


class Arrival(models.Model):
    """A message that has just come into an inbox, until the rules have seen it.

    Written in the transaction that stores the message, deleted in the one that does what the rules say: so each
    message is seen once, whoever dies in between. No foreign key to the placement, which may go meanwhile.
    """

    placement_id = models.BigIntegerField(primary_key=True)
    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+")
    ran = ArrayField(models.BigIntegerField(), default=list, help_text="Rules that have seen it; the others need text.")
    waited = models.BooleanField(default=False, db_default=False, help_text="Its text was not here at first.")
    created_at = models.DateTimeField(db_default=Now())
    due_at = models.DateTimeField(db_default=Now(), help_text="When the clock sees to it, if nobody has before.")

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="arrival_due")]


class RuleHit(models.Model):
    """What a rule, or a blocked sender, did to a message; ``name`` is what it was called."""

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+", db_index=False)
    rule = models.ForeignKey(Rule, models.SET_NULL, null=True, related_name="hits", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="rule_hits")
    name = models.CharField(max_length=320)
    is_block = models.BooleanField(default=False)
    deeds = models.JSONField(default=list)
    group = models.UUIDField(help_text="The act that takes it back.")
    tells = models.BooleanField(
        default=False, db_default=False, help_text="It came in, and its rule tells devices of it."
    )
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [
            models.Index("rule", F("at").desc(), name="rule_hit_lately"),
            models.Index(fields=["account", "id"], name="rule_hit_tells", condition=models.Q(tells=True)),
        ]
