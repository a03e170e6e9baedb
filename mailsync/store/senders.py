"""What lies in some folders from one address, exactly: page by page, and the newest of it. Database room."""

from collections.abc import Sequence

from django.db.models import QuerySet
from django.db.models.functions import Lower

from mailsync.models import Folder, Placement
from mailsync.store.listing import Cursor, Page, page_of


def sender_rows(folder_ids: Sequence[int], sender: str, *, before: Cursor | str | None = None, limit: int = 50) -> Page:
    """A page of the messages from this address, newest first."""
    return page_of(_from(folder_ids, sender), before=before, limit=limit)


def newest_of(folder_ids: Sequence[int], sender: str) -> Cursor | None:
    key = _from(folder_ids, sender).values_list("received_at", "pk").first()
    return Cursor(*key) if key else None


def count_from(folder_ids: Sequence[int], sender: str, *, most: int) -> int:
    """How many there are; ``most + 1`` where there are more than that, as they are counted one by one."""
    return _from(folder_ids, sender).order_by()[: most + 1].count()


def _from(folder_ids: Sequence[int], sender: str) -> QuerySet[Placement]:
    accounts = Folder.objects.filter(pk__in=folder_ids).values("account")
    rows = Placement.objects.alias(sender=Lower("message__from_address"))
    # By the account as well: that is what the index of senders begins with.
    wanted = rows.filter(sender=sender.lower(), message__account__in=accounts, folder__in=folder_ids, shown=True)
    return wanted.order_by("-received_at", "-pk")
