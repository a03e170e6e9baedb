"""Whole lists and mailboxes on their way to another account, slice by slice. Database room.

In: a locked act whose ``argument`` is the folder to go to, or whose ``detail`` says of each folder where its mail
goes, and placements of its user. Out: copies shown at once with the changes that append them there; of a move,
originals that go to the bin only after their copy has arrived. All in the caller's transaction, so a worker that dies
doubles nothing.
"""

from collections.abc import Iterable, Mapping, Sequence

from mailsync.errors import CannotDo
from mailsync.models import ONLY_HERE_EPOCH, Act, Change, Folder, Hole, Placement
from mailsync.store import change_log, changes, copying, mail_imports, quota, specials
from mailsync.store.acting import hold_until
from mailsync.store.locking import lock_placements
from mailsync.store.summary import FolderCounts, lock_folders, refresh
from mailsync.store.threads import refresh_threads
from mailsync.types import Role


class NotYet(Exception):
    """Texts are still to come, or as many messages wait for the server as may: the act goes on in a while."""


def is_transfer(act: Act) -> bool:
    """Whether this act is worked off here."""
    return act.verb == "copy" or bool(act.detail.get("far"))


def transfer(act: Act, placement_ids: Sequence[int]) -> tuple[int, list[FolderCounts]]:
    """Copy or move these; returns how many went. Raises ``NotYet``, and ``CannotDo`` to stop.

    What the server would not give has no text to be sent on: it stays where it is, and is counted.
    """
    goals = _Goals.load(act)
    found = Placement.objects.select_related("account", "folder", "message").filter(pk__in=placement_ids)
    rows = goals.without_views(list(found))
    placement_ids = [row.pk for row in rows]
    left = _left_behind(act, [row for row in rows if goals.is_far(row)], goals)
    takes_away = act.verb == "move"
    bins: dict[int, Folder] = {}
    if takes_away:
        accounts = {row.account_id: row.account for row in rows if goals.is_far(row)}
        bins = {pk: specials.role_folder(account, Role.TRASH, act.group) for pk, account in accounts.items()}
    lock_folders([*(row.folder_id for row in rows), *goals.ids, *(folder.pk for folder in bins.values())])
    locked = [row for row in lock_placements(placement_ids) if row.message_id not in left]
    pairs = {(row.folder_id, row.thread_id) for row in locked}
    count = 0
    for target, mine in goals.share(locked):
        near = [row for row in mine if row.account_id == target.account_id and row.folder_id != target.pk]
        far = [row for row in mine if goals.is_far(row)]
        if takes_away:
            arrived = changes.record_moves(near, target, group=act.group, hold_until=hold_until())
        else:
            arrived = copying.record_copies(near, target, group=act.group)
        made = copying.record_transfers(far, target, group=act.group)
        if takes_away:
            _take_away(act, [(row, change) for row, change, _ in made], bins)
        pairs |= {(row.folder_id, row.thread_id) for row in (*arrived, *(copied for _, _, copied in made))}
        count += len(near) + len(far)
    pairs |= {(bins[row.account_id].pk, row.thread_id) for row in locked if row.account_id in bins}
    if left:
        act.detail = {**act.detail, "left": act.detail.get("left", 0) + len(left)}
    counts = refresh(pairs)
    refresh_threads({thread for _, thread in pairs})
    return count, counts


def _take_away(act: Act, made: Sequence[tuple[Placement, Change]], bins: Mapping[int, Folder]) -> None:
    """The originals go to their account's bin, each once its copy is there."""
    for account_id, bin_ in bins.items():
        going = [(row, change) for row, change in made if row.account_id == account_id and row.folder_id != bin_.pk]
        changes.record_moves([row for row, _ in going], bin_, group=act.group, hold_until=None)
        for row, change in going:
            Change.objects.filter(group=act.group, kind=Change.Kind.MOVE, placement_id=row.pk).update(after=change)


def _left_behind(act: Act, far: Sequence[Placement], goals: "_Goals") -> set[int]:
    """Messages that will never have a text here. Raises ``NotYet`` while others are to come, ``CannotDo`` to stop."""
    if not far:
        return set()
    if any(mail_imports.is_far_ahead(account_id) for account_id in goals.remote_accounts):
        raise NotYet
    bodiless = [row for row in far if row.message.raw_id is None]
    named = Hole.objects.filter(folder__in={row.folder_id for row in bodiless}, uid__in=[row.uid for row in bodiless])
    holes = set(named.values_list("folder_id", "epoch", "uid"))
    lost = [row for row in bodiless if (row.folder_id, row.epoch, row.uid) in holes or row.epoch == ONLY_HERE_EPOCH]
    left = {row.message_id for row in lost}
    room = quota.room_left(act.user)
    if room is not None and room < sum(row.message.size_bytes for row in far if row.message_id not in left):
        raise CannotDo("Your room here is full. What has gone already stays there; make room, then begin again.")
    waiting = [row for row in bodiless if row.message_id not in left]
    if any(row.account.state != row.account.State.ACTIVE for row in waiting):
        raise CannotDo("Some texts are not here yet, and their account fetches none now. Mend it, then begin again.")
    if waiting:
        raise NotYet
    return left


def _goes_home(row: Placement, target: Folder) -> bool:
    """What is only here, onto its server, into the folder where it lies."""
    return row.folder_id == target.pk and row.epoch == ONLY_HERE_EPOCH


class _Goals:
    """Where the mail of each folder goes: each to its own, or all to one."""

    def __init__(self, by_folder: Mapping[int, Folder], everywhere: Folder | None) -> None:
        self._by_folder, self._everywhere = by_folder, everywhere
        self._all = {folder.pk: folder for folder in (*by_folder.values(), *filter(None, [everywhere]))}

    @classmethod
    def load(cls, act: Act) -> "_Goals":
        wanted = {int(source): target for source, target in act.detail.get("folders", {}).items()}
        ids = {*wanted.values(), *([int(act.argument)] if act.argument else [])}
        found = Folder.objects.select_related("account").filter(missing_since=None, selectable=True).in_bulk(ids)
        if found.keys() != ids:
            raise CannotDo("The folder to move to is no longer there. Choose another one.", field="folder")
        by_folder = {source: found[target] for source, target in wanted.items()}
        return cls(by_folder, found[int(act.argument)] if act.argument else None)

    @property
    def ids(self) -> Iterable[int]:
        return self._all

    @property
    def remote_accounts(self) -> set[int]:
        return {one.account_id for one in self._all.values() if not change_log.is_local(one.account)}

    def of(self, row: Placement) -> Folder | None:
        return self._by_folder.get(row.folder_id, self._everywhere)

    def is_far(self, row: Placement) -> bool:
        """Whether it goes to a server that has it not: another account's, or its own."""
        target = self.of(row)
        return target is not None and (target.account_id != row.account_id or _goes_home(row, target))

    def without_views(self, rows: Sequence[Placement]) -> list[Placement]:
        """All Mail (Gmail) shows what lies in other folders too: from there goes what goes from no other."""
        viewed = [row.message_id for row in rows if row.folder.role == Role.ALL and row.folder_id in self._by_folder]
        elsewhere = Placement.objects.filter(message__in=viewed, folder__in=self._by_folder, shown=True)
        twice = set(elsewhere.exclude(folder__role=Role.ALL).values_list("message_id", flat=True))
        return [row for row in rows if row.folder.role != Role.ALL or row.message_id not in twice]

    def share(self, rows: Iterable[Placement]) -> list[tuple[Folder, list[Placement]]]:
        shares: dict[int, list[Placement]] = {}
        for row in rows:
            target = self.of(row)
            if target is not None:
                shares.setdefault(target.pk, []).append(row)
        return [(self._all[pk], mine) for pk, mine in shares.items()]
