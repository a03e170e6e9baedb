"""The change log on its way to the server: what is due, and each state written before the next step. Database room.

In: change ids and what the server answered. Out: rows after each step, in transactions that commit only
while the push lease is held, so a worker killed between any two of them is taken up from the rows.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import Case, F, Max, Min, Q, QuerySet, Value, When
from django.db.models.functions import Greatest
from django.utils import timezone

from mailsync.message.plain import plain
from mailsync.models import AccountSync, Change, Draft, Folder, Placement
from mailsync.plan.push import Pending
from mailsync.store import leases
from mailsync.store.change_log import put_away
from mailsync.store.failing import Pair, merge_arrival, show_again, take_off_screen
from mailsync.store.schedule import TRANSCRIPT_LENGTH, make_folder_due
from mailsync.store.summary import FolderCounts, lock_folders, refresh, remove_placements
from mailsync.store.threads import refresh_threads

#: So many failed tries over ``PATIENCE``, and the change is given up, undone on the screen, and told.
MOST_ATTEMPTS = 12
#: No change is given up sooner for what may pass by itself: a busy server, a message that has no UID yet.
PATIENCE = timedelta(days=2)
BATCH = 1000


def due_changes(account_id: int) -> QuerySet[Change]:
    now = timezone.now()
    return Change.objects.filter(
        Q(hold_until=None) | Q(hold_until__lte=now),
        Q(due_at=None) | Q(due_at__lte=now),
        account_id=account_id,
        finished_at=None,
        state__in=Change.OPEN,
    ).order_by("id")


def load_pending(account_id: int) -> list[Pending]:
    """The due changes as the plan reads them, oldest first, ``BATCH`` at most."""
    rows = list(due_changes(account_id).values_list(*_FACTS, named=True)[:BATCH])
    # Most of what is pushed are flags, which wait for no folder.
    unmade = _folders_unmade(account_id) if any(row.target_id is not None for row in rows) else set()
    in_use = _folders_in_use(account_id) if any(row.kind == Change.Kind.FOLDER_DELETE for row in rows) else set()
    return [_pending(row, unmade, in_use) for row in rows]


def _folders_unmade(account_id: int) -> set[int | None]:
    """Folders that the server has yet to make."""
    making = Change.objects.filter(
        account_id=account_id, kind=Change.Kind.FOLDER_CREATE, state__in=Change.OPEN, finished_at=None
    )
    return set(making.values_list("target_id", flat=True))


def _folders_in_use(account_id: int) -> set[int]:
    """Folders that some open change still takes mail out of, or brings mail into, held and deferred ones included."""
    kinds = Change.Kind
    return {
        folder
        for pair in Change.objects.filter(account_id=account_id, state__in=Change.OPEN, finished_at=None)
        .filter(kind__in=[kinds.MOVE, kinds.COPY, kinds.EXPUNGE, kinds.APPEND])
        .values_list("source_id", "target_id")
        .distinct()
        for folder in pair
        if folder is not None
    }


#: Of a change, of where its message lies and goes, and of what it waits for.
_FACTS = (
    *("pk", "kind", "state", "source_id", "target_id", "add_flags", "remove_flags", "after__state"),
    *("placement_id", "placement__folder_id", "placement__folder__epoch", "placement__epoch", "placement__uid"),
    *("placement__gone_phase", "placement__server_flags", "target_placement__uid"),
)


def _pending(row: Any, unmade: Collection[int | None], in_use: Collection[int]) -> Pending:
    """``row`` has the ``_FACTS``."""
    is_there = row.placement_id is not None
    current = is_there and row.placement__epoch == row.placement__folder__epoch
    # What only an earlier numbering knew, and the folder was read since, never gets a UID again.
    lost = not is_there or (row.placement__gone_phase > 0 and not current)
    return Pending(
        id=row.pk,
        kind=row.kind,
        state=row.state,
        placement_id=row.placement_id,
        exists=not lost,
        folder_id=row.placement__folder_id if is_there else row.source_id,
        uid=row.placement__uid if current else None,
        target_id=row.target_id,
        arrived_uid=row.target_placement__uid,
        add=tuple(row.add_flags),
        remove=tuple(row.remove_flags),
        server_flags=frozenset(row.placement__server_flags or ()),
        waits=row.after__state in Change.OPEN
        or (row.kind != Change.Kind.FOLDER_CREATE and row.target_id in unmade)
        # RFC 9051 §6.3.5: DELETE takes the messages along, so what was moved out must have left before.
        or (row.kind == Change.Kind.FOLDER_DELETE and row.source_id in in_use),
        orphaned=row.after__state in {Change.State.FAILED, Change.State.CANCELLED},
    )


def claim_changes(
    lease: leases.HeldLease, change_ids: Collection[int], *, target_uidnext: int | None = None
) -> set[int]:
    """Mark changes as sent, just before the command leaves. Returns those that are still wanted.

    What the user took back in the meantime is not among them. ``target_uidnext`` is kept from the first try.
    """
    with leases.commit(lease):
        wanted = Change.objects.select_for_update().filter(id__in=change_ids, state__in=Change.OPEN, finished_at=None)
        ids = set(wanted.values_list("id", flat=True))
        Change.objects.filter(id__in=ids).update(state=Change.State.SENT)
        if target_uidnext is not None:
            Change.objects.filter(id__in=ids).update(target_uidnext=target_uidnext)
    return ids


def finish_flags(
    lease: leases.HeldLease, change_ids: Collection[int], *, add: Sequence[str], remove: Sequence[str]
) -> None:
    """The server has these flags now."""
    with leases.commit(lease):
        with connection.cursor() as cursor:
            cursor.execute(_TOLD, {"changes": list(change_ids), "add": list(add), "remove": list(remove)})
        finish(change_ids)


# Locked by id, as everybody locks placements.
_TOLD = """
    WITH told AS (
        SELECT id FROM mailsync_placement
         WHERE id IN (SELECT placement_id FROM mailsync_change WHERE id = ANY(%(changes)s))
         ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE mailsync_placement p
       SET server_flags = ARRAY(SELECT DISTINCT f COLLATE "C" FROM unnest(p.server_flags || %(add)s::text[]) AS f
                                 WHERE f <> ALL(%(remove)s::text[]) ORDER BY f COLLATE "C")
      FROM told WHERE p.id = told.id
"""


def finish_changes(lease: leases.HeldLease, change_ids: Collection[int], *, lost: bool = False) -> list[FolderCounts]:
    """Done without further ado. With ``lost`` the message had gone: what a move promised is taken off the screen."""
    with leases.commit(lease):
        counts: list[FolderCounts] = []
        if lost:
            counts = remove_placements(_promised(change_ids)) + show_again(change_ids)
        finish(change_ids, error="The message had gone from the server." if lost else "")
    return counts


def _promised(change_ids: Collection[int]) -> list[int]:
    """The placements that these changes showed ahead of the server, and that no pull has met."""
    rows = Change.objects.filter(id__in=change_ids, target_placement__uid=None)
    return [pk for pk in rows.values_list("target_placement_id", flat=True) if pk is not None]


def record_copied(lease: leases.HeldLease, uids: Mapping[int, int | None], *, uidvalidity: int | None) -> None:
    """The first half of a move without MOVE is done: change id → UID of the copy, where the server told it."""
    with leases.commit(lease):
        adopt(uids, uidvalidity)
        Change.objects.filter(id__in=uids).update(state=Change.State.COPIED)


def finish_moves(
    lease: leases.HeldLease,
    uids: Mapping[int, int | None],
    *,
    uidvalidity: int | None,
    keep_source: bool = False,
) -> list[FolderCounts]:
    """Moved: change id → UID in the target, None where the next pull has to find it.

    The hidden source placements go, unless ``keep_source``: on a server without UIDPLUS the original
    stays there, marked \\Deleted, and stays hidden here.
    """
    with leases.commit(lease):
        rows = Change.objects.filter(id__in=uids)
        touched = list(rows.values_list("source_id", "target_id"))
        lock_folders(pk for pair in touched for pk in pair if pk is not None)
        adopt(uids, uidvalidity)
        sources = [pk for pk in rows.values_list("placement_id", flat=True) if pk is not None]
        with connection.cursor() as cursor:
            cursor.execute(_FOLLOW, [list(uids), list(Change.OPEN)])
        counts: list[FolderCounts] = []
        if keep_source:
            _mark_deleted(sources)
        else:
            counts = remove_placements(sources)
        finish(uids)
        unmet = {
            target for pk, target in rows.values_list("id", "target_id") if uids[pk] is None and target is not None
        }
        for target_id in unmet:
            # The pull will tell the UIDs.
            make_folder_due(target_id)
    return counts


# A flag that the server would not take yet follows its message.
_FOLLOW = """
    UPDATE mailsync_change f SET placement_id = c.target_placement_id, source_id = c.target_id
      FROM mailsync_change c
     WHERE c.id = ANY(%s) AND f.placement_id = c.placement_id AND f.kind = 'flags' AND f.state = ANY(%s)
"""


def finish_expunges(lease: leases.HeldLease, change_ids: Collection[int], *, expunged: bool) -> None:
    """Gone from the server, or without UIDPLUS marked \\Deleted there and hidden here."""
    with leases.commit(lease):
        placements = [
            pk
            for pk in Change.objects.filter(id__in=change_ids).values_list("placement_id", flat=True)
            if pk is not None
        ]
        if expunged:
            put_away(placements)
        else:
            _mark_deleted(placements)
        finish(change_ids)


def finish_append(lease: leases.HeldLease, change_id: int, uid: int | None, *, uidvalidity: int | None) -> None:
    """Filed: the placement has its UID, or gets it from the next pull."""
    with leases.commit(lease):
        adopt({change_id: uid}, uidvalidity)
        finish([change_id])


def defer_changes(
    lease: leases.HeldLease, change_ids: Collection[int], *, after_seconds: float, words: str, count: bool = True
) -> set[int]:
    """Try again later. What may have reached the server becomes ambiguous. Returns those whose tries are used up.

    ``count`` is off where the account failed rather than the change.
    """
    with leases.commit(lease):
        rows = Change.objects.filter(id__in=change_ids, state__in=Change.OPEN)
        rows.update(
            attempts=F("attempts") + (1 if count else 0),
            due_at=timezone.now() + timedelta(seconds=after_seconds),
            error=words[:500],
            state=Case(
                When(
                    Q(kind__in=[Change.Kind.MOVE, Change.Kind.APPEND, Change.Kind.COPY], state=Change.State.SENT),
                    then=Value(Change.State.AMBIGUOUS.value),
                ),
                When(state=Change.State.SENT, then=Value(Change.State.QUEUED.value)),
                default=F("state"),
            ),
        )
        old = rows.filter(attempts__gte=MOST_ATTEMPTS, created_at__lt=timezone.now() - PATIENCE)
        spent = old.exclude(state=Change.State.AMBIGUOUS)
        return set(spent.values_list("id", flat=True))


def most_attempts(change_ids: Collection[int]) -> int:
    """How often the most tried of these has been tried."""
    return Change.objects.filter(id__in=change_ids).aggregate(most=Max("attempts"))["most"] or 0


def requeue(lease: leases.HeldLease, change_ids: Collection[int]) -> None:
    """Looked, and it had not happened: do it (again) now."""
    with leases.commit(lease):
        Change.objects.filter(id__in=change_ids, state__in=Change.OPEN).update(state=Change.State.QUEUED)


def wait_for_uid(lease: leases.HeldLease, change_ids: Collection[int], *, after_seconds: float) -> set[int]:
    """These cannot go before a pull has met their messages. Returns those for which that takes too long."""
    with leases.commit(lease):
        rows = Change.objects.filter(id__in=change_ids, state__in=Change.OPEN)
        rows.update(due_at=timezone.now() + timedelta(seconds=after_seconds))
        # A folder that is being read anew, after a new UIDVALIDITY, may come to this message yet.
        settled = Q(placement=None) | Q(placement__folder__header_cursor=1)
        old = rows.filter(settled, created_at__lt=timezone.now() - PATIENCE)
        return set(old.values_list("id", flat=True))


def copied_of(change_ids: Collection[int]) -> set[int]:
    """Those whose copies the server has made, and whose originals are still to go."""
    copied = Change.objects.filter(id__in=change_ids, state=Change.State.COPIED)
    return set(copied.values_list("id", flat=True))


def fail_changes(
    lease: leases.HeldLease, change_ids: Collection[int], words: str, *, transcript: str = ""
) -> list[FolderCounts]:
    """These can never succeed: undone on the screen, with the reason and the transcript kept for the user."""
    with leases.commit(lease):
        rows = list(
            Change.objects.select_for_update(of=("self",))
            .filter(id__in=change_ids, state__in=Change.OPEN)
            .order_by("-id")
        )
        lock_folders(pk for row in rows for pk in (row.source_id, row.target_id) if pk is not None)
        Change.objects.filter(id__in=[row.pk for row in rows]).update(
            state=Change.State.FAILED,
            error=words[:500],
            transcript=plain(transcript)[-TRANSCRIPT_LENGTH:],
            finished_at=timezone.now(),
        )
        pairs: list[Pair] = []
        for row in rows:
            pairs += take_off_screen(row)
        counts = refresh(pairs)
        refresh_threads({thread for _, thread in pairs})
        return counts


@transaction.atomic
def schedule_next(account_id: int) -> datetime | None:
    """Note when the account's next change or draft is due, None when nothing is open; returns it."""
    # Who does something now waits, or is waited for: read before it and noted after, it would be due never again.
    sync = AccountSync.objects.select_for_update().filter(account_id=account_id).first()
    due: datetime | None = (
        Change.objects.filter(account_id=account_id, finished_at=None, state__in=Change.OPEN)
        .annotate(when=Greatest("created_at", "hold_until", "due_at"))
        .aggregate(next=Min("when"))["next"]
    )
    drafts = Draft.objects.filter(identity__account=account_id).aggregate(next=Min("store_due_at"))["next"]
    due = min((when for when in (due, drafts) if when is not None), default=None)
    if due is not None:
        due = max(due, timezone.now())
    if sync is not None:
        sync.push_due_at = due
        sync.save(update_fields=["push_due_at"])
    return due


def adopt(uids: Mapping[int, int | None], uidvalidity: int | None) -> None:
    """Give the placements that were shown ahead their UIDs, if the target's numbering is the one we know."""
    rows = Change.objects.filter(id__in=uids).select_related("target", "target_placement").order_by("id")
    # A pull of the target may be about to meet the same messages.
    lock_folders(row.target_id for row in rows if row.target_id is not None)
    arrivals: dict[tuple[int, int], Placement] = {}
    for row in rows:
        uid, target, arrived = uids[row.pk], row.target, row.target_placement
        if uid is None or target is None or arrived is None or arrived.uid is not None:
            continue
        if target.uidvalidity is not None and uidvalidity is not None and target.uidvalidity != uidvalidity:
            continue
        if target.uidvalidity is None and uidvalidity is not None:
            # A folder never read before: its first pull begins at this numbering.
            Folder.objects.filter(pk=target.pk, uidvalidity=None).update(uidvalidity=uidvalidity)
        arrivals[target.pk, uid] = arrived
    standing = Placement.objects.filter(
        folder__in={folder for folder, _ in arrivals}, epoch=F("folder__epoch"), uid__in={uid for _, uid in arrivals}
    )
    for met in standing:
        arrived = arrivals.pop((met.folder_id, met.uid or 0), None)
        if arrived is not None and arrived.pk != met.pk:
            merge_arrival(arrived, met)
    numbers = [(arrived.pk, uid) for (_, uid), arrived in arrivals.items()]
    with connection.cursor() as cursor:
        cursor.execute(_NUMBER, [[pk for pk, _ in numbers], [uid for _, uid in numbers]])


# A body that has not come is fetched from where its message is by now.
_NUMBER = """
    WITH numbered AS (
        UPDATE mailsync_placement p SET uid = given.uid, epoch = f.epoch
          FROM unnest(%s::bigint[], %s::bigint[]) AS given(id, uid), mailsync_folder f
         WHERE p.id = given.id AND p.uid IS NULL AND f.id = p.folder_id
        RETURNING p.folder_id, p.message_id
    ), bodiless AS (
        SELECT n.folder_id, count(*) AS bodies FROM numbered n JOIN mailsync_message m ON m.id = n.message_id
         WHERE m.raw_id IS NULL GROUP BY n.folder_id
    )
    UPDATE mailsync_folder f SET bodies_pending = f.bodies_pending + b.bodies FROM bodiless b WHERE f.id = b.folder_id
"""


def _mark_deleted(placement_ids: Iterable[int]) -> None:
    for placement in Placement.objects.filter(id__in=list(placement_ids)):
        placement.server_flags = sorted({*placement.server_flags, "\\Deleted"})
        placement.save(update_fields=["server_flags"])


def finish(change_ids: Iterable[int], *, error: str = "") -> None:
    Change.objects.filter(id__in=list(change_ids)).update(
        state=Change.State.DONE, finished_at=timezone.now(), error=error
    )
