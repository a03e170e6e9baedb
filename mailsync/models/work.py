"""Who is working on what, and how it went: leases, account schedules, runs, the POP3 ledger. Database room."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from mailsync.models.message import Message


class AccountSync(models.Model):
    """An account's schedule and health; made with the account's first connection."""

    account = models.OneToOneField(
        "accounts.MailAccount", models.CASCADE, primary_key=True, related_name="sync", verbose_name=_("mail account")
    )
    due_at = models.DateTimeField(
        null=True, help_text=_("When folders are listed and unwatched folders polled next."), verbose_name=_("due")
    )
    push_due_at = models.DateTimeField(
        null=True, help_text=_("When pending changes are pushed next."), verbose_name=_("changes due")
    )
    release_due_at = models.DateTimeField(
        null=True,
        help_text=_("Archive mode: when old mail is next deleted on the server."),
        verbose_name=_("archive mode due"),
    )
    failures = models.PositiveIntegerField(default=0, verbose_name=_("failures"))
    last_success_at = models.DateTimeField(null=True, verbose_name=_("last success"))
    last_error = models.TextField(blank=True, verbose_name=_("last error"))
    last_error_at = models.DateTimeField(null=True, verbose_name=_("time of the last error"))
    transcript = models.TextField(blank=True, help_text=_("Redacted."), verbose_name=_("what was said"))
    capabilities = models.JSONField(default=list, verbose_name=_("the server's capabilities"))
    watched_at = models.DateTimeField(
        null=True, help_text=_("Last sign of life of the watcher's connection."), verbose_name=_("watched")
    )
    active_at = models.DateTimeField(
        null=True, help_text=_("When the user last looked."), verbose_name=_("owner last here")
    )

    class Meta:
        verbose_name = _("state of an account")
        verbose_name_plural = _("states of accounts")


class Lease(models.Model):
    """The right to work in one lane of an account. Every commit checks ``epoch`` again."""

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+")
    lane = models.CharField(max_length=16)
    owner = models.CharField(max_length=120)
    epoch = models.BigIntegerField(default=0)
    until = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "lane"], name="lease_once")]


class SyncRun(models.Model):
    """One pull or push, for the truth page: what moved, how long, what went wrong."""

    account = models.ForeignKey(
        "accounts.MailAccount", models.CASCADE, related_name="runs", verbose_name=_("mail account")
    )
    folder = models.ForeignKey("mailsync.Folder", models.CASCADE, null=True, related_name="+", verbose_name=_("folder"))
    kind = models.CharField(max_length=16, verbose_name=_("kind"))
    started_at = models.DateTimeField(auto_now_add=True, verbose_name=_("began"))
    finished_at = models.DateTimeField(null=True, verbose_name=_("ended"))
    headers = models.PositiveIntegerField(default=0, verbose_name=_("headers"))
    bodies = models.PositiveIntegerField(default=0, verbose_name=_("bodies"))
    flags = models.PositiveIntegerField(default=0, verbose_name=_("flags"))
    removed = models.PositiveIntegerField(default=0, verbose_name=_("removed"))
    error = models.TextField(blank=True, verbose_name=_("error"))

    class Meta:
        verbose_name = _("run of fetching")
        verbose_name_plural = _("runs of fetching")
        indexes = [models.Index(fields=["account", "-started_at"], name="sync_run_list")]


class PopMessage(models.Model):
    """The ledger of a POP3 mailbox: each message the server has shown, and what became of it.

    ``uidl`` is the server's name for it, or ours (with a space, which no UIDL has) where the server's tell
    nothing apart. ``ordinal`` counts the messages that have borne the same name.
    """

    class State(models.TextChoices):
        SEEN = "seen"
        STORED = "stored"
        DELE_SENT = "dele_sent"
        GONE = "gone"

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="pop_messages")
    uidl = models.CharField(max_length=255)
    ordinal = models.PositiveIntegerField(default=0, help_text="Tells apart messages of one name.")
    sha256 = models.BinaryField(max_length=32, null=True)
    header_sha256 = models.BinaryField(max_length=32, null=True, help_text="Of what TOP n 0 gives.")
    size_bytes = models.PositiveBigIntegerField(null=True, help_text="As LIST says; advisory.")
    state = models.CharField(max_length=10, choices=State, default=State.SEEN)
    message = models.ForeignKey(Message, models.SET_NULL, null=True, related_name="+")
    first_seen_at = models.DateTimeField(auto_now_add=True)
    gone_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, help_text="Failed ones.")
    next_try_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "uidl", "ordinal"], name="pop_message_once")]


class SchedulerTick(models.Model):
    """One row, stamped at each dispatch: ``/readyz`` reads whether the scheduler lives."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()
