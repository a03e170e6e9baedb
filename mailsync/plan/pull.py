"""How to bring one folder into step: which road to take, and what then to fetch. Pure.

In: what we know of the folder, what STATUS and SELECT say, what the server can do. Out: a list of
steps that ``engine.folder_pull`` walks. The roads, by capability: unchanged (STATUS says so), QRESYNC
(RFC 7162 §3.2), CONDSTORE (§3.1), and baseline for servers that have neither.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from mailsync.types import FolderStatus, Role, SelectedFolder

#: Headers a FETCH: a small first chunk, so that the list can be read at once.
FIRST_CHUNK, CHUNK = 200, 1000
#: On a server without MODSEQ, the flags of this many of the newest are read at each visit.
NEWEST_FLAGS = 100
#: … and a slice of this many of the others.
FLAG_SLICE = 2000
#: More than this share of a folder vanishing at once is not believed before it is confirmed.
VANISH_SHARE, VANISH_LEAST = 0.2, 50


@dataclass(frozen=True, slots=True)
class KnownFolder:
    """What the tables say of a folder. ``header_cursor``: None before the first pull, 1 when it is done."""

    uidvalidity: int | None
    mailbox_id: str
    uidnext_seen: int | None
    highestmodseq: int | None
    modseq_trusted: bool
    exists_seen: int | None
    header_cursor: int | None
    flags_cursor: int
    deep_scan_due: bool
    unread: int = 0
    role: Role = Role.NONE


@dataclass(frozen=True, slots=True)
class BeginEpoch:
    """The folder has been renumbered, or is another: nothing we know of UIDs holds. Plan again afterwards."""


@dataclass(frozen=True, slots=True)
class FirstPull:
    """Headers of all UIDs below ``below`` (None: of all), newest first."""

    below: int | None


@dataclass(frozen=True, slots=True)
class FetchNew:
    """Headers of all UIDs from ``low`` on."""

    low: int


@dataclass(frozen=True, slots=True)
class ApplySelected:
    """SELECT itself told what changed and vanished (QRESYNC)."""


@dataclass(frozen=True, slots=True)
class FetchFlagsSince:
    """Flags that changed after this MODSEQ."""

    modseq: int


@dataclass(frozen=True, slots=True)
class FetchNewestFlags:
    """Flags of the newest ``count``, and of a slice of ``slice_size`` of the others from ``cursor`` on."""

    count: int
    cursor: int
    slice_size: int


@dataclass(frozen=True, slots=True)
class FetchAllFlags:
    """Flags of everything: the server's MODSEQ went backwards, or a deep scan is due."""


@dataclass(frozen=True, slots=True)
class CompareUids:
    """See which UIDs exist. Unless ``always``, only when the server's count is not ours."""

    always: bool


@dataclass(frozen=True, slots=True)
class SaveCursor:
    """All of the above is stored: now the folder's cursor may say so."""

    uidnext: int | None
    highestmodseq: int | None
    exists: int
    deep_scan_done: bool


Step = (
    BeginEpoch
    | FirstPull
    | FetchNew
    | ApplySelected
    | FetchFlagsSince
    | FetchNewestFlags
    | FetchAllFlags
    | CompareUids
    | SaveCursor
)


def has_modseq(capabilities: Collection[str]) -> bool:
    """CONDSTORE in earnest: a HIGHESTMODSEQ alone (Yahoo) is not it."""
    return "CONDSTORE" in capabilities or "QRESYNC" in capabilities


def is_unchanged(known: KnownFolder, status: FolderStatus | None, capabilities: Collection[str]) -> bool:
    """May the SELECT be skipped? Only where STATUS shows that nothing at all has happened.

    Without MODSEQ a flag may change unseen; the count of unread gives most of those away, the deep
    scan the rest.
    """
    if status is None or known.header_cursor != 1 or known.deep_scan_due:
        return False
    same = (
        status.uidvalidity is not None
        and status.uidvalidity == known.uidvalidity
        and status.uidnext is not None
        and status.uidnext == known.uidnext_seen
        and status.messages == known.exists_seen
    )
    if not same:
        return False
    if has_modseq(capabilities) and known.modseq_trusted and known.highestmodseq:
        return status.highestmodseq is not None and status.highestmodseq == known.highestmodseq
    return status.unseen is not None and status.unseen == known.unread and known.role is not Role.INBOX


def may_resync(known: KnownFolder, capabilities: Collection[str]) -> bool:
    """Is SELECT to be given our cursor (RFC 7162 §3.2.5)?"""
    return "QRESYNC" in capabilities and bool(known.uidvalidity and known.highestmodseq and known.modseq_trusted)


def plan_pull(known: KnownFolder, selected: SelectedFolder, capabilities: Collection[str]) -> list[Step]:
    """What to do in a folder that has just been selected."""
    if not selected.has_uids_of(known.uidvalidity, known.mailbox_id):
        return [BeginEpoch()]
    if known.header_cursor is None or known.uidnext_seen is None:
        return [FirstPull(None)]
    steps: list[Step] = []
    first_pull_done = known.header_cursor == 1
    # UIDNEXT below what we saw is a lie or an older backup; asking from where we are costs one command.
    if selected.uidnext is None or selected.uidnext != known.uidnext_seen:
        steps.append(FetchNew(known.uidnext_seen))
    steps += _plan_flags(known, selected, capabilities)
    if first_pull_done:
        steps.append(CompareUids(always=known.deep_scan_due))
    steps.append(
        SaveCursor(
            uidnext=max(selected.uidnext or 0, known.uidnext_seen),
            highestmodseq=selected.highestmodseq if has_modseq(capabilities) else None,
            exists=selected.exists,
            deep_scan_done=known.deep_scan_due and first_pull_done,
        )
    )
    if not first_pull_done:
        steps.append(FirstPull(known.header_cursor))
    return steps


def _plan_flags(known: KnownFolder, selected: SelectedFolder, capabilities: Collection[str]) -> list[Step]:
    since, now = known.highestmodseq, selected.highestmodseq
    if not has_modseq(capabilities) or now is None:
        if known.deep_scan_due:
            return [FetchAllFlags()]
        return [FetchNewestFlags(NEWEST_FLAGS, known.flags_cursor, FLAG_SLICE)]
    if not since or not known.modseq_trusted or now < since:
        return [FetchAllFlags()]
    if may_resync(known, capabilities):
        return [ApplySelected()]
    return [FetchFlagsSince(since)] if now > since else []


def plan_chunks(uids: Sequence[int]) -> list[list[int]]:
    """Ascending UIDs in chunks, the newest chunk first and small.

    >>> [len(chunk) for chunk in plan_chunks(range(1, 1402))]
    [200, 1000, 201]
    """
    chunks: list[list[int]] = []
    end, size = len(uids), FIRST_CHUNK
    while end > 0:
        chunks.append(list(uids[max(0, end - size) : end]))
        end, size = end - size, CHUNK
    return chunks


@dataclass(frozen=True, slots=True)
class UidDifference:
    """``vanished`` are ours and not the server's, ``unknown`` the server's and not ours, both ascending.

    ``confirm``: so much is missing that it must be asked for again on a fresh connection first.
    """

    vanished: tuple[int, ...]
    unknown: tuple[int, ...]
    confirm: bool


def plan_difference(ours: Sequence[int], theirs: Sequence[int], exists: int) -> UidDifference:
    """Compare our UIDs with what SEARCH gave, ``exists`` being what SELECT said there are."""
    vanished = tuple(sorted(set(ours) - set(theirs)))
    unknown = tuple(sorted(set(theirs) - set(ours)))
    unbelievable = bool(vanished) and (is_mass_vanishing(len(vanished), len(ours)) or (exists > 0 and not theirs))
    return UidDifference(vanished, unknown, unbelievable)


def is_mass_vanishing(vanished: int, known: int) -> bool:
    """Over a fifth of the folder, and at least fifty."""
    return vanished >= VANISH_LEAST and vanished > known * VANISH_SHARE
