"""Archive mode: old mail is kept here and deleted on its server. Database room.

Three steps, each its own commit, so that a worker may die between any two of them. *Kept*: the row is marked, and from
then on no absence on the server hides it. *Deleted on the server*, which the engine does. *Only here*: the row has left
the server's numbering (``ONLY_HERE_EPOCH``), whoever noticed first, we or a pull. A message that its server lists again
all the same, as one restored from a backup does, is met by the pull and is still kept.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.functions import Now

from accounts.models import MailAccount, Protocol
from mailsync.models import ONLY_HERE_EPOCH, AccountSync, Change, Folder, Placement
from mailsync.store import leases, pushing, specials
from mailsync.store.change_log import is_gmail, put_away
from mailsync.store.listing import Cursor, Page, page_of
from mailsync.store.summary import FolderCounts, lock_folders, refresh, remove_placements
from mailsync.store.threads import refresh_threads
from mailsync.types import Role

OFFERED_DAYS = (30, 90, 180, 365, 730)
#: Written by and by, thrown away, or views of what lies elsewhere: none of these is an archive.
SPARED_ROLES = (Role.DRAFTS, Role.SNOOZED, Role.TRASH, Role.JUNK, Role.ALL, Role.FLAGGED, Role.IMPORTANT)
#: However old its date says it is: what has only just come is not deleted yet.
SETTLED = timedelta(days=1)
#: Messages of a slice, and bytes: all of them are hashed anew.
SLICE_ROWS, SLICE_BYTES = 200, 64_000_000
PACE_SECONDS = 6 * 3600
#: A folder deletes single messages only with one of these (RFC 4315, RFC 9051).
_SAFE = {"UIDPLUS", "IMAP4REV2"}


@dataclass(frozen=True, slots=True)
class Ripe:
    """A message that may be deleted on the server, if it is still the same there."""

    placement_id: int
    uid: int
    size_bytes: int
    header_sha256: bytes


def may_release(account: MailAccount) -> bool:
    """Whether archive mode can be offered: single messages can be deleted, and folders are no mere labels (Gmail)."""
    if account.protocol != Protocol.IMAP or is_gmail(account.pk):
        return False
    sync = AccountSync.objects.filter(account=account).only("capabilities").first()
    return sync is not None and has_uid_expunge(sync.capabilities)


def has_uid_expunge(capabilities: Iterable[str]) -> bool:
    return bool(_SAFE.intersection(capabilities))


def save_keeping(account_id: int, days: int | None) -> None:
    MailAccount.objects.filter(pk=account_id).update(keep_days=days)
    AccountSync.objects.filter(account_id=account_id).update(release_due_at=None if days is None else Now())


def put_off(account_id: int, *, seconds: float = PACE_SECONDS) -> None:
    """Looked at again after a while, if it is still wished."""
    due = AccountSync.objects.filter(account_id=account_id, release_due_at__isnull=False)
    due.update(release_due_at=Now() + timedelta(seconds=seconds))


def ripe(account: MailAccount, days: int) -> QuerySet[Placement]:
    """What archive mode would delete on the server: old enough, whole here, and not flagged, pinned or in motion."""
    moving = Change.objects.filter(Q(placement=OuterRef("pk")) | Q(target_placement=OuterRef("pk")), finished_at=None)
    return (
        Placement.objects.filter(account=account, shown=True, gone_phase=0, flagged=False, uid__isnull=False)
        .filter(epoch=F("folder__epoch"), folder__missing_since=None, folder__header_cursor=1, thread__pinned=False)
        .filter(received_at__lt=Now() - timedelta(days=days), message__created_at__lt=Now() - SETTLED)
        .filter(message__raw__size_bytes=F("message__size_bytes"), message__header_sha256__isnull=False)
        .exclude(folder__role__in=[role.value for role in SPARED_ROLES])
        .exclude(Exists(moving))
    )


def folders_with_ripe(account: MailAccount, days: int) -> list[Folder]:
    ids = ripe(account, days).values("folder_id")
    return list(Folder.objects.filter(pk__in=ids, parked_at=None).order_by("path"))


def choose_ripe(account: MailAccount, folder: Folder, days: int, *, above: int) -> list[Ripe]:
    """The next slice of a folder, by UID."""
    rows = ripe(account, days).filter(folder=folder, uid__gt=above).order_by("uid")
    facts = rows.values_list("pk", "uid", "message__size_bytes", "message__header_sha256")
    taken: list[Ripe] = []
    left = SLICE_BYTES
    for pk, uid, size, header in facts[:SLICE_ROWS]:
        left -= size
        if taken and left < 0:
            break
        taken.append(Ripe(pk, uid or 0, size, bytes(header or b"")))
    return taken


def whole(placement_ids: Collection[int]) -> set[int]:
    """Those of these whose stored bytes are as many as were stored, and have the digest that they had then."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT p.id FROM mailsync_placement p JOIN mailsync_message m ON m.id = p.message_id"
            " JOIN mailsync_rawmessage r ON r.id = m.raw_id WHERE p.id = ANY(%s)"
            " AND length(r.data) = r.size_bytes AND sha256(r.data) = r.sha256",
            [list(placement_ids)],
        )
        return {row[0] for row in cursor.fetchall()}


def mark_kept(lease: leases.HeldLease, account: MailAccount, folder: Folder, ids: Collection[int]) -> list[int]:
    """Mark what is still ripe, now that it is locked; returns its UIDs. Raises ``LeaseLost``.

    What the user has touched since it was chosen is left out, and all of it once the wish was withdrawn.
    """
    with leases.commit(lease):
        lock_folders([folder.pk])
        days = MailAccount.objects.values_list("keep_days", flat=True).filter(pk=account.pk).first()
        if days is None:
            return []
        locked = Placement.objects.select_for_update(no_key=True).filter(pk__in=ids, epoch=folder.epoch).order_by("pk")
        list(locked.values_list("pk", flat=True))
        still = dict(ripe(account, days).filter(pk__in=ids, folder=folder).values_list("pk", "uid"))
        Placement.objects.filter(pk__in=still).update(kept=True)
    return sorted(uid for uid in still.values() if uid is not None)


def record_released(lease: leases.HeldLease, folder: Folder, uids: Collection[int]) -> int:
    """The server has these no more: they are only here. Raises ``LeaseLost``."""
    with leases.commit(lease):
        lock_folders([folder.pk])
        rows = Placement.objects.filter(folder=folder, epoch=folder.epoch, uid__in=list(uids), kept=True)
        ids = list(rows.values_list("pk", flat=True))
        stay_only_here(ids)
    return len(ids)


def stay_only_here(placement_ids: Sequence[int]) -> None:
    """Out of the server's numbering. What is shown, and what is hidden for a change under way, stays so."""
    if placement_ids:
        with connection.cursor() as cursor:
            cursor.execute(
                "UPDATE mailsync_placement SET epoch = %s, uid = id, modseq = NULL, gone_phase = 0, gone_at = NULL,"
                " kept = true, server_flags = array_remove(server_flags, '\\Deleted') WHERE id = ANY(%s)",
                [ONLY_HERE_EPOCH, list(placement_ids)],
            )


def shelter(account_id: int, folder_id: int) -> list[FolderCounts]:
    """The server has lost this folder: what is only here moves to the archive, else to the inbox."""
    stranded = Placement.objects.filter(folder=folder_id, epoch=ONLY_HERE_EPOCH, gone_phase=0)
    rows = list(stranded.values_list("pk", "thread_id"))
    places = (specials.find_role_folder(account_id, role) for role in (Role.ARCHIVE, Role.INBOX))
    target = next((place for place in places if place is not None and place.pk != folder_id), None)
    if not rows or target is None:
        return []
    lock_folders([folder_id, target.pk])
    Placement.objects.filter(pk__in=[pk for pk, _ in rows]).update(folder=target, placed_at=Now())
    counts = refresh((folder, thread) for _, thread in rows for folder in (folder_id, target.pk))
    refresh_threads({thread for _, thread in rows})
    return counts


def settle_changes(lease: leases.HeldLease) -> list[FolderCounts]:
    """Changes to what has come to be only here are done as they are shown: no server is to learn them."""
    due = pushing.due_changes(lease.account_id).filter(placement__epoch=ONLY_HERE_EPOCH)
    if not due.exists():
        return []
    with leases.commit(lease):
        rows = list(due.select_for_update(of=("self",)).select_related("target_placement"))
        lock_folders(pk for row in rows for pk in (row.source_id, row.target_id) if pk is not None)
        # A move that was under way may have left a copy there: the pull meets it, and it is this row.
        arrived = [row.target_placement_id or 0 for row in rows if row.kind in (Change.Kind.MOVE, Change.Kind.COPY)]
        stay_only_here(list(Placement.objects.filter(pk__in=arrived, uid=None).values_list("pk", flat=True)))
        put_away(row.placement_id for row in rows if row.kind == Change.Kind.EXPUNGE and row.placement_id is not None)
        left = [
            row.placement_id
            for row in rows
            if row.kind == Change.Kind.MOVE and row.placement_id is not None
            and row.placement_id != row.target_placement_id
        ]  # fmt: skip
        pushing.finish(row.pk for row in rows)
        return remove_placements(left)


def only_here_rows(folder_ids: Sequence[int], *, before: Cursor | str | None = None, limit: int = 50) -> Page:
    """A page of what no server has of these folders, newest first."""
    rows = Placement.objects.filter(folder__in=folder_ids, epoch=ONLY_HERE_EPOCH, gone_phase=0, shown=True)
    return page_of(rows, before=before, limit=limit)


def count_only_here(account_id: int) -> int:
    """Messages that no server has: they go with the account."""
    rows = Placement.objects.filter(account_id=account_id, epoch=ONLY_HERE_EPOCH, gone_phase=0)
    return rows.values("message_id").distinct().count()
