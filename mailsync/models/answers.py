"""What a user answered at a click, and what they answered to: invitations and mailing lists. Database room."""

from django.db import models

from mailsync.models.message import Message
from mailsync.models.outgoing import Outgoing


class EventNotice(models.Model):
    """A message about a calendar event (``mailsync.message.itip.EventVersion``), to find its other versions."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="event")
    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+")
    uid = models.CharField(max_length=255)
    recurrence = models.CharField(max_length=40, blank=True)
    method = models.CharField(max_length=20)
    sequence = models.PositiveIntegerField(default=0)
    stamp = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["account", "uid"], name="event_notice_uid")]


class EventAnswer(models.Model):
    """What a user said to an invitation last: kept though the invitation is deleted, and though it is changed."""

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    uid = models.CharField(max_length=255)
    recurrence = models.CharField(max_length=40, blank=True)
    choice = models.CharField(max_length=10, help_text="A PARTSTAT: ACCEPTED, TENTATIVE or DECLINED.")
    sequence = models.PositiveIntegerField(default=0, help_text="Of the version that was answered.")
    stamp = models.DateTimeField(help_text="Of the version that was answered.")
    outgoing = models.ForeignKey(Outgoing, models.SET_NULL, null=True, related_name="+")
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "uid", "recurrence"], name="event_answer_once")]


class Unsubscription(models.Model):
    """That a user left a mailing list, how, and what came of it. ``list_key``: its List-ID, else who sends it."""

    class State(models.TextChoices):
        ASKED = "asked"
        DONE = "done"
        FAILED = "failed"

    user = models.ForeignKey("accounts.User", models.CASCADE, related_name="+")
    list_key = models.CharField(max_length=320)
    state = models.CharField(max_length=8, choices=State, default=State.ASKED)
    url = models.TextField(blank=True, help_text="Where the request is POSTed (RFC 8058); empty when it goes by mail.")
    outgoing = models.ForeignKey(Outgoing, models.SET_NULL, null=True, related_name="+")
    error = models.TextField(blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    due_at = models.DateTimeField(null=True, help_text="When the POST is tried (again); NULL when it is settled.")
    asked_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "list_key"], name="unsubscription_once")]
        indexes = [models.Index(fields=["due_at"], name="unsubscription_due", condition=models.Q(due_at__isnull=False))]
