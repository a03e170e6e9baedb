"""Who else has answered: the unread mail that came into a conversation after the message which somebody answers now.

In go a user and that message, out come frozen facts, oldest first. Database room, reads only: one range of an index.
"""

from dataclasses import dataclass

from mailsync.models import Message, Placement
from mailsync.types import Address, Role

#: What the user has written, and what they need not read.
_NO_ANSWERS = (Role.SENT, Role.DRAFTS, Role.TRASH, Role.JUNK)
#: More names than a note has room for.
_MOST = 20


@dataclass(frozen=True, slots=True)
class Answer:
    """An unread message: who wrote it, and the folder in which it is read."""

    sender: Address
    folder_id: int
    thread_id: int
    message_id: int


def load_unread_after(user_id: int, original: Message) -> list[Answer]:
    rows = Placement.objects.filter(
        account__user=user_id,
        thread=original.thread_id,
        received_at__gte=original.received_at,
        shown=True,
        seen=False,
        draft=False,
    ).exclude(message=original.pk)
    rows = rows.exclude(folder__role__in=_NO_ANSWERS).select_related("message").order_by("received_at", "pk")
    found = {row.message_id: row for row in rows.defer("message__facts", "message__parts")[:_MOST]}
    return [
        Answer(Address(row.message.from_name, row.message.from_address), row.folder_id, row.thread_id, row.message_id)
        for row in found.values()
    ]
