"""Snoozed mail: what waits, until when, and what is due. Database room; due times are the database's."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from django.db.models.functions import Now

from mailsync.models import Folder, Placement, Snooze


def put_off(placements: Sequence[Placement], until: datetime, places: Mapping[int, Folder], *, group: UUID) -> None:
    """Note until when these wait, and where: the folders Snoozed by account. One that waits already keeps the folder it
    came from."""
    waiting = dict(
        Snooze.objects.filter(message__in=[row.message_id for row in placements], woken_at=None).values_list(
            "message_id", "source_id"
        )
    )
    rows = [
        Snooze(
            account_id=row.account_id,
            message_id=row.message_id,
            source_id=waiting.get(row.message_id, row.folder_id),
            place=places[row.account_id],
            until=until,
            group=group,
        )
        for row in {row.message_id: row for row in placements}.values()
    ]
    Snooze.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["message"],
        update_fields=["source", "place", "until", "group", "woken_at"],
    )


def forget(group: UUID) -> None:
    """The act has been taken back."""
    Snooze.objects.filter(group=group, woken_at=None).delete()


def due_accounts(*, limit: int = 50) -> list[int]:
    """Accounts in which something comes back now."""
    due = Snooze.objects.filter(woken_at=None, until__lte=Now(), account__user__is_active=True)
    return list(due.order_by("account_id").values_list("account_id", flat=True).distinct()[:limit])


def lock_due(account_id: int, *, limit: int = 200) -> list[Snooze]:
    """What comes back now, locked until the commit; what another worker has is left out."""
    due = Snooze.objects.select_for_update(skip_locked=True, of=("self",)).select_related("source", "place")
    return list(due.filter(account_id=account_id, woken_at=None, until__lte=Now()).order_by("id")[:limit])
