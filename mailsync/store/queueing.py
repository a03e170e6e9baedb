"""A message enters the outbox: bytes, Message-ID and envelope are frozen, each recipient becomes a row. Database room.

In: a draft and the bytes it has become, or a read receipt. Out: the ``Outgoing`` that ``store.outbox`` takes on.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accounts.models import Identity
from mailsync.models import Draft, Outgoing, OutgoingRecipient
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
    outgoing = Outgoing.objects.create(
        user_id=identity.user_id,
        account_id=identity.account_id,
        identity=identity,
        state=Outgoing.State.QUEUED,
        mail_from="",
        message_id=message_id,
        subject=subject,
        raw=raw,
        due_at=timezone.now(),
    )
    OutgoingRecipient.objects.bulk_create(
        OutgoingRecipient(outgoing=outgoing, address=address) for address in recipients
    )
    outbox.note(outgoing.pk, "queued", "A read receipt, sent at your word.")
    return outgoing
