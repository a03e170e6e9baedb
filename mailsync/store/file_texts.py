"""The text of attachments: which messages wait for theirs to be read, and what was read. Database room.

In: the text of each readable file of one message. Out: rows of ``FileText``, which say what a search has matched,
and the message's text index with the words of its files.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from mailsync.extract.indexed import message_text
from mailsync.message.facts import ParsedMessage
from mailsync.message.plain import plain
from mailsync.models import FileText, Message, MessageText
from mailsync.store import leases
from mailsync.store.text_index import index_texts


@dataclass(frozen=True, slots=True)
class ReadFile:
    """One attachment; ``problem`` says why there is no text."""

    part: str
    filename: str
    text: str
    problem: str = ""


def messages_with_unread_files(account_id: int, *, limit: int) -> list[Message]:
    """The newest of those that are here."""
    waiting = MessageText.objects.filter(account_id=account_id, files_waiting=True, message__raw__isnull=False)
    return [row.message for row in waiting.select_related("message").order_by("-message_id")[:limit]]


def accounts_with_unread_files(*, limit: int) -> list[int]:
    """Whose attachments are still to be read."""
    waiting = MessageText.objects.filter(files_waiting=True, account__user__is_active=True)
    return list(waiting.order_by().values_list("account_id", flat=True).distinct()[:limit])


def record_files(lease: leases.HeldLease, message: Message, parsed: ParsedMessage, files: Sequence[ReadFile]) -> None:
    """Keep what was read of a message's files, and index it. Raises ``LeaseLost``."""
    with leases.commit(lease):
        if not Message.objects.select_for_update(no_key=True).filter(pk=message.pk, raw_id=message.raw_id).exists():
            return
        FileText.objects.filter(message=message).delete()
        FileText.objects.bulk_create(
            FileText(
                account_id=message.account_id,
                message=message,
                part=file.part[:64],
                filename=plain(file.filename),
                text=plain(file.text),
                problem=plain(file.problem),
            )
            for file in files
        )
        index_texts(message.account_id, [message_text(message.pk, parsed, [file.text for file in files])])
