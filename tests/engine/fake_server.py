"""A mail server in memory that speaks the ``MailSource`` contract and fails when told to.

``faults`` maps a method to what happens at its next call: ``before`` (the connection breaks, nothing was
done), ``after`` (it was done, the reply is lost), or an exception to raise.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailsync.errors import MailError, Rejected, TryNow, Unavailable
from mailsync.types import (
    CopyResult,
    FetchedHeader,
    FetchedMessage,
    FetchedPiece,
    Flags,
    FlagUpdate,
    FolderCursor,
    FolderStatus,
    RemoteFolder,
    SearchKey,
    SearchText,
    SelectedFolder,
)
from tests.factories import START


@dataclass
class Stored:
    raw: bytes
    flags: set[str] = field(default_factory=set)
    internal_date: datetime = START

    @property
    def message_id(self) -> str:
        for line in self.raw.split(b"\r\n\r\n")[0].split(b"\r\n"):
            if line.lower().startswith(b"message-id:"):
                return line.partition(b":")[2].strip().decode().strip("<>")
        return ""


@dataclass
class Box:
    uidvalidity: int = 1
    uidnext: int = 1
    mailbox_id: str = ""
    messages: dict[int, Stored] = field(default_factory=dict)
    read_only: bool = False
    permanent: tuple[str, ...] = ("\\Seen", "\\Flagged", "\\Answered", "\\Draft", "\\Deleted", "\\*")

    def add(
        self, raw: bytes, flags: Sequence[str] = (), uid: int | None = None, internal_date: datetime = START
    ) -> int:
        uid = self.uidnext if uid is None else uid
        self.messages[uid] = Stored(raw, set(flags), internal_date)
        self.uidnext = max(self.uidnext, uid + 1)
        return uid

    def ids(self) -> list[str]:
        return sorted(stored.message_id for stored in self.messages.values())


class FakeServer:
    def __init__(self, *paths: str, capabilities: Sequence[str] = ("MOVE", "UIDPLUS")) -> None:
        self.boxes = {path: Box() for path in paths}
        self.capabilities = frozenset(capabilities)
        self.faults: dict[str, list[str | BaseException]] = {}
        self.log: list[str] = []
        self.unsubscribed: set[str] = set()
        self.connections = 0

    def fail(self, method: str, *how: str | BaseException) -> None:
        self.faults.setdefault(method, []).extend(how)

    def connect(self, _account: object) -> "FakeSource":
        self.connections += 1
        for how in self.faults.get("connect", ())[:1]:
            self.faults["connect"].pop(0)
            if isinstance(how, BaseException):
                raise how
        return FakeSource(self)


class FakeSource:
    transcript: tuple[str, ...] = ("C: A1 LOGIN …", "S: A1 OK")

    def __init__(self, server: FakeServer) -> None:
        self.server = server
        self.capabilities = server.capabilities
        self._box = Box()
        self.closed = False

    def _call(self, method: str) -> str:
        """Log the call, raise what was planned before it; returns ``after`` if its reply shall be lost."""
        assert not self.closed
        self.server.log.append(method)
        planned = self.server.faults.get(method)
        if not planned:
            return ""
        how = planned.pop(0)
        if isinstance(how, BaseException):
            if isinstance(how, MailError) and not isinstance(how, Rejected | Unavailable):
                self.closed = True
            raise how
        if how == "before":
            self.closed = True
            raise TryNow("The connection broke.")
        return how

    def _reply(self, planned: str) -> None:
        if planned == "after":
            self.closed = True
            raise TryNow("The connection broke before the reply.")

    def list_folders(self, *, with_status: bool = True) -> list[RemoteFolder]:
        self._call("list_folders")
        return [RemoteFolder(path, path.encode(), "/") for path in self.server.boxes]

    def status(self, folder: RemoteFolder) -> FolderStatus:
        self._call("status")
        box = self._find(folder)
        return FolderStatus(len(box.messages), box.uidnext, box.uidvalidity)

    def select(
        self, folder: RemoteFolder, *, cursor: FolderCursor | None = None, read_only: bool = True
    ) -> SelectedFolder:
        self._call("select")
        self._box = self._find(folder)
        box = self._box
        return SelectedFolder(
            len(box.messages),
            box.uidvalidity,
            box.uidnext,
            None,
            box.permanent,
            box.read_only or read_only,
            mailbox_id=box.mailbox_id,
        )

    def search_uids(self, *, low: int = 1, high: int | None = None) -> list[int]:
        self._call("search_uids")
        return sorted(uid for uid in self._box.messages if uid >= low and (high is None or uid <= high))

    def search(self, keys: Sequence[SearchKey]) -> list[int]:
        """All the texts that are asked for, in any key, as parts of the message."""
        self._call("search")
        wanted = [key.text.lower().encode() for key in keys if isinstance(key, SearchText)]
        return sorted(uid for uid, one in self._box.messages.items() if all(w in one.raw.lower() for w in wanted))

    def fetch_flags(self, uids: Sequence[int] | None = None, *, changed_since: int | None = None) -> list[FlagUpdate]:
        raise NotImplementedError

    def fetch_headers(self, uids: Sequence[int]) -> Iterator[FetchedHeader]:
        self._call("fetch_headers")
        for uid in sorted(self._box.messages.keys() & set(uids)):
            raw = self._box.messages[uid].raw
            yield FetchedHeader(uid, len(raw), START, raw.split(b"\r\n\r\n")[0] + b"\r\n\r\n", None)

    def fetch_messages(self, uids: Sequence[int], *, sizes: dict[int, int] | None = None) -> Iterator[FetchedMessage]:
        self._call("fetch_messages")
        for uid in uids:
            yield FetchedMessage(uid, self._box.messages[uid].raw, START, None)

    def fetch_piece(self, uid: int, at: int, length: int, *, size_bytes: int) -> FetchedPiece | None:
        raise NotImplementedError

    def store_flags(self, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        planned = self._call("store_flags")
        for uid in uids:
            if uid in self._box.messages:
                self._box.messages[uid].flags |= set(add)
                self._box.messages[uid].flags -= set(remove)
        self._reply(planned)

    def move(self, uids: Sequence[int], destination: RemoteFolder) -> CopyResult:
        if "MOVE" not in self.capabilities:
            raise Rejected("No MOVE.", code="CANNOT")
        planned = self._call("move")
        result = self._copied(uids, destination)
        for uid in uids:
            self._box.messages.pop(uid, None)
        self._reply(planned)
        return result

    def copy(self, uids: Sequence[int], destination: RemoteFolder) -> CopyResult:
        planned = self._call("copy")
        result = self._copied(uids, destination)
        self._reply(planned)
        return result

    def _copied(self, uids: Sequence[int], destination: RemoteFolder) -> CopyResult:
        target = self._find(destination)
        pairs = {}
        for uid in uids:
            stored = self._box.messages.get(uid)
            if stored is not None:
                pairs[uid] = target.add(stored.raw, sorted(stored.flags))
        return CopyResult(target.uidvalidity, pairs) if "UIDPLUS" in self.capabilities else CopyResult()

    def expunge(self, uids: Sequence[int]) -> bool:
        if "UIDPLUS" not in self.capabilities:
            return False
        planned = self._call("expunge")
        for uid in uids:
            if "\\Deleted" in self._box.messages.get(uid, Stored(b"")).flags:
                del self._box.messages[uid]
        self._reply(planned)
        return True

    def append(self, folder: RemoteFolder, raw: bytes, *, flags: Flags, internal_date: float | None) -> CopyResult:
        planned = self._call("append")
        box = self._find(folder)
        uid = box.add(raw, flags.names())
        self._reply(planned)
        return CopyResult(box.uidvalidity, {0: uid}) if "UIDPLUS" in self.capabilities else CopyResult()

    def find_message_id(self, message_id: str, *, above_uid: int = 0) -> list[int]:
        self._call("find_message_id")
        found = self._box.messages.items()
        return sorted(uid for uid, stored in found if uid > above_uid and stored.message_id == message_id)

    def create_folder(self, path: str) -> None:
        planned = self._call("create_folder")
        if path in self.server.boxes:
            raise Rejected("It exists.", code="ALREADYEXISTS")
        self.server.boxes[path] = Box()
        self._reply(planned)

    def rename_folder(self, folder: RemoteFolder, new_path: str) -> None:
        planned = self._call("rename_folder")
        old = self._name(folder)
        for path in [path for path in self.server.boxes if path == old or path.startswith(old + "/")]:
            self.server.boxes[new_path + path[len(old) :]] = self.server.boxes.pop(path)
        self._reply(planned)

    def delete_folder(self, folder: RemoteFolder) -> None:
        planned = self._call("delete_folder")
        del self.server.boxes[self._name(folder)]
        self._reply(planned)

    def subscribe(self, folder: RemoteFolder, subscribed: bool) -> None:
        planned = self._call("subscribe")
        (self.server.unsubscribed.discard if subscribed else self.server.unsubscribed.add)(self._name(folder))
        self._reply(planned)

    def noop(self) -> None: ...

    def close(self) -> None:
        self.closed = True

    def _name(self, folder: RemoteFolder) -> str:
        path = folder.path_raw.decode()
        if path not in self.server.boxes:
            raise Rejected("No such folder.", code="TRYCREATE")
        return path

    def _find(self, folder: RemoteFolder) -> Box:
        return self.server.boxes[self._name(folder)]
