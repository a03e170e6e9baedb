"""What to tell the server, from the change log: the fewest commands in a safe order. Pure.

In: the open changes of one account that are due, oldest first, each with what is known of its message.
Out: steps for ``engine.push``. Rules: the last word on a flag counts; what cancels out is never sent;
delete beats flag; whatever may have happened already (a reply was lost, a worker died) is looked for
before it is done again; a change whose message has no UID yet waits.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

FLAGS, MOVE, COPY, EXPUNGE, APPEND = "flags", "move", "copy", "expunge", "append"
FOLDER_CREATE, FOLDER_RENAME, FOLDER_DELETE = "folder_create", "folder_rename", "folder_delete"
SUBSCRIBE = "subscribe"
_OF_FOLDERS = frozenset({FOLDER_CREATE, FOLDER_RENAME, FOLDER_DELETE, SUBSCRIBE})
QUEUED, SENT, COPIED, AMBIGUOUS = "queued", "sent", "copied", "ambiguous"


@dataclass(frozen=True, slots=True)
class Pending:
    """One open change. ``uid`` is None while the message has none in its folder (or in this epoch).

    ``exists`` is False when the placement it speaks of has gone. ``arrived_uid`` is the message's UID in
    the target, once a pull has met it there. ``waits`` is set while a change it depends on is open, and
    ``orphaned`` when that one failed.
    """

    id: int
    kind: str
    state: str = QUEUED
    placement_id: int | None = None
    exists: bool = True
    folder_id: int | None = None
    uid: int | None = None
    target_id: int | None = None
    arrived_uid: int | None = None
    add: tuple[str, ...] = ()
    remove: tuple[str, ...] = ()
    server_flags: frozenset[str] = frozenset()
    waits: bool = False
    orphaned: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """One message of a step: the changes that it settles, and its UID in the step's folder."""

    change_ids: tuple[int, ...]
    uid: int


@dataclass(frozen=True, slots=True)
class Settle:
    """Nothing to send: already so, cancelled out, or overtaken. ``lost`` when the message has gone."""

    change_ids: tuple[int, ...]
    lost: bool = False


@dataclass(frozen=True, slots=True)
class StoreFlags:
    folder_id: int
    add: tuple[str, ...]
    remove: tuple[str, ...]
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Move:
    folder_id: int
    target_id: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class LookForMoved:
    """The reply to a move was lost: see where each message is before anything else."""

    folder_id: int
    target_id: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Copy:
    """``look`` when a reply was lost: what has arrived already is not copied again."""

    folder_id: int
    target_id: int
    items: tuple[Item, ...]
    look: bool = False


@dataclass(frozen=True, slots=True)
class RemoveCopied:
    """The second half of a move without MOVE: the copies exist, the originals go."""

    folder_id: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Expunge:
    folder_id: int
    items: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Append:
    change_id: int
    target_id: int


@dataclass(frozen=True, slots=True)
class ChangeFolder:
    """Create, rename, delete or subscribe to one folder, as ``kind`` says."""

    change_id: int
    kind: str
    folder_id: int


Step = Settle | StoreFlags | Move | LookForMoved | Copy | RemoveCopied | Expunge | Append | ChangeFolder


def plan_push(changes: Sequence[Pending]) -> list[Step]:
    """The steps for these changes, in the order to take them. What cannot be done yet yields no step."""
    changes = sorted(changes, key=lambda change: change.id)
    lost = [change for change in changes if _is_lost(change)]
    ready = [change for change in changes if not _is_lost(change) and not change.waits]
    deleted = {change.placement_id for change in ready if change.kind == EXPUNGE}
    steps: list[Step] = []
    if lost:
        steps.append(Settle(_ids(lost), lost=True))
    steps += _folder_changes(ready, FOLDER_CREATE)
    steps += _flags([change for change in ready if change.kind == FLAGS], deleted)
    # Before the moves: what is copied may be moved away in the same breath.
    steps += _copies([change for change in ready if change.kind == COPY])
    steps += _moves([change for change in ready if change.kind == MOVE])
    steps += [
        Append(change.id, change.target_id)
        for change in ready
        if change.kind == APPEND and change.target_id is not None and change.arrived_uid is None
    ]
    steps += _expunges([change for change in ready if change.kind == EXPUNGE])
    steps += _folder_changes(ready, FOLDER_RENAME)
    steps += _folder_changes(ready, SUBSCRIBE)
    steps += _folder_changes(ready, FOLDER_DELETE)
    met = [change for change in ready if change.kind == APPEND and change.arrived_uid is not None]
    # Renamed, and then deleted before the first could be told: the row went with the second.
    met += [change for change in ready if change.kind in _OF_FOLDERS and _folder_of(change) is None]
    if met:
        steps.append(Settle(_ids(met)))
    return steps


def _is_lost(change: Pending) -> bool:
    """Its message has gone from where it was. An unfinished move is still looked for in its target."""
    if change.orphaned:
        return True
    return change.kind in {FLAGS, EXPUNGE, MOVE, COPY} and not change.exists


def _flags(changes: Sequence[Pending], deleted: set[int | None]) -> list[Step]:
    # Keywords go by themselves: a folder may refuse them all, and the star would be refused with them.
    by_placement: dict[tuple[int | None, bool], list[Pending]] = {}
    for change in changes:
        is_system = all(flag.startswith("\\") for flag in (*change.add, *change.remove))
        by_placement.setdefault((change.placement_id, is_system), []).append(change)
    settled: list[Pending] = []
    groups: dict[tuple[int, tuple[str, ...], tuple[str, ...]], list[Item]] = {}
    for (placement_id, _), words in by_placement.items():
        if placement_id in deleted:
            settled += words
            continue
        if words[0].uid is None or words[0].folder_id is None:
            continue
        add, remove = _net(words)
        if not add and not remove:
            settled += words
            continue
        groups.setdefault((words[0].folder_id, add, remove), []).append(Item(_ids(words), words[0].uid))
    steps: list[Step] = [Settle(_ids(settled))] if settled else []
    steps += [StoreFlags(folder, add, remove, _by_uid(items)) for (folder, add, remove), items in groups.items()]
    return steps


def _net(words: Sequence[Pending]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The last word on each flag, without what the server has already; all of it if some may be on its way."""
    last: dict[str, bool] = {}
    for word in words:
        last.update(dict.fromkeys(word.add, True))
        last.update(dict.fromkeys(word.remove, False))
    on_its_way = any(word.state != QUEUED for word in words)
    here = {flag.lower() for flag in words[0].server_flags}
    wanted = {flag: on for flag, on in last.items() if on_its_way or on != (flag.lower() in here)}
    return (
        tuple(sorted(flag for flag, on in wanted.items() if on)),
        tuple(sorted(flag for flag, on in wanted.items() if not on)),
    )


def _moves(changes: Sequence[Pending]) -> list[Step]:
    looks: dict[tuple[int, int], list[Item]] = {}
    moves: dict[tuple[int, int], list[Item]] = {}
    copied: dict[int, list[Item]] = {}
    for change in changes:
        if change.uid is None or change.folder_id is None or change.target_id is None:
            continue
        item = Item((change.id,), change.uid)
        if change.state == COPIED:
            copied.setdefault(change.folder_id, []).append(item)
        elif change.state in {SENT, AMBIGUOUS}:
            looks.setdefault((change.folder_id, change.target_id), []).append(item)
        else:
            moves.setdefault((change.folder_id, change.target_id), []).append(item)
    return [
        *(LookForMoved(folder, target, _by_uid(items)) for (folder, target), items in looks.items()),
        *(RemoveCopied(folder, _by_uid(items)) for folder, items in copied.items()),
        *(Move(folder, target, _by_uid(items)) for (folder, target), items in moves.items()),
    ]


def _copies(changes: Sequence[Pending]) -> list[Step]:
    groups: dict[tuple[int, int, bool], list[Item]] = {}
    doubles: list[Step] = []
    for change in changes:
        if change.uid is None or change.folder_id is None or change.target_id is None:
            continue
        key = (change.folder_id, change.target_id, change.state != QUEUED)
        item = Item((change.id,), change.uid)
        if any(other.uid == item.uid for other in groups.get(key, ())):
            # Two copies of one message in one folder are two commands.
            doubles.append(Copy(change.folder_id, change.target_id, (item,), key[2]))
        else:
            groups.setdefault(key, []).append(item)
    return [*(Copy(key[0], key[1], _by_uid(items), key[2]) for key, items in groups.items()), *doubles]


def _expunges(changes: Sequence[Pending]) -> list[Step]:
    groups: dict[int, list[Item]] = {}
    for change in changes:
        if change.uid is not None and change.folder_id is not None:
            groups.setdefault(change.folder_id, []).append(Item((change.id,), change.uid))
    return [Expunge(folder, _by_uid(items)) for folder, items in groups.items()]


def _folder_changes(changes: Sequence[Pending], kind: str) -> list[Step]:
    steps: list[Step] = []
    for change in changes:
        folder = _folder_of(change)
        if change.kind == kind and folder is not None:
            steps.append(ChangeFolder(change.id, kind, folder))
    return steps


def _folder_of(change: Pending) -> int | None:
    """The folder that a change of folders is about; None where its row has gone."""
    return change.target_id if change.kind == FOLDER_CREATE else change.folder_id


def _by_uid(items: Iterable[Item]) -> tuple[Item, ...]:
    """Ascending by UID; two changes that move the same message twice are one item of the first."""
    unique: dict[int, Item] = {}
    for item in items:
        unique.setdefault(item.uid, item)
    return tuple(unique[uid] for uid in sorted(unique))


def _ids(changes: Iterable[Pending]) -> tuple[int, ...]:
    return tuple(change.id for change in changes)
