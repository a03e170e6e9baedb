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


def load_list_choice(user_id: int, folder_id: int | None) -> Chosen | None:
    """What was chosen for this folder, or for all inboxes; None for nothing yet."""
    where = "folder_id IS NULL" if folder_id is None else "folder_id = %(folder)s"
    with prepared_cursor() as cursor:
        cursor.execute(
            f"SELECT show, sort FROM mailsync_listchoice WHERE user_id = %(user)s AND {where}",  # noqa: S608  ours
            {"user": user_id, "folder": folder_id},
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
