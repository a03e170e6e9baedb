"""Bring one folder into step: SELECT, let ``plan_pull`` decide, walk its steps.

The meeting room. Network first, then one transaction a chunk; the folder's cursor moves in the
transaction that stores what it speaks for. A folder may be left in the middle at any point, and the
next visit goes on from the cursor.
"""

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from mailsync.announce import announce, announce_folders
from mailsync.engine import record
from mailsync.engine.abreast import abreast
from mailsync.engine.ahead import ahead
from mailsync.engine.fetch import BATCH_COUNT, fetch_bodies, fetch_headers
from mailsync.engine.reading import ReadBodies, ReadHeaders, bodies_ahead, headers_ahead, read_headers
from mailsync.engine.session import Session
from mailsync.errors import Unavailable
from mailsync.models import Folder
from mailsync.plan import pull as plan
from mailsync.store import bodies, flags, folders, intake, leases, quota, throttle, vanish
from mailsync.store.holes import due_holes
from mailsync.types import FetchedPiece, FlagUpdate, FolderCursor, FolderStatus, RemoteFolder, Role, SelectedFolder

#: So many new messages get their bodies at once, on the same connection; more are left to the bodies lane.
INLINE_BODIES = 50
#: A larger one is left to the bodies lane as well: what is new is not to wait for it.
INLINE_BYTES = 4 * 1024 * 1024
_FLAG_BATCH = 2000
#: Batches of bodies that are stored at a time.
_ABREAST = 2


@dataclass(slots=True)
class PullReport:
    """What a visit moved; ``finished`` is False when the slice ended before the folder was in step."""

    headers: int = 0
    bodies: int = 0
    flags: int = 0
    removed: int = 0
    finished: bool = True

    @property
    def moved(self) -> bool:
        return bool(self.headers or self.bodies or self.flags or self.removed)

    def add(self, other: "PullReport") -> None:
        self.headers += other.headers
        self.bodies += other.bodies
        self.flags += other.flags
        self.removed += other.removed
        self.finished = self.finished and other.finished


def pull_folder(
    session: Session,
    folder: Folder,
    remote: RemoteFolder,
    status: FolderStatus | None,
    *,
    bodies_wanted: Callable[[], None] = lambda: None,
    report: PullReport | None = None,
) -> PullReport:
    """One visit. ``bodies_wanted`` is called as soon as headers without bodies have been stored; ``report`` is filled
    as it goes, so that what was done before an error is known too."""
    known = known_folder(folder)
    if plan.is_unchanged(known, status, session.source.capabilities):
        return PullReport()
    visit = _Visit(session, folder, remote, bodies_wanted, report or PullReport())
    visit.run(known)
    return visit.report


def known_folder(folder: Folder) -> plan.KnownFolder:
    """What the tables say, as the plan wants it."""
    return plan.KnownFolder(
        uidvalidity=folder.uidvalidity,
        mailbox_id=folder.mailbox_id,
        uidnext_seen=folder.uidnext_seen,
        highestmodseq=folder.highestmodseq,
        modseq_trusted=folder.modseq_trusted,
        exists_seen=folder.exists_seen,
        header_cursor=folder.header_cursor,
        flags_cursor=folder.flags_cursor,
        deep_scan_due=folders.is_deep_scan_due(folder),
        unread=folder.unread,
        role=Role(folder.role),
    )


class _Visit:
    """One folder, selected once (again after a new epoch)."""

    def __init__(
        self,
        session: Session,
        folder: Folder,
        remote: RemoteFolder,
        bodies_wanted: Callable[[], None],
        report: PullReport,
    ) -> None:
        self.session, self.folder, self.remote = session, folder, remote
        self.bodies_wanted = bodies_wanted
        self.report = report
        self.selected: SelectedFolder
        self.selected_at: datetime

    def run(self, known: plan.KnownFolder) -> None:
        cursor = None
        if plan.may_resync(known, self.session.source.capabilities) and known.header_cursor == 1:
            assert known.uidvalidity is not None
            assert known.highestmodseq is not None
            uids = vanish.known_uids(self.folder.pk, self.folder.epoch)
            cursor = FolderCursor(known.uidvalidity, known.highestmodseq, tuple(uids))
        self.selected_at = timezone.now()
        self.selected = self.session.select(self.remote, cursor=cursor)
        capabilities = self.session.source.capabilities
        if cursor is None:
            # Without our cursor SELECT told nothing of changes: the CONDSTORE road asks for them.
            capabilities -= {"QRESYNC"}
        steps = plan.plan_pull(known, self.selected, capabilities)
        if isinstance(steps[0], plan.BeginEpoch):
            self.folder = folders.begin_epoch(self.session.lease, self.folder.pk, self.selected)
            steps = plan.plan_pull(known_folder(self.folder), self.selected, capabilities)
        for step in steps:
            self._walk(step)
            if not self.report.finished:
                return
        announce_folders(vanish.drop_unmet(self.session.lease, self.folder.pk, read_at=self.selected_at))
        self._retry_holes()

    def _walk(self, step: plan.Step) -> None:
        match step:
            case plan.FirstPull(below):
                self._first_pull(below)
            case plan.FetchNew(low):
                self._fetch_new(low)
            case plan.ApplySelected():
                self._vanished(self.selected.vanished)
                self._flags(self.selected.changed, self.selected_at)
            case plan.FetchFlagsSince(modseq):
                asked_at = timezone.now()
                self._flags(self.session.source.fetch_flags(changed_since=modseq), asked_at)
            case plan.FetchAllFlags():
                asked_at = timezone.now()
                self._flags(self.session.source.fetch_flags(), asked_at)
            case plan.FetchNewestFlags(count, position, size):
                self._newest_flags(count, position, size)
            case plan.CompareUids(always):
                self._compare(always)
            case plan.SaveCursor():
                self._save(step)

    # Headers. -----------------------------------------------------------------------------------

    def _first_pull(self, below: int | None) -> None:
        uids = self.session.source.search_uids(high=None if below is None else below - 1)
        if below is None and self.selected.exists > 0 and not uids:
            raise Unavailable(f"The server says that {self.folder.path} holds mail, but lists none.")
        top = self.selected.uidnext or (uids[-1] + 1 if uids else 1)
        start = intake.CursorMove(
            uidnext_seen=top, highestmodseq=self.selected.highestmodseq, exists_seen=self.selected.exists
        )
        # What a push has moved here meanwhile has its UID already, and the flags that it had before.
        adopted = set(vanish.known_uids(self.folder.pk, self.folder.epoch)).intersection(uids)
        chunks = plan.plan_chunks(uids)
        # One chunk is not read beside anything: no process is begun for it.
        reader = self.session.reader if len(chunks) > 1 else None
        headers = headers_ahead(reader, (fetch_headers(self.session, chunk) for chunk in chunks))
        with closing(ahead(headers, waiting=self.session.hold_on)) as fetched:
            for number, chunk in enumerate(fetched):
                first = start if below is None and number == 0 else intake.CursorMove()
                # Never 1 before the end: 1 says that the end was reached, with all that is done there.
                self._store_headers(chunk, first.with_header_cursor(max(2, chunk.asked[0])))
                flagged = [header for header, _ in chunk.got if header.uid in adopted]
                told = [FlagUpdate(one.uid, one.flags, one.modseq) for one in flagged if one.flags is not None]
                self._flags(told, self.selected_at)
                self.bodies_wanted()
                if self.session.is_over and number + 1 < len(chunks):
                    self.report.finished = False
                    return
        end = intake.CursorMove() if below or uids else start
        _, counts = vanish.finish_first_pull(
            self.session.lease,
            self.folder.pk,
            self.folder.epoch,
            deep_scan_at=folders.next_deep_scan(),
            **end.as_columns(),
        )
        announce_folders(counts)

    def _fetch_new(self, low: int) -> None:
        uids = self.session.source.search_uids(low=low)
        if not uids:
            return
        # Oldest first: the cursor may then follow each chunk, and a slice that ends loses nothing.
        for start in range(0, len(uids), plan.CHUNK):
            chunk = self._read_headers(uids[start : start + plan.CHUNK])
            self._store_headers(chunk, intake.CursorMove(uidnext_seen=chunk.asked[-1] + 1))
        if len(uids) <= INLINE_BODIES:
            self._inline_bodies()
        else:
            self.bodies_wanted()

    def _read_headers(self, uids: Sequence[int]) -> ReadHeaders:
        return read_headers(fetch_headers(self.session, uids))

    def _store_headers(self, chunk: ReadHeaders, cursor: intake.CursorMove) -> None:
        self.report.headers += record.record_headers(self.session, self.folder, chunk, cursor)

    def _inline_bodies(self) -> None:
        wanted = bodies.wanted_bodies(self.folder, limit=INLINE_BODIES)
        small = [one for one in wanted if one.size_bytes <= INLINE_BYTES]
        self.report.bodies += store_bodies(self.session, self.folder, small)
        if len(small) < len(wanted):
            self.bodies_wanted()

    def _retry_holes(self) -> None:
        uids = due_holes(self.folder)
        if uids:
            alive = set(self.session.source.search_uids(low=uids[0], high=uids[-1]))
            self._vanished([uid for uid in uids if uid not in alive])
            again = [uid for uid in uids if uid in alive]
            placed = bodies.want_again(self.session.lease, self.folder.pk, self.folder.epoch, again)
            unplaced = [uid for uid in again if uid not in placed]
            if unplaced:
                self._store_headers(self._read_headers(unplaced), intake.CursorMove())
            if again:
                self.bodies_wanted()

    # Flags and absence. -------------------------------------------------------------------------

    def _flags(self, updates: Sequence[FlagUpdate], asked_at: datetime) -> None:
        for start in range(0, len(updates), _FLAG_BATCH):
            leases.heartbeat(self.session.lease)
            batch = updates[start : start + _FLAG_BATCH]
            changed, counts = flags.apply_flags(
                self.session.lease, self.folder.pk, self.folder.epoch, batch, asked_at=asked_at
            )
            self.report.flags += changed
            announce_folders(counts)

    def _newest_flags(self, count: int, position: int, size: int) -> None:
        uids = vanish.known_uids(self.folder.pk, self.folder.epoch)
        newest, older = uids[-count:], uids[:-count]
        part = [uid for uid in older if uid > position][:size]
        if newest:
            asked_at = timezone.now()
            self._flags(self.session.source.fetch_flags([*part, *newest]), asked_at)
        # At the end the next slice begins at the start again.
        next_position = part[-1] if len(part) == size else 0
        self._save_columns(flags_cursor=next_position)

    def _compare(self, always: bool) -> None:
        ours = vanish.known_uids(self.folder.pk, self.folder.epoch)
        if not always and len(ours) == self.selected.exists:
            return
        difference = plan.plan_difference(ours, self.session.source.search_uids(), self.selected.exists)
        if difference.confirm:
            difference = self._confirmed(ours)
        self._vanished(difference.vanished, confirmed=True)
        for start in range(0, len(difference.unknown), plan.CHUNK):
            part = difference.unknown[start : start + plan.CHUNK]
            _, counts = vanish.record_returned(self.session.lease, self.folder.pk, self.folder.epoch, part)
            announce_folders(counts)
            self._store_headers(self._read_headers(part), intake.CursorMove())
            self.bodies_wanted()

    def _confirmed(self, ours: Sequence[int]) -> plan.UidDifference:
        """Ask again on a fresh connection: only what both answers miss has vanished."""
        self.session.reconnect()
        again = self.session.select(self.remote)
        if not again.has_uids_of(self.selected.uidvalidity, self.selected.mailbox_id):
            return plan.UidDifference((), (), confirm=False)
        theirs = self.session.source.search_uids()
        if again.exists > 0 and not theirs:
            return plan.UidDifference((), (), confirm=False)
        return plan.plan_difference(ours, theirs, again.exists)

    def _vanished(self, uids: Sequence[int], *, confirmed: bool = False) -> None:
        if not uids:
            return
        if not confirmed:
            ours = vanish.known_uids(self.folder.pk, self.folder.epoch)
            if plan.is_mass_vanishing(len(uids), len(ours)):
                uids = sorted(set(uids).intersection(self._confirmed(ours).vanished))
        for start in range(0, len(uids), _FLAG_BATCH):
            self.session.hold_on()
            part = uids[start : start + _FLAG_BATCH]
            removed, counts = vanish.record_vanished(self.session.lease, self.folder.pk, self.folder.epoch, part)
            self.report.removed += removed
            announce_folders(counts)

    def _save(self, step: plan.SaveCursor) -> None:
        columns: dict[str, object] = {"exists_seen": step.exists}
        if self.selected.mailbox_id != self.folder.mailbox_id:
            columns["mailbox_id"] = self.selected.mailbox_id
        if step.uidnext is not None:
            columns["uidnext_seen"] = step.uidnext
        if step.highestmodseq is not None:
            columns |= {"highestmodseq": step.highestmodseq, "modseq_trusted": True}
        if step.deep_scan_done:
            columns["deep_scan_at"] = folders.next_deep_scan()
            bodies.want_uncounted(self.folder)
        self._save_columns(**columns)

    def _save_columns(self, **columns: object) -> None:
        folders.save_cursor(self.session.lease, self.folder.pk, self.folder.epoch, **columns)


def store_bodies(session: Session, folder: Folder, wanted: Sequence[bodies.WantedBody]) -> int:
    """Fetch these bodies of the selected folder, while their owner has room, and store them; returns how many came."""
    wanted = bodies.choose_fitting(wanted, quota.room_left(session.account.user))
    if not wanted:
        return 0
    stored = 0

    def store(read: ReadBodies | FetchedPiece) -> tuple[int, ...] | None:
        if isinstance(read, FetchedPiece):
            done = record.record_piece(session, folder, read)
            size_bytes = len(read.data)
        else:
            done = record.record_bodies(session, folder, read)
            size_bytes = sum(len(message.raw) for message in read.fetched.got)
        throttle.spend(session.account.pk, size_bytes)
        quota.note_growth(session.account.user, size_bytes)
        for message_id in (done or ())[:20]:
            announce(session.account.user_id, "message", message=message_id)
        return done

    # A handful, as an everyday pull brings, is worth neither a second connection nor a process to read it.
    many = len(wanted) > BATCH_COUNT
    width, reader = (_ABREAST, session.reader) if many else (1, None)
    read_bodies = bodies_ahead(reader, fetch_bodies(session, wanted))
    with (
        # The reader holds a batch as well: one fewer waits, so that no more of them lie in memory.
        closing(ahead(read_bodies, depth=1 if many else 2, waiting=session.hold_on)) as batches,
        closing(abreast(store, batches, width=width, alone=_is_piece)) as results,
    ):
        for done in results:
            if done is None:
                break
            stored += len(done)
            if session.is_over:
                break
    return stored


def _is_piece(read: ReadBodies | FetchedPiece) -> bool:
    """Pieces are put together in their order."""
    return isinstance(read, FetchedPiece)
