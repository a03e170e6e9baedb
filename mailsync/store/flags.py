"""Flags that the server told, shown with what the user has done since. Database room.

In: flag updates of one folder and epoch. Out: ``server_flags`` as told, the visible flags as server
flags overlaid with pending changes, lines and counts, in one transaction. Rows that would stay as
they are are not written, so the same updates may come twice at no cost.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import Q

from mailsync.message.plain import plain
from mailsync.models import Change, Folder, Placement
from mailsync.plan.flags import plan_flags
from mailsync.store import leases
from mailsync.store.changes import COLUMNS
from mailsync.store.intake import lock_epoch
from mailsync.store.letter_copies import copies_of_letters
from mailsync.store.pending import FLAG_COLUMNS, flags_sent_since, pending_flags, show_flags
from mailsync.store.summary import FolderCounts, refresh
from mailsync.store.threads import refresh_threads
from mailsync.types import FlagUpdate, Role

_COLUMNS = (*FLAG_COLUMNS, "server_flags", "modseq", "shown", "gone_phase")


def apply_flags(
    lease: leases.HeldLease,
    folder_id: int,
    epoch: int,
    updates: Sequence[FlagUpdate],
    *,
    asked_at: datetime | None = None,
) -> tuple[int, list[FolderCounts]]:
    """Returns how many placements changed, and the counts of the folder if any did. Raises ``LeaseLost``.

    What a push has told the server since ``asked_at`` may not be in the answer yet, and wins over it.
    """
    by_uid = {update.uid: update for update in updates}
    with leases.commit(lease):
        folder = lock_epoch(folder_id, epoch)
        named = Placement.objects.filter(folder=folder, epoch=epoch, uid__in=list(by_uid))
        differing = [
            placement
            for placement in named.select_for_update(no_key=True).order_by("id")
            if placement.uid is not None and _differs(placement, by_uid[placement.uid])
        ]
        pending = pending_flags(placement.pk for placement in differing)
        away = taken_away(folder, (placement.pk for placement in differing))
        sent = flags_sent_since(asked_at, (placement.pk for placement in differing)) if asked_at is not None else {}
        touched = []
        turned: set[int] = set()
        for placement in differing:
            assert placement.uid is not None
            update = by_uid[placement.uid]
            before, was_shown = _visible(placement), placement.shown
            told = update.flags.names()
            if placement.pk in sent:
                told = plan_flags(told, sent[placement.pk]).names()
            elif update.modseq is not None:
                placement.modseq = update.modseq
            placement.server_flags = [plain(name) for name in told]
            placement.gone_phase = 0
            show_flags(placement, pending.get(placement.pk, {}))
            placement.shown = (placement.kept or not update.flags.deleted) and placement.pk not in away
            if _visible(placement) != before:
                touched.append(placement)
            if placement.shown != was_shown:
                turned.add(placement.pk)
        Placement.objects.bulk_update(differing, _COLUMNS, batch_size=500)
        counts = refresh((folder.pk, placement.thread_id) for placement in touched)
        # What another program marks \\Deleted drops out of its conversation.
        refresh_threads({placement.thread_id for placement in touched if placement.pk in turned})
    return len(touched), counts


def taken_away(folder: Folder, placement_ids: Iterable[int]) -> set[int]:
    """Which of these, all of ``folder``, the user has taken out of sight: by a move or expunge that is pending, or by
    sending the draft that they are copies of, which waits in the outbox."""
    ids = set(placement_ids)
    pending = Change.objects.filter(
        Q(kind=Change.Kind.MOVE) | Q(kind=Change.Kind.EXPUNGE),
        placement__in=ids,
        state__in=Change.OPEN,
        finished_at__isnull=True,
    )
    away = {pk for pk in pending.values_list("placement_id", flat=True) if pk is not None}
    if folder.role == Role.DRAFTS and ids:
        away |= ids.intersection(copies_of_letters(folder.account_id))
    return away


def _differs(placement: Placement, update: FlagUpdate) -> bool:
    return (
        sorted(placement.server_flags) != sorted(update.flags.names())
        or placement.gone_phase > 0
        or (update.modseq is not None and placement.modseq != update.modseq)
        # By what is pending, or by an earlier version's fault: then it is mended.
        or sorted(_flags_shown(placement)) != sorted(set(update.flags.names()) - {"\\Deleted"})
    )


def _flags_shown(placement: Placement) -> list[str]:
    return [name for name, column in COLUMNS.items() if getattr(placement, column)] + list(placement.keywords)


def _visible(placement: Placement) -> tuple[object, ...]:
    return (
        placement.seen,
        placement.flagged,
        placement.answered,
        placement.draft,
        tuple(placement.keywords),
        placement.shown,
    )
