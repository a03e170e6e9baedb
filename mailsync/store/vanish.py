"""Messages that a folder no longer lists: hidden at once, deleted late. Database room.

Phase 1 (missing once): hidden. Phase 2 (a later full cycle of the account has gone by and it has not
come back): confirmed. After thirty days in phase 2 the placement goes, and with a message's last
placement its bytes. A UID that is listed again is shown again in either phase. What archive mode keeps
is neither hidden nor deleted: it is only here from then on.
"""

from collections import Counter
from collections.abc import Collection
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from mailsync.models import ONLY_HERE_EPOCH, Change, Folder, Message, Placement
from mailsync.store import keeping, leases
from mailsync.store.flags import taken_away
from mailsync.store.holes import fill_holes
from mailsync.store.intake import lock_epoch
from mailsync.store.mail_sums import note_mail
from mailsync.store.raw_intake import drop_unused
from mailsync.store.saved_searches import widen_searches
from mailsync.store.summary import FolderCounts, lock_folders, refresh, remove_placements
from mailsync.store.threads import delete_empty_threads, refresh_threads

KEEP = timedelta(days=30)
#: A folder may be missing from LIST for a while (a server that moves house) before its messages count as gone.
MISSING_FOR = timedelta(days=1)


def known_uids(folder_id: int, epoch: int, *, low: int = 1) -> list[int]:
    """The UIDs from ``low`` that we believe the folder lists, ascending; holes are among them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT uid FROM mailsync_placement WHERE folder_id = %(folder)s AND epoch = %(epoch)s AND uid >= %(low)s"
            " AND gone_phase = 0 UNION SELECT uid FROM mailsync_hole WHERE folder_id = %(folder)s"
            " AND epoch = %(epoch)s AND uid >= %(low)s ORDER BY uid",
            {"folder": folder_id, "epoch": epoch, "low": low},
        )
        return [row[0] for row in cursor.fetchall()]


def record_vanished(
    lease: leases.HeldLease, folder_id: int, epoch: int, uids: Collection[int]
) -> tuple[int, list[FolderCounts]]:
    """Hide what the server no longer lists. Returns how many placements. Raises ``LeaseLost``."""
    with leases.commit(lease):
        folder = lock_epoch(folder_id, epoch)
        fill_holes(folder, uids)
        return set_gone(Placement.objects.filter(folder=folder, epoch=epoch, uid__in=list(uids), gone_phase=0))


def record_returned(
    lease: leases.HeldLease, folder_id: int, epoch: int, uids: Collection[int]
) -> tuple[int, list[FolderCounts]]:
    """Show again what the server lists after all. Raises ``LeaseLost``."""
    with leases.commit(lease):
        folder = lock_epoch(folder_id, epoch)
        back = Placement.objects.filter(folder=folder, epoch=epoch, uid__in=list(uids), gone_phase__gt=0)
        rows = list(back.select_for_update(no_key=True).order_by("id"))
        away = taken_away(folder, (row.pk for row in rows))
        for row in rows:
            row.gone_phase, row.gone_at = 0, None
            row.shown = row.pk not in away and (row.kept or "\\Deleted" not in row.server_flags)
        Placement.objects.bulk_update(rows, ["gone_phase", "gone_at", "shown"], batch_size=500)
        counts = refresh((row.folder_id, row.thread_id) for row in rows)
        refresh_threads({row.thread_id for row in rows})
        bodiless = Message.objects.filter(id__in=[row.message_id for row in rows], raw=None).count()
        Folder.objects.filter(pk=folder.pk).update(bodies_pending=F("bodies_pending") + bodiless)
    return len(rows), counts


def drop_unmet(lease: leases.HeldLease, folder_id: int, *, read_at: datetime) -> list[FolderCounts]:
    """Take off what was shown ahead of the server and is not there, now that the folder was read at ``read_at``.

    A move or an append whose reply named no UID is done; the pull was to meet its message. Raises ``LeaseLost``.
    """
    unmet = Placement.objects.filter(
        Exists(Change.objects.filter(target_placement=OuterRef("pk"), finished_at__lt=read_at)),
        ~Exists(Change.objects.filter(target_placement=OuterRef("pk"), finished_at=None)),
        folder=folder_id,
        uid=None,
        # What was put away waits with its bytes for its day.
        gone_phase=0,
    )
    if not unmet.exists():
        return []
    with leases.commit(lease):
        lock_folders([folder_id])
        return remove_placements(unmet.values_list("id", flat=True))


def finish_first_pull(
    lease: leases.HeldLease, folder_id: int, epoch: int, **columns: object
) -> tuple[int, list[FolderCounts]]:
    """The folder has been read to its end: its cursor says so, and what only earlier epochs held is hidden.

    Both in one commit, as nothing would look for the leftovers later. What another server held, to which the account
    led before, is not judged here (``store.led_elsewhere``). Raises ``LeaseLost``.
    """
    with leases.commit(lease):
        folder = lock_epoch(folder_id, epoch)
        Folder.objects.filter(pk=folder.pk).update(header_cursor=1, **columns)
        before = Q(epoch__lt=epoch, epoch__gte=folder.led_epoch or 0)
        left = Placement.objects.filter(before, folder=folder, uid__isnull=False, gone_phase=0)
        return set_gone(left.exclude(epoch=ONLY_HERE_EPOCH))


def set_gone(placements: QuerySet[Placement]) -> tuple[int, list[FolderCounts]]:
    """Hide these; what is kept here is only here from now on. Their folders are locked by the caller."""
    # Ids alone: a whole folder of a hundred thousand may go at once.
    locked = placements.select_for_update(no_key=True).order_by("id")
    found = list(locked.values_list("id", "folder_id", "thread_id", "kept"))
    keeping.stay_only_here([pk for pk, _, _, kept in found if kept])
    rows = [row[:3] for row in found if not row[3]]
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE mailsync_placement SET gone_phase = 1, gone_at = statement_timestamp(), shown = false"
            " WHERE id = ANY(%s)",
            [[pk for pk, _, _ in rows]],
        )
    counts = refresh((folder_id, thread_id) for _, folder_id, thread_id in rows)
    refresh_threads({thread_id for _, _, thread_id in rows})
    return len(rows), counts


def retire_missing(lease: leases.HeldLease) -> list[FolderCounts]:
    """Hide the messages of folders that LIST has left out for a day, or shows as empty shells that hold none.

    They take the usual way from there.
    """
    missing = Folder.objects.filter(
        Q(missing_since__lt=Now() - MISSING_FOR) | Q(selectable=False),
        Q(total__gt=0) | Q(bodies_pending__gt=0),
        account_id=lease.account_id,
        is_local=False,
        led_epoch=None,
    )
    counts: list[FolderCounts] = []
    for folder_id in missing.values_list("id", flat=True):
        with leases.commit(lease):
            lock_folders([folder_id])
            _, changed = set_gone(Placement.objects.filter(folder=folder_id, gone_phase=0))
            Folder.objects.filter(pk=folder_id).update(bodies_pending=0)
            counts += changed
            counts += keeping.shelter(lease.account_id, folder_id)
    return counts


def confirm_gone(account_id: int, *, cycle_began: datetime) -> int:
    """Phase 1 → 2 for what had vanished before this full cycle of the account began."""
    gone = Placement.objects.filter(account_id=account_id, gone_phase=1, gone_at__lt=cycle_began)
    return gone.update(gone_phase=2)


def purge_gone(*, limit: int = 500, keep: timedelta = KEEP) -> int:
    """Remove placements confirmed gone for ``keep``, and messages that lie nowhere any more with their bytes.

    Returns how many placements went. Repeat while it returns ``limit``.
    """
    with transaction.atomic():
        old = Placement.objects.filter(gone_phase=2, gone_at__lt=Now() - keep).order_by("id")[:limit]
        rows = list(old)
        lock_folders(row.folder_id for row in rows)
        Placement.objects.filter(id__in=[row.pk for row in rows]).delete()
        nowhere = Message.objects.filter(id__in={row.message_id for row in rows}).exclude(
            Exists(Placement.objects.filter(message=OuterRef("pk")))
        )
        messages = list(nowhere.values_list("id", "raw_id", "thread_id", "account_id"))
        Message.objects.filter(id__in=[pk for pk, *_ in messages]).delete()
        for account_id, count in Counter(account_id for *_, account_id in messages).items():
            note_mail(account_id, messages=-count)
        drop_unused([raw for _, raw, *_ in messages if raw is not None])
        delete_empty_threads({thread for _, _, thread, _ in messages})
    return len(rows)


def purge_folders(*, keep: timedelta = KEEP) -> int:
    """Remove the rows of folders that have been gone for ``keep`` and hold nothing any more."""
    with transaction.atomic():
        gone = Folder.objects.filter(missing_since__lt=Now() - keep, placements=None)
        widen_searches(gone)
        _, removed = gone.delete()
    return removed.get(Folder._meta.label, 0)
