"""One step of a push: a command, and the row that says so before and after it. The meeting room.

In: a step of ``plan.push`` and a connection. Out: the folders whose counts changed. Raises the connection's
errors as they come; what had been sent by then stands as ``sent`` in the rows and is looked for next time.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace
from typing import cast

from mailsync.engine.session import remote_of
from mailsync.errors import Rejected, TryLater, Unavailable
from mailsync.message.parse import parse_header
from mailsync.message.plain import plain
from mailsync.models import Change, Folder, Message, Placement
from mailsync.plan import push as plan
from mailsync.protocol.contract import MailSource
from mailsync.store import copying, intake, leases, pushing, pushing_folders
from mailsync.store.raw import read_raw
from mailsync.store.summary import FolderCounts
from mailsync.types import CopyResult, Flags, RemoteFolder, Role, SelectedFolder

#: What we say for other programs' sake: nobody misses it where a folder cannot keep it.
HINTS = frozenset({"$junk", "$notjunk", "$forwarded", "$mdnsent"})
#: Refusals of a message that mean anything but its keywords.
NOT_FOR_A_KEYWORD = frozenset({"OVERQUOTA", "TOOBIG", "TRYCREATE", "NONEXISTENT", "NOPERM", "CANNOT"})


class Hands:
    """Takes one step. ``connected`` gives the logged-in source, dialling at the first call."""

    def __init__(self, lease: leases.HeldLease, connected: Callable[[], MailSource]) -> None:
        self._lease = lease
        self._connected = connected

    def take(self, step: plan.Step) -> Sequence[FolderCounts]:
        match step:
            case plan.Settle():
                return pushing.finish_changes(self._lease, step.change_ids, lost=step.lost)
            case plan.StoreFlags():
                return self._store_flags(step)
            case plan.Move():
                return self._move(step)
            case plan.LookForMoved():
                return self._look_for_moved(step)
            case plan.Copy():
                return self._copy_only(step)
            case plan.RemoveCopied():
                return self._remove_copied(step)
            case plan.Expunge():
                return self._expunge(step)
            case plan.Append():
                return self._append(step)
            case plan.ChangeFolder():
                return self._change_folder(step)

    def _store_flags(self, step: plan.StoreFlags) -> Sequence[FolderCounts]:
        selected = self._select(step.folder_id)
        unkept = _unkept(selected, step.add)
        if not unkept <= HINTS:
            raise Rejected("This folder cannot keep this label.", code="NOPERM", line="not among PERMANENTFLAGS")
        add = [flag for flag in step.add if flag.lower() not in unkept]
        items = self._claim(step.items)
        if items:
            self._connected().store_flags([item.uid for item in items], add=add, remove=step.remove)
            pushing.finish_flags(self._lease, _ids(items), add=add, remove=step.remove)
        return ()

    def _move(self, step: plan.Move) -> Sequence[FolderCounts]:
        target = Folder.objects.get(pk=step.target_id)
        remote = remote_of(target)
        uidnext = self._uidnext(target, remote)
        self._select(step.folder_id)
        items = self._claim(step.items, target_uidnext=uidnext)
        if not items:
            return ()
        uids = [item.uid for item in items]
        try:
            result = self._connected().move(uids, remote)
        except (Rejected, Unavailable) as error:
            if isinstance(error, Unavailable) or error.code != "CANNOT":
                # A refused MOVE moved nothing (RFC 6851 §3.3 allows part of it: so look).
                pushing.defer_changes(self._lease, _ids(items), after_seconds=0, words=str(error), count=False)
                self._look(step.folder_id, step.target_id, items)
                raise
            return self._copy(step, items, remote, uidnext)
        moved = [item for item in items if item.uid in result.uids]
        counts = self._finish_moved(moved, {item.uid: result.uids[item.uid] for item in moved}, result) if moved else ()
        # RFC 6851 §3.3: what another program took away meanwhile is left out, and the answer is OK all the same.
        rest = [item for item in items if item.uid not in result.uids]
        return [*counts, *(self._look(step.folder_id, step.target_id, rest) if rest else ())]

    def _copy(
        self, step: plan.Move, items: Sequence[plan.Item], remote: RemoteFolder, uidnext: int
    ) -> Sequence[FolderCounts]:
        """A move without MOVE: COPY, written down, then the originals go. A failed COPY stops everything."""
        try:
            result = self._connected().copy([item.uid for item in items], remote)
        except (Rejected, Unavailable):
            # RFC 9051 §6.4.7: a refused COPY has copied nothing.
            pushing.requeue(self._lease, _ids(items))
            raise
        known = result.uids or self._find_moved(items, Folder.objects.get(pk=step.target_id), uidnext)
        copied = [item for item in items if item.uid in known]
        pushing.record_copied(
            self._lease,
            {change: known[item.uid] for item in copied for change in item.change_ids},
            uidvalidity=result.uidvalidity,
        )
        self._remove_copied(plan.RemoveCopied(step.folder_id, tuple(copied)))
        rest = [item for item in items if item.uid not in known]
        return self._look(step.folder_id, step.target_id, rest) if rest else ()

    def _copy_only(self, step: plan.Copy) -> Sequence[FolderCounts]:
        """COPY as the user's own wish: nothing happens to the original."""
        target = Folder.objects.get(pk=step.target_id)
        remote = remote_of(target)
        todo = list(step.items)
        if step.look:
            saved = Change.objects.filter(id__in=_ids(todo)).values_list("target_uidnext", flat=True)
            found = self._find_moved(todo, target, min((uidnext or 1 for uidnext in saved), default=1))
            self._finish_copied([item for item in todo if item.uid in found], found, None)
            todo = [item for item in todo if item.uid not in found]
        uidnext = self._uidnext(target, remote)
        self._select(step.folder_id)
        here = _existing(self._connected(), [item.uid for item in todo])
        lost = [item for item in todo if item.uid not in here]
        counts = pushing.finish_changes(self._lease, _ids(lost), lost=True) if lost else ()
        items = self._claim([item for item in todo if item.uid in here], target_uidnext=uidnext)
        if items:
            try:
                result = self._connected().copy([item.uid for item in items], remote)
            except (Rejected, Unavailable):
                # RFC 9051 §6.4.7: a refused COPY has copied nothing.
                pushing.requeue(self._lease, _ids(items))
                raise
            found = result.uids or self._find_moved(items, target, uidnext)
            self._finish_copied(items, found, result.uidvalidity)
        return counts

    def _finish_copied(self, items: Sequence[plan.Item], found: dict[int, int], uidvalidity: int | None) -> None:
        uids = {change: found.get(item.uid) for item in items for change in item.change_ids}
        if uids:
            copying.finish_copies(self._lease, uids, uidvalidity=uidvalidity)

    def _remove_copied(self, step: plan.RemoveCopied) -> Sequence[FolderCounts]:
        self._select(step.folder_id)
        uids = [item.uid for item in step.items]
        self._connected().store_flags(uids, add=["\\Deleted"])
        try:
            expunged = self._connected().expunge(uids)
        except Rejected:
            # Marked, as far as the server lets us (RFC 4314 §4 has a right for each), and hidden here.
            expunged = False
        return pushing.finish_moves(
            self._lease,
            {change: None for item in step.items for change in item.change_ids},
            uidvalidity=None,
            keep_source=not expunged,
        )

    def _look_for_moved(self, step: plan.LookForMoved) -> Sequence[FolderCounts]:
        return self._look(step.folder_id, step.target_id, step.items)

    def _look(self, folder_id: int, target_id: int, items: Sequence[plan.Item]) -> Sequence[FolderCounts]:
        """Where is each message now? Only here: do it again. Only there: done. In both: copied. Nowhere: gone."""
        target = Folder.objects.get(pk=target_id)
        saved = Change.objects.filter(id__in=_ids(items)).values_list("id", "target_uidnext")
        floors = {change: uidnext or 1 for change, uidnext in saved}
        floor = min(floors.values(), default=1)
        found = self._find_moved(items, target, floor)
        self._select(folder_id)
        here = _existing(self._connected(), [item.uid for item in items])
        # In All Mail (Gmail) it lay before, so that tells nothing: only whether it has left counts.
        lay = Change.objects.filter(id__in=_ids(items), target__role=Role.ALL, target_placement__uid__isnull=False)
        known = dict(lay.values_list("id", "target_placement__uid"))
        for item in items:
            if item.change_ids[0] in known:
                found.pop(item.uid, None)
                if item.uid not in here:
                    found[item.uid] = cast(int, known[item.change_ids[0]])
        both = [item for item in items if item.uid in here and item.uid in found]
        there = [item for item in items if item.uid not in here and item.uid in found]
        only_here = [item for item in items if item.uid in here and item.uid not in found]
        nowhere = [item for item in items if item.uid not in here and item.uid not in found]
        counts: list[FolderCounts] = []
        if both:
            pushing.record_copied(
                self._lease,
                {change: found[item.uid] for item in both for change in item.change_ids},
                uidvalidity=None,
            )
        if there:
            counts += self._finish_moved(there, found, CopyResult())
        if only_here:
            pushing.requeue(self._lease, _ids(only_here))
        if nowhere:
            counts += pushing.finish_changes(self._lease, _ids(nowhere), lost=True)
        return counts

    def _find_moved(self, items: Iterable[plan.Item], target: Folder, uidnext: int) -> dict[int, int]:
        """UID here → UID in the target, for messages that arrived there at or above ``uidnext``.

        By Message-ID, and size where several have it; two messages never claim one UID.
        """
        source = self._connected()
        wanted = Change.objects.filter(id__in=_ids(items)).select_related("message")
        messages = {row.pk: row.message for row in wanted if row.message is not None}
        source.select(remote_of(target))
        new = source.search_uids(low=uidnext)
        taken = Placement.objects.filter(folder=target, epoch=target.epoch, uid__in=new)
        owners = dict(taken.values_list("uid", "message_id"))
        free = {header.uid: header for header in source.fetch_headers(new)} if new else {}
        names = {uid: plain(parse_header(header.header).message_id) for uid, header in free.items()}
        found: dict[int, int] = {}
        for item in items:
            message = messages.get(item.change_ids[0])
            if message is None:
                continue
            hits = [
                uid for uid in free if names[uid] == message.message_id and owners.get(uid, message.pk) == message.pk
            ]
            if len(hits) > 1 or (hits and not message.message_id):
                hits = [uid for uid in hits if free[uid].size_bytes == message.size_bytes]
            if hits:
                found[item.uid] = min(hits)
                del free[found[item.uid]]
        return found

    def _finish_moved(
        self, items: Sequence[plan.Item], found: dict[int, int], result: CopyResult
    ) -> Sequence[FolderCounts]:
        return pushing.finish_moves(
            self._lease,
            {change: found.get(item.uid) for item in items for change in item.change_ids},
            uidvalidity=result.uidvalidity,
        )

    def _expunge(self, step: plan.Expunge) -> Sequence[FolderCounts]:
        self._select(step.folder_id)
        items = self._claim(step.items)
        here = _existing(self._connected(), [item.uid for item in items])
        expunged = True
        if here:
            self._connected().store_flags(sorted(here), add=["\\Deleted"])
            expunged = self._connected().expunge(sorted(here))
        pushing.finish_expunges(self._lease, _ids(items), expunged=expunged)
        return ()

    def _append(self, step: plan.Append) -> Sequence[FolderCounts]:
        """Look first: a lost reply, or a provider that files sent mail by itself, has put it there already."""
        change = Change.objects.select_related("message", "target").get(pk=step.change_id)
        message, target = change.message, cast(Folder, change.target)
        if message is None:
            return pushing.finish_changes(self._lease, [change.pk], lost=True)
        source, remote = self._connected(), remote_of(target)
        selected = source.select(remote, read_only=True)
        standing = self._standing(change, message)
        if standing:
            pushing.finish_append(self._lease, change.pk, max(standing), uidvalidity=selected.uidvalidity)
            return ()
        uidnext = selected.uidnext or self._uidnext(target, remote)
        if not pushing.claim_changes(self._lease, [change.pk], target_uidnext=uidnext):
            return ()
        result = self._upload(message, remote, change.add_flags)
        uid = next(iter(result.uids.values()), None)
        if uid is None:
            source.select(remote, read_only=True)
            change.target_uidnext = uidnext
            uid = max(self._standing(change, message, tried=True), default=None)
        pushing.finish_append(self._lease, change.pk, uid, uidvalidity=result.uidvalidity or selected.uidvalidity)
        return ()

    def _upload(self, message: Message, remote: RemoteFolder, names: Sequence[str]) -> CopyResult:
        flags = Flags.parse([name.encode() for name in names])
        raw, at = read_raw(message), message.received_at.timestamp()
        try:
            return self._connected().append(remote, raw, flags=flags, internal_date=at)
        except Rejected as error:
            if not flags.keywords or error.code in NOT_FOR_A_KEYWORD:
                raise
        # Seen in practice: servers that refuse a message for a keyword that they cannot keep.
        return self._connected().append(remote, raw, flags=replace(flags, keywords=()), internal_date=at)

    def _standing(self, change: Change, message: Message, *, tried: bool = False) -> list[int]:
        """The UIDs in the selected folder that are this message, as an earlier try or a provider has put it there.

        Where no search for its Message-ID is possible, only what arrived since the first try is looked at.
        """
        source = self._connected()
        above = (change.target_uidnext or 1) - 1
        if message.message_id:
            try:
                return source.find_message_id(message.message_id, above_uid=above if tried else 0)
            except Rejected:
                pass  # Seen in practice: servers that cannot search for a header field.
        if not tried and change.state == Change.State.QUEUED:
            return []
        new = source.search_uids(low=above + 1)
        headers = source.fetch_headers(new) if new else ()
        if message.message_id:
            names = {one.uid: plain(parse_header(one.header).message_id) for one in headers}
            return [uid for uid, name in names.items() if name == message.message_id]
        return [one.uid for one in headers if intake.header_hash(one) == bytes(message.header_sha256 or b"")]

    def _change_folder(self, step: plan.ChangeFolder) -> Sequence[FolderCounts]:
        change = Change.objects.select_related("source", "target").get(pk=step.change_id)
        source = self._connected()
        if not pushing.claim_changes(self._lease, [change.pk]):
            return ()
        if step.kind == plan.SUBSCRIBE and change.source is not None:
            source.subscribe(remote_of(change.source), bool(change.add_flags))
            pushing_folders.finish_folder(self._lease, change, ())
            return ()
        pushing_folders.settle_path(self._lease, change)
        if step.kind == plan.FOLDER_DELETE and change.source is not None:
            self._require_empty(change.source)
        inbox = Folder.objects.filter(account=change.account_id, role=Role.INBOX).first()
        if inbox is not None and step.kind != plan.FOLDER_CREATE:
            # Seen in practice: Dovecot hangs up on whoever deletes the folder they have selected.
            source.select(remote_of(inbox), read_only=True)
        try:
            if step.kind == plan.FOLDER_CREATE:
                source.create_folder(change.path)
            elif step.kind == plan.FOLDER_RENAME and change.source is not None:
                source.rename_folder(remote_of(change.source), change.path)
            elif change.source is not None:
                source.delete_folder(remote_of(change.source))
        except Rejected as error:
            # The reply to an earlier try was lost, or another client was quicker: it is as wanted.
            wanted = {plan.FOLDER_CREATE: "ALREADYEXISTS", plan.FOLDER_DELETE: "NONEXISTENT"}.get(step.kind)
            paths = {remote.path for remote in source.list_folders(with_status=False)}
            there = change.path in paths
            gone = change.source is None or change.source.path not in paths
            done = {plan.FOLDER_CREATE: there, plan.FOLDER_RENAME: there and gone, plan.FOLDER_DELETE: gone}
            if error.code != wanted and not done[step.kind]:
                raise
        pushing_folders.finish_folder(self._lease, change, source.list_folders(with_status=False))
        return ()

    def _require_empty(self, folder: Folder) -> None:
        """RFC 9051 §6.3.5: DELETE destroys the messages inside, and some may be there that nobody here has seen.

        What is marked \\Deleted and hidden (a server without UIDPLUS) may go along. Raises ``Rejected``.
        """
        try:
            selected = self._connected().select(remote_of(folder), read_only=True)
        except Rejected:
            return  # No such folder, or one that holds no messages: the deletion itself will tell.
        if not selected.exists:
            return
        hidden: set[int | None] = set()
        if selected.has_uids_of(folder.uidvalidity, folder.mailbox_id):
            marked = Placement.objects.filter(folder=folder, epoch=folder.epoch, server_flags__contains=["\\Deleted"])
            hidden = set(marked.filter(shown=False).values_list("uid", flat=True))
        if set(self._connected().search_uids()) - hidden:
            raise Rejected("The folder still holds messages on the server, so it was kept.", code="NOTEMPTY")

    def _claim(self, items: Sequence[plan.Item], *, target_uidnext: int | None = None) -> list[plan.Item]:
        wanted = pushing.claim_changes(self._lease, _ids(items), target_uidnext=target_uidnext)
        return [item for item in items if wanted.issuperset(item.change_ids)]

    def _select(self, folder_id: int) -> SelectedFolder:
        """Open the folder to change it. Raises ``TryLater`` when it was renumbered: the pull must see it first."""
        folder = Folder.objects.get(pk=folder_id)
        selected = self._connected().select(remote_of(folder), read_only=False)
        if folder.uidvalidity is not None and not selected.has_uids_of(folder.uidvalidity, folder.mailbox_id):
            raise TryLater("The server has renumbered this folder; it is read anew first.", after_seconds=60)
        if selected.read_only:
            raise Rejected("This folder is read-only.", code="READ-ONLY")
        return selected

    def _uidnext(self, target: Folder, remote: RemoteFolder) -> int:
        """Where new messages of the target will begin (RFC 9051 §2.3.1.1)."""
        uidnext = self._connected().status(remote).uidnext
        return uidnext or target.uidnext_seen or 1


def _unkept(selected: SelectedFolder, flags: Iterable[str]) -> set[str]:
    """RFC 9051 §7.1 PERMANENTFLAGS: flags outside it would be forgotten at the end of the session."""
    kept = {flag.lower() for flag in selected.permanent_flags}
    if not kept:
        return set()
    return {flag.lower() for flag in flags if flag.lower() not in kept and (flag.startswith("\\") or "\\*" not in kept)}


def _existing(source: MailSource, uids: Collection[int]) -> set[int]:
    """Which of these UIDs exist in the selected folder."""
    if not uids:
        return set()
    return set(source.search_uids(low=min(uids), high=max(uids))) & set(uids)


def _ids(items: Iterable[plan.Item]) -> list[int]:
    return [change_id for item in items for change_id in item.change_ids]
