"""Which filter and which order a person chose last for a list. Database room; a query each.

What the words mean is the screens' to say: they are kept as they stand in the address of the list.
"""

from dataclasses import dataclass
from typing import Any

from django.db import transaction

from accounts.ready import prepared_cursor
from mailsync.models import ListChoice


@dataclass(frozen=True, slots=True)
class Chosen:
    show: str
    sort: str


def load_unified_choice(user_id: int) -> Chosen | None:
    """What was chosen for the list of all inboxes; None for nothing yet. Of a folder, ``store.opened_list`` says it."""
    with prepared_cursor() as cursor:
        cursor.execute(
            "SELECT show, sort FROM mailsync_listchoice WHERE user_id = %(user)s AND folder_id IS NULL",
            {"user": user_id},
        )
        row = cursor.fetchone()
    return Chosen(*row) if row else None


@transaction.atomic
def record_list_choice(user_id: int, folder_id: int | None, chosen: Chosen) -> None:
    """The choice takes the place of the one before. The caller has checked whose folder it is."""
    ListChoice.objects.update_or_create(
        **_list(user_id, folder_id), defaults={"show": chosen.show, "sort": chosen.sort}
    )


def _list(user_id: int, folder_id: int | None) -> dict[str, Any]:
    return {"user_id": user_id, "folder_id": folder_id}
