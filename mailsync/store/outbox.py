"""Messages on their way: frozen once, claimed by one worker, each recipient's outcome a row. Database room.

Every step is a conditional update whose count must be 1, so that two workers, or one that was thought
dead, never both believe that the message is theirs.
"""

from collections.abc import Sequence
from datetime import datetime

from django.utils import timezone

from accounts.models import Identity
from mailsync.models import Draft, Outgoing, OutgoingEvent, OutgoingRecipient
from mailsync.store import drafts


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


def note(outgoing: Outgoing, kind: str, text: str) -> None:
    """One line of the delivery timeline."""
    OutgoingEvent.objects.create(outgoing=outgoing, kind=kind, text=text)


def accept_by_word(outgoing: Outgoing) -> None:
    """The user says that an uncertain message arrived: pending recipients count as accepted."""
    now = timezone.now()
    outgoing.recipients.filter(state=OutgoingRecipient.State.PENDING).update(
        state=OutgoingRecipient.State.ACCEPTED, settled_at=now
    )
    outgoing.state, outgoing.due_at = Outgoing.State.ACCEPTED, now
    outgoing.save(update_fields=["state", "due_at"])
    note(outgoing, "accepted", "Marked as sent by you.")
