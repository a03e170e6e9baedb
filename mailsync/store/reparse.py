"""Derive messages again from their bytes, after the parser has learned something. Database room.

In: rows of an older ``PARSER_VERSION`` or ``INDEX_VERSION``. Out: the same rows with today's facts and index; flags,
folders and conversations stay as they are. Stopped at any point, it goes on where it was.
"""

from collections.abc import Iterator

from django.db import transaction
from django.db.models import Q

from mailsync.extract.indexed import message_text
from mailsync.message.facts import PARSER_VERSION, ParsedMessage
from mailsync.message.lexemes import INDEX_VERSION, IndexedText
from mailsync.message.parse import parse_message
from mailsync.models import Message
from mailsync.store.bodies import body_columns, update_messages
from mailsync.store.events import record_events
from mailsync.store.text_index import index_texts

_BATCH = 100


def reparse(*, account_id: int | None = None, everything: bool = False) -> Iterator[int]:
    """Reparse what is out of date (or ``everything``), newest ids first; yields how many after each batch."""
    messages = Message.objects.filter(raw__isnull=False)
    if account_id is not None:
        messages = messages.filter(account_id=account_id)
    if not everything:
        older = Q(parser_version__lt=PARSER_VERSION) | Q(text__version__lt=INDEX_VERSION) | Q(text__isnull=True)
        messages = messages.filter(older)
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
    arrived: dict[int, list[tuple[int, bytes, ParsedMessage]]] = {}
    for message in rows:
        assert message.raw is not None
        raw = bytes(message.raw.data)
        parsed = parse_message(raw)
        arrived.setdefault(message.account_id, []).append((message.pk, raw, parsed))
        columns.append(body_columns(message, message.raw.pk, parsed))
        texts.setdefault(message.account_id, []).append(message_text(message.pk, parsed))
    update_messages(columns)
    for account_id, indexed in texts.items():
        index_texts(account_id, indexed)
        record_events(account_id, arrived[account_id])
