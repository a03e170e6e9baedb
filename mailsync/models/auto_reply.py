"""Automatic replies: what a mailbox answers while its person is away, and whom it has answered. Database room."""

from django.db import models
from django.db.models.functions import Now

from mailsync.models.message import Message
from mailsync.models.outgoing import Outgoing


class AutoReply(models.Model):
    """The answer of one mailbox (RFC 8621 §8 VacationResponse), as Outlook and Gmail have it: who is away answers at
    work in other words than at home. Which of its identities it is from the message decides, by whom it was written to.
    """

    account = models.OneToOneField("accounts.MailAccount", models.CASCADE, related_name="auto_reply")
    enabled = models.BooleanField(default=False)
    first_day = models.DateField(null=True, help_text="In the zone of its person, as the last day is; NULL: at once.")
    last_day = models.DateField(null=True, help_text="NULL: until it is switched off.")
    subject = models.CharField(max_length=200, blank=True, help_text="Empty: “Automatic reply: ” and theirs.")
    text = models.TextField(blank=True, help_text="What it says, made from the HTML.")
    html = models.TextField(blank=True, help_text="Clean HTML.")
    contacts_only = models.BooleanField(default=False)
    switched_on_at = models.DateTimeField(null=True, help_text="What came in before is not answered.")


class AutoReplied(models.Model):
    """A message that was answered automatically. It outlives the message, as nobody is answered twice in a week."""

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+", db_index=False)
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="auto_replied")
    outgoing = models.ForeignKey(Outgoing, models.SET_NULL, null=True, related_name="+")
    sender = models.CharField(max_length=320, help_text="Its From, as ``comparable`` spells it.")
    sent_to = models.CharField(max_length=320, help_text="Its Return-Path, where it has one, likewise (RFC 3834 §4).")
    at = models.DateTimeField(db_default=Now())

    class Meta:
        indexes = [models.Index(fields=["account", "-at"], name="auto_replied_lately")]
