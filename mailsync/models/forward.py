"""Addresses that rules forward new mail to, and what is forwarded. Database room."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower

from mailsync.models.message import Message
from mailsync.models.outgoing import Outgoing


class ForwardAddress(models.Model):
    """Where mail may be sent on to, once who reads it there has given the code that was mailed there."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="forward_addresses")
    address = models.EmailField(max_length=320)
    code = models.CharField(max_length=64, blank=True, help_text="A digest of it; empty once it was given.")
    code_sent_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    verified_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint("user", Lower("address"), name="forward_address_once")]

    def __str__(self) -> str:
        return self.address


class Forward(models.Model):
    """A message that a rule sends on, once to each address: waiting while ``due_at`` is set, then a letter, or an
    ``error``."""

    to = models.ForeignKey(ForwardAddress, models.CASCADE, related_name="forwards", db_index=False)
    message = models.ForeignKey(Message, models.CASCADE, related_name="forwards")
    rule = models.CharField(max_length=80, help_text="What it was called.")
    outgoing = models.ForeignKey(Outgoing, models.SET_NULL, null=True, related_name="+")
    due_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["to", "message"], name="forward_once")]
        indexes = [
            models.Index(fields=["due_at"], name="forward_due", condition=Q(due_at__isnull=False)),
            models.Index(fields=["to", "-id"], name="forward_lately"),
        ]
