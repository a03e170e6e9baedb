"""The mail server in memory as a pull sees it: MODSEQ, QRESYNC and CONDSTORE by capability, LIST-STATUS, poison.

Built on the server that the push tests use. MODSEQ is given by comparing each folder with how it
stood at the last look, so a test simply changes flags and messages. ``kill_at`` ends the run at the
n-th network step as SIGKILL would: by an exception that nothing catches.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from mailsync.errors import Poison, TryNow
from mailsync.types import (
    FetchedHeader,
    FetchedMessage,
    FetchedPiece,
    Flags,
    FlagUpdate,
    FolderCursor,
    FolderStatus,
    ProviderFacts,
    RemoteFolder,
    Role,
    SelectedFolder,
)
from tests.engine.fake_server import Box, FakeServer, FakeSource, Stored
from tests.factories import START

QRESYNC = ("CONDSTORE", "QRESYNC", "MOVE", "UIDPLUS")
CONDSTORE = ("CONDSTORE", "MOVE", "UIDPLUS")
BASELINE = ("MOVE", "UIDPLUS")
ROLES = {"Sent": Role.SENT, "Drafts": Role.DRAFTS, "Archive": Role.ARCHIVE, "Trash": Role.TRASH, "INBOX": Role.INBOX}


class Killed(BaseException):
    """The process is gone at this step."""


@dataclass
class History:
    """What a folder looked like at the last look, and when each thing changed."""

    seen: dict[int, frozenset[str]] = field(default_factory=dict)
    modseq: dict[int, int] = field(default_factory=dict)
    vanished: list[tuple[int, int]] = field(default_factory=list)
    highest: int = 1


class PullServer(FakeServer):
    """``poison`` UIDs break the batch they are in; ``lost`` ones are listed and never given."""

    def __init__(self, *paths: str, capabilities: Sequence[str] = QRESYNC) -> None:
        super().__init__(*(paths or ("INBOX", "Sent", "Archive")), capabilities=capabilities)
        self.poison: set[int] = set()
        self.lost: set[int] = set()
        self.lethal: set[int] = set()
        self.steps = 0
        self.kill_at: int | None = None
        self.provider_ids = False
        self.hide_list = False
        self.hide_uids = 0
        self.bodies_given = 0

    def opener(self, _account: object, **_how: bool) -> "Callable[[], PullSource]":
        """What ``engine.session`` asks for: a function that connects."""
        return lambda: self.connect(_account)

    def connect(self, _account: object) -> "PullSource":
        self.step("connect")
        super().connect(_account)
        return PullSource(self)

    def step(self, _what: str) -> None:
        self.steps += 1
        if self.steps == self.kill_at:
            raise Killed

    def history(self, box: Box) -> History:
        """Look at a folder: what differs from the last look gets a new MODSEQ."""
        history: History = box.__dict__.setdefault("history", History())
        now = {uid: frozenset(stored.flags) for uid, stored in box.messages.items()}
        for uid in sorted(now.keys() | history.seen.keys()):
            if now.get(uid) == history.seen.get(uid):
                continue
            history.highest += 1
            if uid in now:
                history.modseq[uid] = history.highest
            else:
                history.vanished.append((history.highest, uid))
        history.seen = now
        return history

    def renumber(self, path: str, *, first_uid: int = 1) -> None:
        """As after a restored backup: another UIDVALIDITY and other UIDs for the same messages."""
        old = self.boxes[path]
        new = Box(uidvalidity=old.uidvalidity + 1, uidnext=first_uid)
        for _, stored in sorted(old.messages.items()):
            new.add(stored.raw, sorted(stored.flags))
        self.boxes[path] = new


class PullSource(FakeSource):
    server: PullServer

    @property
    def has_modseq(self) -> bool:
        return "CONDSTORE" in self.capabilities

    def _call(self, method: str) -> str:
        self.server.step(method)
        return super()._call(method)

    def list_folders(self, *, with_status: bool = True) -> list[RemoteFolder]:
        self._call("list_folders")
        if self.server.hide_list:
            return []
        return [
            RemoteFolder(path, path.encode(), "/", role=ROLES.get(path, Role.NONE), status=self._status(box))
            for path, box in self.server.boxes.items()
        ]

    def status(self, folder: RemoteFolder) -> FolderStatus:
        self._call("status")
        return self._status(self._find(folder))

    def _status(self, box: Box) -> FolderStatus:
        highest = self.server.history(box).highest if self.has_modseq else None
        unseen = sum("\\Seen" not in stored.flags for stored in box.messages.values())
        return FolderStatus(len(box.messages), box.uidnext, box.uidvalidity, unseen, highest)

    def select(
        self, folder: RemoteFolder, *, cursor: FolderCursor | None = None, read_only: bool = True
    ) -> SelectedFolder:
        selected = super().select(folder, cursor=cursor, read_only=read_only)
        history = self.server.history(self._box)
        vanished: tuple[int, ...] = ()
        changed: tuple[FlagUpdate, ...] = ()
        if cursor is not None and "QRESYNC" in self.capabilities and cursor.uidvalidity == self._box.uidvalidity:
            known = set(cursor.known_uids)
            gone = {uid for at, uid in history.vanished if at > cursor.highestmodseq}
            vanished = tuple(sorted(gone & known))
            changed = tuple(self._updates(self._box.messages, above=cursor.highestmodseq))
        return SelectedFolder(
            selected.exists,
            selected.uidvalidity,
            selected.uidnext,
            history.highest if self.has_modseq else None,
            selected.permanent_flags,
            selected.read_only,
            vanished,
            changed,
            selected.mailbox_id,
        )

    def _updates(self, uids: Sequence[int] | dict[int, Stored], *, above: int = 0) -> list[FlagUpdate]:
        modseq = self.server.history(self._box).modseq
        return [
            FlagUpdate(uid, self._flags(uid), modseq[uid] if self.has_modseq else None)
            for uid in sorted(uids)
            if uid in self._box.messages and modseq[uid] > above
        ]

    def _flags(self, uid: int) -> Flags:
        return Flags.parse([flag.encode() for flag in self._box.messages[uid].flags])

    def search_uids(self, *, low: int = 1, high: int | None = None) -> list[int]:
        found = super().search_uids(low=low, high=high)
        if self.server.hide_uids > 0:
            self.server.hide_uids -= 1
            return []
        return found

    def fetch_flags(self, uids: Sequence[int] | None = None, *, changed_since: int | None = None) -> list[FlagUpdate]:
        self._call("fetch_flags")
        assert changed_since is None or (self.has_modseq and changed_since > 0)
        return self._updates(self._box.messages if uids is None else uids, above=changed_since or 0)

    def fetch_headers(self, uids: Sequence[int]) -> Iterator[FetchedHeader]:
        self._call("fetch_headers")
        self._break_on(uids)
        for uid in sorted(uids):
            if uid in self._box.messages and uid not in self.server.lost:
                raw, received_at = self._box.messages[uid].raw, self._box.messages[uid].internal_date
                header = raw.split(b"\r\n\r\n")[0] + b"\r\n\r\n"
                yield FetchedHeader(
                    uid, len(raw), received_at, header, self._flags(uid), self._modseq(uid), self._provider(raw)
                )

    def fetch_messages(self, uids: Sequence[int], *, sizes: dict[int, int] | None = None) -> Iterator[FetchedMessage]:
        self._call("fetch_messages")
        self._break_on(uids)
        for uid in sorted(uids):
            if uid in self._box.messages and uid not in self.server.lost:
                self.server.step("body")
                raw, received_at = self._box.messages[uid].raw, self._box.messages[uid].internal_date
                self.server.bodies_given += 1
                yield FetchedMessage(uid, raw, received_at, self._flags(uid), self._modseq(uid), self._provider(raw))

    def fetch_piece(self, uid: int, at: int, length: int, *, size_bytes: int) -> FetchedPiece | None:
        self._call("fetch_piece")
        self._break_on([uid])
        if uid not in self._box.messages or uid in self.server.lost:
            return None
        self.server.step("piece")
        raw = self._box.messages[uid].raw
        self.server.bodies_given += at == 0
        data = raw[at : at + length]
        return FetchedPiece(uid, at, data, len(data) < length, START)

    def _break_on(self, uids: Sequence[int]) -> None:
        if self.server.lethal & set(uids):
            self.closed = True
            raise TryNow("The connection broke.")
        if self.server.poison & set(uids):
            raise Poison("The server cannot give this message.")

    def _modseq(self, uid: int) -> int | None:
        return self.server.history(self._box).modseq[uid] if self.has_modseq else None

    def _provider(self, raw: bytes) -> ProviderFacts:
        return ProviderFacts(message_id=f"{hash(raw):x}") if self.server.provider_ids else ProviderFacts()
