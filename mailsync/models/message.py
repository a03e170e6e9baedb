"""Messages: raw bytes once, facts derived from them, and where each message lies. Database room.

``RawMessage`` is the truth; ``Message`` can be derived again from it (``PARSER_VERSION``,
``manage.py reparse``). ``Placement`` says in which folder a message lies and with which flags.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVectorField
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from mailsync.message.facts import Inside
from mailsync.models.folder import Folder

#: Keywords in which mail programs keep their own book, as they are seen spelled; all other keywords are labels.
#: A part of a trigger (migration 0053): with a change comes a migration.
KEYWORDS_OF_PROGRAMS = (
    *("$Forwarded", "Forwarded", "$MDNSent", "MDNSent", "$Junk", "$NotJunk", "Junk", "NonJunk", "NotJunk"),
    *("$SubmitPending", "$Submitted", "$Phishing", "$MailFlagBit0", "$MailFlagBit1", "$MailFlagBit2", "Redirected"),
    *("$HasAttachment", "$HasNoAttachment", "$X-ME-Annot-2", "$recent", "Old", "Unwanted"),
)


#: Folders begin at 1: no pull asks for, compares or hides what lies in this epoch.
ONLY_HERE_EPOCH = 0


class RawMessage(models.Model):
    """The bytes of a message exactly as the server gave them, kept once for each account.

    ``data`` is stored EXTERNAL (out of line, uncompressed), so that ``substring()`` reads a range
    without loading the message.
    """

    # Its rows are found by the constraint below, which begins with it.
    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+", db_index=False)
    sha256 = models.BinaryField(max_length=32)
    size_bytes = models.PositiveBigIntegerField()
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "sha256"], name="raw_once")]


class Thread(models.Model):
    """A conversation (RFC 8621 §3) within one account.

    One that its user has split is ``divided``: all that it would be together has its names filed under it, and the
    conversations that were split off say so by ``whole``.
    """

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="threads")
    provider_thread_id = models.CharField(max_length=64, blank=True)
    base_subject = models.TextField(blank=True, help_text="Cut to 200 characters, to be indexed.")
    message_count = models.PositiveIntegerField(
        default=0, help_text="Messages that some folder shows but the bin and junk."
    )
    newest_at = models.DateTimeField(null=True)
    participants = models.JSONField(
        default=list, help_text="Who wrote, drafts left out: [[name, address], …], oldest first, at most 8."
    )
    has_draft = models.BooleanField(default=False, db_default=False, help_text="An answer is begun and not sent.")
    muted = models.BooleanField(default=False)
    pinned = models.BooleanField(default=False, db_default=False)
    divided = models.BooleanField(default=False, db_default=False)
    whole = models.ForeignKey("self", models.RESTRICT, null=True, related_name="parts", db_index=False)

    class Meta:
        indexes = [
            models.Index(
                fields=["account", "provider_thread_id"], name="thread_provider", condition=~Q(provider_thread_id="")
            ),
            models.Index(fields=["account"], name="thread_muted", condition=Q(muted=True)),
            models.Index(fields=["account"], name="thread_pinned", condition=Q(pinned=True)),
            models.Index(fields=["whole"], name="thread_parts", condition=Q(whole__isnull=False)),
            models.Index(fields=["account", "base_subject"], name="thread_subject", condition=~Q(base_subject="")),
        ]


class ThreadReference(models.Model):
    """Each Message-ID that a conversation has or names: what makes threading stable in any order of arrival."""

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+")
    message_id = models.TextField()
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="references")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "message_id"], name="thread_reference_once")]


class ThreadDecision(models.Model):
    """What a user has decided about conversations (``plan.dividing``): ``name`` was split off, or joined to ``other``.

    By Message-ID, or ``#`` and the message's id where it has none.
    """

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+", db_index=False)
    name = models.TextField()
    other = models.TextField(blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "name", "other"], name="thread_decision_once")]
        indexes = [models.Index(fields=["account", "other"], name="thread_decision_other", condition=~Q(other=""))]


class Message(models.Model):
    """The facts of a message (RFC 8621 §4 Email): first from its header, then from its bytes.

    ``raw`` is NULL until the body has been fetched. ``parts`` is the MIME tree with offsets into
    the raw bytes, in the shape of ``mailsync.message.parse.Part.as_json``.
    """

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="messages")
    thread = models.ForeignKey(Thread, models.RESTRICT, related_name="messages")
    raw = models.OneToOneField(RawMessage, models.SET_NULL, null=True, related_name="message")
    provider_id = models.CharField(max_length=64, blank=True, help_text="EMAILID or X-GM-MSGID.")
    provider_thread_id = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="THREADID or X-GM-THRID."
    )
    header_sha256 = models.BinaryField(max_length=32, null=True)
    message_id = models.TextField(blank=True, help_text="Without angle brackets.")
    in_reply_to = models.TextField(blank=True)
    references = ArrayField(models.TextField(), default=list)
    subject = models.TextField(blank=True)
    lone_reply = models.TextField(
        blank=True, default="", help_text="Base subject of a reply that names no message, else empty."
    )
    from_name = models.TextField(blank=True)
    from_address = models.TextField(blank=True)
    recipients = models.JSONField(default=dict, help_text='{"to": [[name, address]], "cc": …, "bcc": …, "reply_to": …}')
    sent_at = models.DateTimeField(null=True, help_text="The Date header, where it can be believed.")
    received_at = models.DateTimeField(help_text="INTERNALDATE; for POP3 the newest Received.")
    size_bytes = models.PositiveBigIntegerField(default=0)
    preview = models.TextField(blank=True)
    attachment_count = models.PositiveSmallIntegerField(default=0)
    facts = models.JSONField(default=dict, help_text="list_id, unsubscribe, calendar, auth results, priority …")
    parts = models.JSONField(null=True)
    defects = ArrayField(models.TextField(), default=list)
    parser_version = models.PositiveSmallIntegerField(default=0)
    created_at = models.DateTimeField(auto_now_add=True)
    #: The first of the raw bytes, where they were read along with the facts (``store.conversation``).
    beginning = b""
    #: What it holds, if it is encrypted and was opened for its reader (``store.opening``); never stored.
    inside: Inside | None = None

    class Meta:
        indexes = [
            models.Index(fields=["account", "message_id"], name="message_message_id"),
            models.Index(fields=["account", "provider_id"], name="message_provider", condition=~Q(provider_id="")),
            models.Index(
                fields=["account", "provider_thread_id"], name="message_thrid", condition=~Q(provider_thread_id="")
            ),
            models.Index(fields=["thread", "received_at"], name="message_thread"),
            models.Index("account", Lower("from_address"), name="message_sender"),
            models.Index(
                *("account", Lower("from_address"), F("received_at").desc()),
                name="message_bulk",
                condition=Q(facts__has_key="list_unsubscribe"),
            ),
            models.Index(fields=["parser_version", "id"], name="message_parser"),
            models.Index(fields=["account", "lone_reply"], name="message_lone_reply", condition=~Q(lone_reply="")),
            models.Index(fields=["account", "-received_at"], name="message_bodiless", condition=Q(raw__isnull=True)),
        ]


class Placement(models.Model):
    """A message in a folder. Unique by (folder, epoch, uid); ``uid`` is NULL while a move or append is under way.

    The flags are what the user sees: ``server_flags`` (names, as last read) plus pending changes.
    ``shown`` is off when the server no longer lists it (``gone_phase`` > 0) or a pending change took it away.
    What its server has no more, by our own doing, is kept under ``ONLY_HERE_EPOCH`` with its own id as UID.
    ``account`` and ``received_at`` repeat the folder's and message's, so that a list is one index range.
    """

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+")
    folder = models.ForeignKey(Folder, models.CASCADE, related_name="placements")
    epoch = models.PositiveIntegerField()
    uid = models.BigIntegerField(null=True)
    message = models.ForeignKey(Message, models.CASCADE, related_name="placements")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="placements")
    received_at = models.DateTimeField()
    seen = models.BooleanField(default=False)
    flagged = models.BooleanField(default=False)
    answered = models.BooleanField(default=False)
    draft = models.BooleanField(default=False)
    keywords = ArrayField(models.TextField(), default=list)
    server_flags = ArrayField(models.TextField(), default=list)
    modseq = models.BigIntegerField(null=True)
    gone_phase = models.PositiveSmallIntegerField(default=0)
    gone_at = models.DateTimeField(null=True)
    shown = models.BooleanField(default=True)
    kept = models.BooleanField(
        default=False, db_default=False, help_text="Archive mode: stays here whatever becomes of it on its server."
    )
    placed_at = models.DateTimeField(default=timezone.now, db_default=Now(), help_text="Since when it lies there.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["folder", "epoch", "uid"], name="placement_once")]
        indexes = [
            models.Index(
                "folder", F("received_at").desc(), F("id").desc(), name="placement_list", condition=Q(shown=True)
            ),
            models.Index(
                "folder",
                F("received_at").desc(),
                F("id").desc(),
                name="placement_unread",
                condition=Q(shown=True, seen=False),
            ),
            models.Index(
                "folder",
                F("received_at").desc(),
                F("id").desc(),
                name="placement_flagged",
                condition=Q(shown=True, flagged=True),
            ),
            models.Index(fields=["thread", "received_at"], name="placement_thread"),
            models.Index(fields=["folder"], name="placement_unnumbered", condition=Q(uid__isnull=True)),
            # Where what a list shows is not what the server lists: taken away or put there by a change that waits, or
            # only here. With what is asked of them, so that they are counted without a look at the rows.
            models.Index(
                fields=["folder", "epoch"],
                include=["shown", "uid"],
                name="placement_apart",
                condition=Q(gone_phase=0) & (Q(shown=False) | Q(epoch=ONLY_HERE_EPOCH) | Q(uid__isnull=True)),
            ),
            models.Index(fields=["account", "gone_at"], name="placement_gone", condition=Q(gone_phase__gt=0)),
        ]


def _narrowed_and_sorted() -> list[models.Index]:
    """For each filter of a list by conversation its orders, so that filter and order are one range together."""
    filters = {
        "unread": Q(unread_count__gt=0),
        "flagged": Q(flagged_count__gt=0),
        "files": Q(has_attachment=True),
        "to_me": Q(to_me=True),
    }
    orders = {"sender": F("sender_key").asc(), "subject": F("subject_key").asc(), "size": F("size_bytes").desc()}
    return [
        models.Index(
            "folder", key, F("newest_at").desc(), F("id").desc(), name=f"thread_row_{name}_{order}", condition=narrowed
        )
        for name, narrowed in filters.items()
        for order, key in orders.items()
    ]


class ThreadRow(models.Model):
    """One line of a folder's list by conversation: kept in the transaction that changes its placements."""

    folder = models.ForeignKey(Folder, models.CASCADE, related_name="thread_rows")
    thread = models.ForeignKey(Thread, models.CASCADE, related_name="rows")
    newest = models.ForeignKey(Placement, models.CASCADE, related_name="+")
    newest_at = models.DateTimeField()
    message_count = models.PositiveIntegerField(default=0, help_text="Shown placements in this folder.")
    unread_count = models.PositiveIntegerField(default=0)
    flagged_count = models.PositiveIntegerField(default=0)
    has_attachment = models.BooleanField(default=False)
    to_me = models.BooleanField(
        default=False, db_default=False, help_text="One of them names an address of the user in To or Cc."
    )
    # What a list is sorted by beside the time: compared byte by byte, alike on every server.
    sender_key = models.TextField(default="", db_default="", db_collation="C")
    subject_key = models.TextField(default="", db_default="", db_collation="C")
    size_bytes = models.PositiveBigIntegerField(default=0, db_default=0, help_text="Of all of them together.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["folder", "thread"], name="thread_row_once")]
        indexes = [
            models.Index("folder", F("newest_at").desc(), F("id").desc(), name="thread_row_list"),
            models.Index(
                "folder",
                F("newest_at").desc(),
                F("id").desc(),
                name="thread_row_unread",
                condition=Q(unread_count__gt=0),
            ),
            models.Index(
                "folder",
                F("newest_at").desc(),
                F("id").desc(),
                name="thread_row_flagged",
                condition=Q(flagged_count__gt=0),
            ),
            models.Index(
                "folder",
                F("newest_at").desc(),
                F("id").desc(),
                name="thread_row_files",
                condition=Q(has_attachment=True),
            ),
            models.Index(
                "folder",
                F("newest_at").desc(),
                F("id").desc(),
                name="thread_row_to_me",
                condition=Q(to_me=True),
            ),
            models.Index("folder", "sender_key", F("newest_at").desc(), F("id").desc(), name="thread_row_sender"),
            models.Index("folder", "subject_key", F("newest_at").desc(), F("id").desc(), name="thread_row_subject"),
            models.Index(
                "folder", F("size_bytes").desc(), F("newest_at").desc(), F("id").desc(), name="thread_row_size"
            ),
            *_narrowed_and_sorted(),
        ]


class MessageText(models.Model):
    """The text index of a message, apart from its flags: a flag change never touches it."""

    message = models.OneToOneField(Message, models.CASCADE, primary_key=True, related_name="text")
    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+", db_index=False)
    vector = SearchVectorField()
    complete = models.BooleanField(default=False, help_text="The body is in it, to its end.")
    version = models.PositiveSmallIntegerField(default=0, help_text="INDEX_VERSION of message.lexemes.")
    files_waiting = models.BooleanField(
        default=False, db_default=False, help_text="The text of its attachments is still to be read."
    )

    class Meta:
        indexes = [
            # With the account, so that a word common in everybody's mail costs no more than in one's own.
            # Read by ``mailsync_find_texts``; how much of it may wait to be merged, ``store.text_index`` says.
            GinIndex(fields=["account", "vector"], name="message_text_words"),
            models.Index(fields=["account"], name="message_text_incomplete", condition=Q(complete=False)),
            models.Index(fields=["account"], name="message_text_files", condition=Q(files_waiting=True)),
        ]


class FileText(models.Model):
    """The text of one attachment, to say which one a search has matched and where."""

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+")
    message = models.ForeignKey(Message, models.CASCADE, related_name="file_texts")
    part = models.CharField(max_length=64, help_text="Part.path")
    filename = models.TextField(blank=True)
    text = models.TextField(blank=True)
    problem = models.TextField(blank=True, help_text="Why there is no text.")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "part"], name="file_text_once")]


class RenderedBody(models.Model):
    """Sanitised HTML kept by (account, hash of the body, policy version), zstd-compressed. A cache: may be emptied.

    Not shared between accounts: it goes with its account, and nobody learns by its speed what others have received.
    """

    account = models.ForeignKey("accounts.MailAccount", models.CASCADE, related_name="+", db_index=False)
    body_sha256 = models.BinaryField(max_length=32)
    policy_version = models.PositiveSmallIntegerField()
    data = models.BinaryField()
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "body_sha256", "policy_version"], name="rendered_body_once")
        ]
