"""UIDs that exist on the server and could not be fetched: known, tried again, never forgotten. Database room."""

from collections.abc import Collection

from django.db import connection
from django.db.models import F
from django.db.models.functions import Now

from mailsync.models import Folder, Hole

_FIRST_WAIT_SECONDS = 900


def note_holes(folder: Folder, uids: Collection[int], reason: str) -> None:
    """Note these UIDs, or one more failed attempt at them; the wait doubles each time, up to a week."""
    if not uids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO mailsync_hole AS h (folder_id, epoch, uid, reason, attempts, next_try_at, created_at)"
            " SELECT %(folder)s, %(epoch)s, uid, %(reason)s, 1, now() + make_interval(secs => %(wait)s), now()"
            " FROM unnest(%(uids)s::bigint[]) AS g(uid)"
            " ON CONFLICT (folder_id, epoch, uid) DO UPDATE SET reason = EXCLUDED.reason, attempts = h.attempts + 1,"
            " next_try_at = now() + make_interval(secs => least(604800, %(wait)s * power(2, least(h.attempts, 12))))",
            {
                "folder": folder.pk,
                "epoch": folder.epoch,
                "reason": reason,
                "wait": _FIRST_WAIT_SECONDS,
                "uids": sorted(uids),
            },
        )


def due_holes(folder: Folder, limit: int = 100) -> list[int]:
    """UIDs of this folder to try again now."""
    due = Hole.objects.filter(folder=folder, epoch=folder.epoch, next_try_at__lte=Now())
    return sorted(due.order_by("next_try_at").values_list("uid", flat=True)[:limit])


def folders_with_due_holes(account_id: int) -> set[int]:
    """Folders to visit although nothing in them has changed."""
    due = Hole.objects.filter(folder__account_id=account_id, epoch=F("folder__epoch"), next_try_at__lte=Now())
    return set(due.values_list("folder_id", flat=True))


def fill_holes(folder: Folder, uids: Collection[int]) -> None:
    """These have come after all, or have gone from the server."""
    Hole.objects.filter(folder=folder, epoch=folder.epoch, uid__in=list(uids)).delete()
