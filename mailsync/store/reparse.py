"""Derive messages again from their bytes, after the parser has learned something. Database room.

In: rows of an older ``PARSER_VERSION``. Out: the same rows with today's facts and index; flags, folders
and conversations stay as they are. Stopped at any point, it goes on where it was.
"""

from collections.abc import Iterator

from django.db import transaction

from mailsync.message.facts import PARSER_VERSION
from mailsync.message.parse import parse_message
from mailsync.models import Message
from mailsync.store.bodies import body_columns, indexed_text, update_messages
from mailsync.store.text_index import IndexedText, index_texts

_BATCH = 100


def reparse(*, account_id: int | None = None, everything: bool = False) -> Iterator[int]:
    """Reparse what is out of date (or ``everything``), newest ids first; yields how many after each batch."""
    messages = Message.objects.filter(raw__isnull=False)
    if account_id is not None:
        messages = messages.filter(account_id=account_id)
    if not everything:
        messages = messages.filter(parser_version__lt=PARSER_VERSION)
    below: int | None = None
    while True:
        rest = messages if below is None else messages.filter(id__lt=below)
        ids = list(rest.order_by("-id").values_list("id", flat=True)[:_BATCH])
        if not ids:
            return
        below = ids[-1]
        _reparse_batch(ids)
        yield len(ids)


@transaction.atomic
def _reparse_batch(ids: list[int]) -> None:
    rows = list(Message.objects.filter(id__in=ids).select_related("raw").select_for_update(of=("self",), no_key=True))
    texts: dict[int, list[IndexedText]] = {}
    columns = []
    for message in rows:
        assert message.raw is not None
        parsed = parse_message(bytes(message.raw.data))
        columns.append(body_columns(message, message.raw.pk, parsed))
        texts.setdefault(message.account_id, []).append(indexed_text(message.pk, parsed))
    update_messages(columns)
    for account_id, indexed in texts.items():
        index_texts(account_id, indexed)
