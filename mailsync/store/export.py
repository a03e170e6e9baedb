"""All mail of a user as files: folders flow in, an mbox file for each flows out, message by message. Database room.

What has only its header here, because its body has not come yet or is too large, is left out; ``load_kept`` says
how much there is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from accounts.models import MailAccount
from mailsync.message.mbox import mbox_entry
from mailsync.models import Blob, Folder, Placement, RawMessage
from mailsync.store.mail_sums import MailSize, load_sizes
from mailsync.store.settings_file import load_left_out
from mailsync.types import Flags

_BATCH_ROWS = 100
_BATCH = """
    SELECT p.id, p.received_at, m.raw_id, m.from_address, p.seen, p.flagged, p.answered, p.draft, p.keywords
      FROM (SELECT * FROM mailsync_placement
             WHERE folder_id = %(folder)s AND shown AND (received_at, id) > (%(at)s::timestamptz, %(last)s)
             ORDER BY received_at, id LIMIT %(limit)s) AS p
     CROSS JOIN LATERAL (
         SELECT raw_id, from_address FROM mailsync_message WHERE id = p.message_id OFFSET 0) AS m
     ORDER BY p.received_at, p.id
"""
_UNFIT = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')


@dataclass(frozen=True, slots=True)
class Kept:
    """What is stored of an account: messages, those whose body is here, and the bytes of all of them."""

    account: MailAccount
    messages: int
    with_body: int
    size_bytes: int


def load_kept(user_id: int) -> list[Kept]:
    """Two queries, however many accounts and however large they are."""
    accounts = list(MailAccount.objects.filter(user_id=user_id).order_by("position", "id"))
    sizes = load_sizes(account.pk for account in accounts)
    return [
        Kept(account, size.messages, size.bodies, size.size_bytes)
        for account in accounts
        for size in (sizes.get(account.pk, MailSize()),)
    ]


def export_files(user_id: int, account_id: int | None = None) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Each folder's name in the archive and its mbox file, of one account or of all."""
    folders = Folder.objects.filter(account__user_id=user_id).select_related("account")
    if account_id is not None:
        folders = folders.filter(account_id=account_id)
    tops: dict[int, str] = {}
    for folder in folders.order_by("account__position", "account_id", "path"):
        if Placement.objects.filter(folder=folder, shown=True).exists():
            # Two accounts may be of one address, one by POP3.
            address = _fit(folder.account.address)
            twins = sum(other.partition(" (")[0] == address for other in tops.values())
            top = tops.setdefault(folder.account_id, f"{address} ({twins + 1})" if twins else address)
            name = "/".join((top, *map(_fit, _steps(folder))))
            yield f"{name}.mbox", _messages(folder)


def export_settings_files(user_id: int) -> Iterator[tuple[str, Iterator[bytes]]]:
    """Files that are too large for the document of settings: their names in the archive, and their bytes."""
    for number, one in enumerate(load_left_out(user_id), 1):
        # Numbered, as a template may have two files of one name.
        yield f"settings files/{_fit(one.owner)}/{number} {_fit(one.name)}", _blob(one.blob_id)


def _blob(blob_id: int) -> Iterator[bytes]:
    for data in Blob.objects.filter(pk=blob_id).values_list("data", flat=True):
        yield bytes(data)


def _steps(folder: Folder) -> list[str]:
    return folder.path.split(folder.delimiter) if folder.delimiter else [folder.path]


def _fit(name: str) -> str:
    """A name that every file system takes."""
    return _UNFIT.sub("_", name).strip(". ")[:120] or "_"


def _messages(folder: Folder) -> Iterator[bytes]:
    """The folder's messages in the order of their dates, one at a time; each batch is a range of the list's index."""
    at: datetime | str = "-infinity"
    last = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_BATCH, {"folder": folder.pk, "at": at, "last": last, "limit": _BATCH_ROWS})
            batch = cursor.fetchall()
        if not batch:
            return
        for _, came, raw_id, sender, seen, flagged, answered, is_draft, keywords in batch:
            raw = RawMessage.objects.filter(pk=raw_id).values_list("data", flat=True).first() if raw_id else None
            if raw is not None:
                flags = Flags(seen, flagged, answered, is_draft, keywords=tuple(keywords))
                yield mbox_entry(bytes(raw), sender, came, flags.names())
        last, at = batch[-1][:2]
