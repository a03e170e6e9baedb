"""All mail of a user as files: folders flow in, an mbox file for each flows out, message by message. Database room.

What has only its header here, because its body has not come yet or is too large, is left out; ``load_kept`` says
how much there is.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from accounts.models import MailAccount
from mailsync.message.mbox import mbox_entry
from mailsync.models import Folder, Placement, RawMessage
from mailsync.store.mail_sums import MailSize, load_sizes
from mailsync.types import Flags

_BATCH = 100
#: As ``Flags`` has them, then the keywords.
_FLAGS = ("seen", "flagged", "answered", "draft", "keywords")
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
    for folder in folders.order_by("account__position", "account_id", "path"):
        if Placement.objects.filter(folder=folder, shown=True).exists():
            name = "/".join((_fit(folder.account.address), *map(_fit, _steps(folder))))
            yield f"{name}.mbox", _messages(folder)


def _steps(folder: Folder) -> list[str]:
    return folder.path.split(folder.delimiter) if folder.delimiter else [folder.path]


def _fit(name: str) -> str:
    """A name that every file system takes."""
    return _UNFIT.sub("_", name).strip(". ")[:120] or "_"


def _messages(folder: Folder) -> Iterator[bytes]:
    """The folder's messages in the order in which they came to it, one at a time."""
    last = 0
    while True:
        batch = list(
            Placement.objects.filter(folder=folder, shown=True, pk__gt=last)
            .order_by("pk")
            .values_list("pk", "message__raw_id", "message__from_address", "received_at", *_FLAGS)[:_BATCH]
        )
        if not batch:
            return
        for _, raw_id, sender, at, seen, flagged, answered, is_draft, keywords in batch:
            raw = RawMessage.objects.filter(pk=raw_id).values_list("data", flat=True).first() if raw_id else None
            if raw is not None:
                flags = Flags(seen, flagged, answered, is_draft, keywords=tuple(keywords))
                yield mbox_entry(bytes(raw), sender, at, flags.names())
        last = batch[-1][0]
