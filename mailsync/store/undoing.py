"""Taking a change back: cancelled while it waits, reversed once the server may know. Database room.

In: the changes of one group. Out: the (folder, thread) pairs to refresh, or None when something of it
cannot be taken back, and then nothing was; ``take_back_what_can_be`` leaves out the messages that have changed since.
A whole folder may have been moved at once, so everything is done set by set.
"""

from collections.abc import Iterable, Sequence
from uuid import uuid4

from django.db import connection, transaction
from django.db.models.functions import Now

from mailsync.models import Change, Placement
from mailsync.store import change_log, changes, copying, folder_changes
from mailsync.store.folder_changes import TooLate
from mailsync.store.locking import lock_placements
from mailsync.store.pending import show_flags_anew
from mailsync.store.summary import lock_folders, remove_placements

Pair = tuple[int, int]


def take_back(group: Sequence[Change]) -> list[Pair] | None:
    """Undo these changes, all or none."""
    lock_folders(folder for change in group for folder in (change.source_id, change.target_id) if folder)
    locked = list(
        Change.objects.select_for_update(of=("self",))
        .select_related("source__account", "target__account")
        .filter(id__in=[row.pk for row in group])
        .exclude(state__in=(Change.State.CANCELLED, Change.State.FAILED))
        .order_by("id")
    )
    try:
        with transaction.atomic():
            # Newest first: junk flags a message and then moves it. Folders before what lay in them.
            folder_changes.take_back(locked)
            moves = [change for change in locked if change.kind == Change.Kind.MOVE]
            pairs = _moves(moves)
            pairs += _copies([change for change in locked if change.kind in (Change.Kind.COPY, Change.Kind.APPEND)])
            pairs += _expunges([change for change in locked if change.kind == Change.Kind.EXPUNGE])
            pairs += _flags([change for change in locked if change.kind == Change.Kind.FLAGS])
    except TooLate:
        return None
    return pairs


def take_back_what_can_be(group: Sequence[Change]) -> tuple[list[Pair], int]:
    """All of it, or all but the messages that have changed since: how many these are, beside the pairs.

    A message's changes stay together, and so does what was done to folders.
    """
    if (pairs := take_back(group)) is not None:
        return pairs, 0
    messages = {_whose(change) for change in group}
    if len(messages) == 1 or any(change.kind in Change.OF_FOLDERS for change in group):
        return [], len(messages)
    # What has gone elsewhere is seen at once; what else may stand in the way is found by halves.
    if gone := _gone_elsewhere(group):
        rest = [change for change in group if _whose(change) not in gone]
        pairs, missed = take_back_what_can_be(rest) if rest else ([], 0)
        return pairs, missed + len(gone)
    first = set(sorted(messages)[: len(messages) // 2])
    halves = [[change for change in group if (_whose(change) in first) is half] for half in (True, False)]
    (pairs, missed), (more, also_missed) = map(take_back_what_can_be, halves)
    return pairs + more, missed + also_missed


def _gone_elsewhere(group: Sequence[Change]) -> set[int]:
    """Whose messages are not where the group has put them, or have left for good."""
    moves = {change.target_placement_id: change for change in group if change.kind == Change.Kind.MOVE}
    lying = Placement.objects.filter(id__in=[pk for pk in moves if pk], shown=True).values_list("id", "folder_id")
    there = {pk for pk, folder_id in lying if moves[pk].target_id == folder_id}
    return {
        _whose(change)
        for change in group
        if (change.kind == Change.Kind.MOVE and change.target_placement_id not in there)
        or (change.kind == Change.Kind.EXPUNGE and change.state != Change.State.QUEUED)
    }


def _whose(change: Change) -> int:
    return change.message_id or -change.pk


def _moves(moved: Sequence[Change]) -> list[Pair]:
    rows = _rows(pk for change in moved for pk in (change.placement_id, change.target_placement_id))
    waiting: list[tuple[Change, Placement, Placement]] = []
    gone: dict[int, list[Placement]] = {}
    for change in moved:
        left, arrived = rows.get(change.placement_id or 0), rows.get(change.target_placement_id or 0)
        if arrived is None or not arrived.shown or arrived.folder_id != change.target_id or change.source_id is None:
            raise TooLate
        if change.state == Change.State.QUEUED and left is not None and left.pk != arrived.pk:
            waiting.append((change, left, arrived))
        else:
            gone.setdefault(change.source_id, []).append(arrived)
    pairs = _stay(waiting)
    sources = {change.source_id: change.source for change in moved if change.source is not None}
    for source_id, arrived_rows in gone.items():
        pairs += [_pair(row) for row in arrived_rows]
        back = changes.record_moves(arrived_rows, sources[source_id], group=uuid4(), hold_until=None)
        pairs += [_pair(row) for row in back]
    return pairs


def _stay(waiting: Sequence[tuple[Change, Placement, Placement]]) -> list[Pair]:
    """Moves that have not left: the messages are where they were, flagged as they are by now.

    The server has told the flags of where they were all the while; what the user has set since follows them back.
    """
    if not waiting:
        return []
    ids = [change.pk for change, _, _ in waiting]
    with connection.cursor() as cursor:
        cursor.execute(_SHOW_BACK, [ids])
        cursor.execute(_FOLLOW_BACK, [ids, Change.Kind.FLAGS.value])
        show_flags_anew([pk for (pk,) in cursor.fetchall()])
    change_log.settle_cancelled([change for change, _, _ in waiting])
    # What lay in All Mail before stays there.
    remove_placements([arrived.pk for _, _, arrived in waiting if arrived.uid is None])
    return [_pair(row) for _, left, arrived in waiting for row in (left, arrived)]


_SHOW_BACK = """
    UPDATE mailsync_placement l SET shown = (l.gone_phase = 0)
      FROM mailsync_change c
     WHERE c.id = ANY(%s) AND l.id = c.placement_id
"""
_FOLLOW_BACK = """
    WITH followed AS (
        UPDATE mailsync_change f SET placement_id = c.placement_id, source_id = c.source_id
          FROM mailsync_change c
         WHERE c.id = ANY(%s) AND f.placement_id = c.target_placement_id
        RETURNING f.placement_id, f.kind
    )
    SELECT DISTINCT placement_id FROM followed WHERE kind = %s
"""


def _copies(copied: Sequence[Change]) -> list[Pair]:
    """Copies go for good: what they are copies of is still there."""
    made = copying.unmake_copies(copied)
    if made is None:
        raise TooLate
    changes.record_expunges(made, group=uuid4(), hold_until=None)
    return [_pair(row) for row in made]


def _expunges(expunged: Sequence[Change]) -> list[Pair]:
    rows = _rows(change.placement_id for change in expunged)
    if len(rows) < len(expunged) or any(change.state != Change.State.QUEUED for change in expunged):
        raise TooLate
    # As if it had just come: what is emptied by the clock is not to take it again at once.
    Placement.objects.filter(id__in=rows, gone_phase=0).update(shown=True, placed_at=Now())
    change_log.settle_cancelled(expunged)
    return [_pair(row) for row in rows.values()]


def _flags(flagged: Sequence[Change]) -> list[Pair]:
    """Flags that wait are as the server has them again; flags that left, or whose message lies elsewhere by now, are
    answered by their inverse there."""
    named = {change.placement_id for change in flagged if change.placement_id}
    lying = set(Placement.objects.filter(id__in=named, shown=True).values_list("id", flat=True))
    waiting = [one for one in flagged if one.state == Change.State.QUEUED and one.placement_id in lying]
    rows = lock_placements([change.placement_id or 0 for change in waiting])
    change_log.settle_cancelled(waiting)
    show_flags_anew([row.pk for row in rows])
    pairs = [_pair(row) for row in rows]
    elsewhere = _elsewhere([change for change in flagged if change.placement_id not in lying])
    left: dict[tuple[tuple[str, ...], tuple[str, ...]], list[int]] = {}
    for change in set(flagged).difference(waiting):
        inverse = (tuple(change.remove_flags), tuple(change.add_flags))
        places = [change.placement_id] if change.placement_id in lying else elsewhere.get(change.message_id or 0, [])
        left.setdefault(inverse, []).extend(places)
    for (add, remove), ids in left.items():
        touched = changes.record_flags(lock_placements(ids), add=add, remove=remove, group=uuid4())
        pairs += [_pair(row) for row in touched]
    return pairs


def _elsewhere(moved_on: Sequence[Change]) -> dict[int, list[int]]:
    """By message, where it lies now: where it was put since, if anywhere, as copies of old are not meant."""
    since = {change.message_id: change.created_at for change in moved_on if change.message_id}
    found: dict[int, list[int]] = {}
    put_since: dict[int, list[int]] = {}
    rows = Placement.objects.filter(message_id__in=since, shown=True)
    for pk, message_id, placed_at in rows.values_list("id", "message_id", "placed_at"):
        found.setdefault(message_id, []).append(pk)
        if placed_at >= since[message_id]:
            put_since.setdefault(message_id, []).append(pk)
    return found | put_since


def _rows(placement_ids: Iterable[int | None]) -> dict[int, Placement]:
    wanted = {pk for pk in placement_ids if pk is not None}
    return {row.pk: row for row in Placement.objects.select_related("folder", "account").filter(id__in=wanted)}


def _pair(placement: Placement) -> Pair:
    return placement.folder_id, placement.thread_id
