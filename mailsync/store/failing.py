"""What a change showed ahead of the server, taken off the screen again. Database room.

In: a change that failed for good, or a placement that a pull met before the reply came. Out: the
(folder, thread) pairs to refresh.
"""

from collections.abc import Collection
from uuid import uuid4

from django.db.models import F

from mailsync.models import ONLY_HERE_EPOCH, Change, Folder, Outgoing, OutgoingEvent, Placement
from mailsync.store import change_log, changes
from mailsync.store.folder_paths import leaf
from mailsync.store.letter_copies import copies_of_letters, copy_becomes
from mailsync.store.pending import show_flags_anew
from mailsync.store.search_names import searches_follow
from mailsync.store.summary import FolderCounts, lock_folders, refresh, remove_placements
from mailsync.store.threads import refresh_threads
from mailsync.types import Role

Pair = tuple[int, int]


def take_off_screen(change: Change) -> list[Pair]:
    """Undo what the user sees of this change, which is open no more; its folders are locked by the caller."""
    match change.kind:
        case Change.Kind.FLAGS:
            return _flags_off(change)
        case Change.Kind.MOVE:
            return _move_off(change)
        case Change.Kind.COPY:
            return _copy_off(change)
        case Change.Kind.EXPUNGE:
            return _show(change.placement_id)
        case Change.Kind.APPEND:
            return _append_off(change)
        case Change.Kind.FOLDER_CREATE:
            return _folder_off(change)
        case Change.Kind.FOLDER_RENAME if change.source is not None:
            name = leaf(change.source.path, change.source.delimiter)
            with searches_follow(change.account.user_id):
                Folder.objects.filter(pk=change.source.pk).update(name=name)
        case Change.Kind.FOLDER_DELETE:
            Folder.objects.filter(pk=change.source_id or 0).update(missing_since=None)
        case Change.Kind.SUBSCRIBE:
            Folder.objects.filter(pk=change.source_id or 0).update(subscribed=bool(change.remove_flags))
    return []


def show_again(change_ids: Collection[int]) -> list[FolderCounts]:
    """What was to go after a change that failed stays, on the server and here: a draft's old copy, a moved original."""
    kept = Placement.objects.filter(
        changes__in=change_ids,
        changes__kind__in=[Change.Kind.EXPUNGE, Change.Kind.MOVE],
        changes__after__isnull=False,
        gone_phase=0,
        shown=False,
    ).values_list("id", "folder_id", "thread_id", "account_id")
    rows = list(kept)
    letters = {copy for account_id in {row[3] for row in rows} for copy in copies_of_letters(account_id)}
    lock_folders(folder_id for _, folder_id, _, _ in rows)
    Placement.objects.filter(id__in=[row[0] for row in rows if row[0] not in letters]).update(shown=True)
    refresh_threads([thread_id for _, _, thread_id, _ in rows])
    return refresh((folder_id, thread_id) for _, folder_id, thread_id, _ in rows)


def merge_arrival(arrived: Placement, standing: Placement) -> None:
    """A pull met the message in its new folder first: its placement stays, with what the user did to the other."""
    if arrived.shown and not standing.shown and standing.gone_phase == 0:
        Placement.objects.filter(pk=standing.pk).update(shown=True)
    _repoint(arrived, standing)
    show_flags_anew([standing.pk])
    remove_placements([arrived.pk])
    # A message without a Message-ID may have been met in a conversation of its own.
    refresh([(standing.folder_id, standing.thread_id)])


def _repoint(old: Placement, new: Placement) -> None:
    Change.objects.filter(placement=old).update(placement=new)
    Change.objects.filter(target_placement=old).update(target_placement=new)
    if old.draft or new.draft:
        copy_becomes(new.account_id, old.pk, new.pk)
    Outgoing.objects.filter(sent_placement=old).update(sent_placement=new)


def _flags_off(change: Change) -> list[Pair]:
    placement = _find(change.placement_id)
    if placement is None:
        return []
    show_flags_anew([placement.pk])
    return [(placement.folder_id, placement.thread_id)]


def _move_off(change: Change) -> list[Pair]:
    left, arrived = _find(change.placement_id), _find(change.target_placement_id)
    if arrived is not None and arrived.uid is not None and arrived.folder.role != Role.ALL:
        # It is in the target after all, and nothing takes that back; the original, where the server kept it, shows too.
        return _show(change.placement_id)
    if left is not None and arrived is not None:
        Change.objects.filter(placement=arrived).update(placement=left, source=left.folder_id)
        show_flags_anew([left.pk])
    if arrived is not None and arrived.uid is None:
        remove_placements([arrived.pk])
    return _show(change.placement_id)


def _copy_off(change: Change) -> list[Pair]:
    arrived = _find(change.target_placement_id)
    if arrived is not None and arrived.uid is None:
        remove_placements([arrived.pk])
    return []


def _append_off(change: Change) -> list[Pair]:
    """A message of ours that the server will not keep stays readable here; a draft has its own row."""
    refused = _find(change.target_placement_id)
    outgoing = Outgoing.objects.filter(sent_placement=refused).first() if refused is not None else None
    if refused is not None and outgoing is not None:
        OutgoingEvent.objects.create(
            outgoing=outgoing,
            kind="not_filed",
            text="The message was sent, but the server did not take the copy for its Sent folder.",
        )
        # No pull is to look for it on the server.
        only_here = {"epoch": ONLY_HERE_EPOCH, "uid": F("pk"), "kept": True}
        Placement.objects.filter(pk=refused.pk, uid=None).update(**only_here)
        return []
    if refused is None:
        return _originals_back(change)
    # The copy before it was to go after this one, and stays.
    before = Change.objects.filter(after=change, kind=Change.Kind.EXPUNGE, state__in=Change.OPEN).first()
    copy_becomes(change.account_id, refused.pk, before.placement_id if before is not None else None)
    change_log.put_away([refused.pk])
    return [(refused.folder_id, refused.thread_id), *_originals_back(change)]


def _originals_back(change: Change) -> list[Pair]:
    """What no server keeps goes to the bin at once when it is moved to another account: it comes back from there."""
    pairs: list[Pair] = []
    moved = Change.objects.filter(after=change, kind=Change.Kind.MOVE, state=Change.State.DONE)
    for move in moved.select_related("source__account", "target_placement"):
        row = move.target_placement
        if row is None or move.source is None or row.pk != move.placement_id or row.folder_id != move.target_id:
            continue
        lock_folders([move.source.pk, row.folder_id])
        pairs.append((row.folder_id, row.thread_id))
        back = changes.record_moves([row], move.source, group=uuid4(), hold_until=None)
        pairs += [(one.folder_id, one.thread_id) for one in back]
    return pairs


def _folder_off(change: Change) -> list[Pair]:
    """A folder that the server refused: what was moved into it goes back, and it disappears."""
    pairs: list[Pair] = []
    kinds = (Change.Kind.MOVE, Change.Kind.COPY)
    moves = Change.objects.filter(target_id=change.target_id, kind__in=kinds, state__in=Change.OPEN)
    for move in moves.order_by("-id"):
        pairs += take_off_screen(move)
        change_log.remember_failure(move, "Its folder could not be made.")
    if change.target_id and not Placement.objects.filter(folder_id=change.target_id).exists():
        Change.objects.filter(target_id=change.target_id).update(target=None)
        # A folder below it goes by its whole path.
        Change.objects.filter(source_id=change.target_id).update(source=None)
        Folder.objects.filter(pk=change.target_id).delete()
    return pairs


def _show(placement_id: int | None) -> list[Pair]:
    placement = _find(placement_id)
    if placement is None or placement.gone_phase:
        return []
    Placement.objects.filter(pk=placement.pk).update(shown=True)
    return [(placement.folder_id, placement.thread_id)]


def _find(placement_id: int | None) -> Placement | None:
    return Placement.objects.filter(pk=placement_id or 0).first()
