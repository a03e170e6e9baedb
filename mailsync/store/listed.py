"""A list as a description that can be kept: which folders, which filter, which label or search. Database room.

In: a ``Listing`` from the screens, later from the row of a long act. Out: its pages, as keys and placements.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import transaction
from django.db.models import Max, Q

from mailsync.models import Placement
from mailsync.store import keeping
from mailsync.store.labels import label_rows, placements_labelled
from mailsync.store.listing import ListRow, Page, Sort, list_rows
from mailsync.store.search import prepare_search
from mailsync.store.senders import sender_rows
from mailsync.store.summary import lock_folders


@dataclass(frozen=True, slots=True)
class Listing:
    """``label``, ``query`` and ``sender`` are empty but for the list of a label, of a search and of a sender's mail.

    ``only_here``: of these folders what their server has not.
    """

    folder_ids: tuple[int, ...]
    by_conversation: bool = False
    unread_only: bool = False
    flagged_only: bool = False
    files_only: bool = False
    label: str = ""
    query: str = ""
    everywhere: bool = False
    to_me_only: bool = False
    sort: str = Sort.NEWEST.value
    sender: str = ""
    only_here: bool = False

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Listing":
        return cls(**{**stored, "folder_ids": tuple(stored.get("folder_ids", ()))})


def load_listed(user_id: int, listing: Listing, *, before: str = "", until: str = "", limit: int = 200) -> Page:
    """A page of the list, as the screens show it; ``until`` counts in lists of folders."""
    if listing.query:
        search = prepare_search(user_id, listing.query, None if listing.everywhere else listing.folder_ids)
        return search.page(before=before or None, limit=limit)
    if listing.only_here:
        return keeping.only_here_rows(listing.folder_ids, before=before or None, limit=limit)
    if listing.sender:
        return sender_rows(listing.folder_ids, listing.sender, before=before or None, limit=limit)
    if listing.label:
        return label_rows(listing.folder_ids, listing.label, before=before or None, limit=limit)
    return list_rows(
        listing.folder_ids,
        by_conversation=listing.by_conversation,
        unread_only=listing.unread_only,
        flagged_only=listing.flagged_only,
        files_only=listing.files_only,
        to_me_only=listing.to_me_only,
        sort=Sort(listing.sort),
        before=before or None,
        until=until or None,
        limit=limit,
    )


def placements_of(rows: Sequence[ListRow], listing: Listing, *, highest: int | None) -> list[int]:
    """The placements that these rows stand for, but for those that came after ``highest``."""
    if listing.by_conversation and not (listing.query or listing.label):
        wanted = Q()
        for folder_id in {row.folder_id for row in rows}:
            threads = [row.thread_id for row in rows if row.folder_id == folder_id]
            wanted |= Q(folder_id=folder_id, thread_id__in=threads)
    elif listing.label:
        messages = [row.message_id for row in rows]
        wanted = Q(pk__in=placements_labelled(listing.folder_ids, listing.label, messages))
    else:
        wanted = Q(pk__in=[row.placement_id for row in rows])
    found = Placement.objects.filter(wanted, shown=True)
    if highest is not None:
        found = found.filter(pk__lte=highest)
    return list(found.order_by("pk").values_list("pk", flat=True)) if rows else []


def highest_placement(listing: Listing) -> int:
    """No placement that these folders hold by now is newer, and all that come to them later are.

    The newest of everybody: that of a folder no index knows, so that the search for it reads the whole folder, or
    whatever its neighbours have received since. What is being stored in these folders has its number by now, and is
    waited for.
    """
    with transaction.atomic():
        lock_folders(listing.folder_ids)
        return int(Placement.objects.aggregate(highest=Max("id"))["highest"] or 0)
