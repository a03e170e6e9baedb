"""A message enters the outbox: bytes, Message-ID and envelope are frozen, each recipient becomes a row. Database room.

In: a draft and the bytes it has become, a read receipt, or a letter of Heron's own. Out: the
``Outgoing`` that ``store.outbox`` takes on.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accounts.models import Identity
from mailsync.message.plain import plain
from mailsync.models import Draft, Message, Outgoing, OutgoingRecipient
from mailsync.store import drafts, outbox


def queue_outgoing(
    draft: Draft,
    identity: Identity,
    *,
    message_id: str,
    raw: bytes,
    raw_sent_copy: bytes | None,
    recipients: Sequence[str],
    due_at: datetime,
    send_at: datetime | None,
) -> Outgoing:
    """Freeze bytes, Message-ID and envelope; the draft lives on in the snapshot until the message is gone."""
    flags = {Draft.Mode.REPLY: "\\Answered", Draft.Mode.REPLY_ALL: "\\Answered", Draft.Mode.FORWARD: "$Forwarded"}
    outgoing = Outgoing.objects.create(
        user_id=draft.user_id,
        account_id=identity.account_id,
        identity=identity,
        state=Outgoing.State.HELD,
        mail_from=identity.address,
        message_id=message_id,
        subject=draft.subject,
        raw=raw,
        raw_sent_copy=raw_sent_copy,
        original=draft.original,
        original_flag=flags.get(Draft.Mode(draft.mode), "") if draft.original_id else "",
        draft_snapshot=drafts.snapshot(draft),
        due_at=due_at,
        send_at=send_at,
    )
    OutgoingRecipient.objects.bulk_create(
        OutgoingRecipient(outgoing=outgoing, address=address) for address in dict.fromkeys(recipients)
    )
    return outgoing


def queue_receipt(
    identity: Identity, *, message_id: str, raw: bytes, recipients: Sequence[str], subject: str
) -> Outgoing:
    """A read receipt, to leave at once. It has no envelope sender (RFC 8098 §3), no draft and no Sent copy."""
    why = "A read receipt, sent at your word."
    return queue_letter(
        identity, message_id=message_id, raw=raw, recipients=recipients, subject=subject, why=why, mail_from=""
    )


def queue_automatic(
    identity: Identity, *, message_id: str, raw: bytes, recipients: Sequence[str], subject: str, original: Message
) -> Outgoing:
    """An automatic reply: when there is nothing else to send, with no envelope sender (RFC 5230 §5.1), no Sent copy."""
    return queue_letter(
        identity,
        message_id=message_id,
        raw=raw,
        recipients=recipients,
        subject=subject,
        why="An automatic reply.",
        original=original,
        mail_from="",
        automatic=True,
    )


def queue_letter(
    identity: Identity,
    *,
    message_id: str,
    raw: bytes,
    recipients: Sequence[str],
    subject: str,
    why: str,
    original: Message | None = None,
    mail_from: str | None = None,
    automatic: bool = False,
) -> Outgoing:
    """A letter that Heron wrote at its user's word, to leave at once; it has no draft, and its copy goes to Sent."""
    outgoing = Outgoing.objects.create(
        user_id=identity.user_id,
        account_id=identity.account_id,
        identity=identity,
        state=Outgoing.State.QUEUED,
        mail_from=identity.address if mail_from is None else mail_from,
        message_id=message_id,
        subject=plain(subject),
        raw=raw,
        original=original,
        due_at=timezone.now(),
        automatic=automatic,
    )
    OutgoingRecipient.objects.bulk_create(
        OutgoingRecipient(outgoing=outgoing, address=address) for address in recipients
    )
    outbox.note(outgoing.pk, "queued", why)
    return outgoing
