"""Gmail as its IMAP shows it: one store of messages, folders that are labels, ids of its own (X-GM-EXT-1).

A message lies in All Mail, and in the folder of each of its labels, under other UIDs but with the same flags; in
Trash and Spam it lies alone. Taking it out of a label's folder takes the label away. No QRESYNC.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from mailsync.types import CopyResult, FetchedHeader, Flags, ProviderFacts, RemoteFolder, Role
from tests.engine.fake_server import Box, Stored
from tests.fakes import PullServer, PullSource

GMAIL = ("CONDSTORE", "MOVE", "UIDPLUS", "ENABLE", "X-GM-EXT-1")
ALL, TRASH, SPAM, STARRED, SENT = (f"[Gmail]/{name}" for name in ("All Mail", "Trash", "Spam", "Starred", "Sent Mail"))
ROLES = {"INBOX": Role.INBOX, ALL: Role.ALL, TRASH: Role.TRASH, SPAM: Role.JUNK, STARRED: Role.FLAGGED, SENT: Role.SENT}
ALONE = (TRASH, SPAM)


class GmailServer(PullServer):
    def __init__(self, *labels: str) -> None:
        super().__init__(*ROLES, *labels, capabilities=GMAIL)
        for number, box in enumerate(self.boxes.values()):
            box.uidnext = 100 * number + 1

    def connect(self, _account: object) -> "GmailSource":
        super().connect(_account)
        return GmailSource(self)

    def put(self, raw: bytes, *labels: str, flags: Sequence[str] = ()) -> None:
        """A message with these labels, from outside."""
        stored = Stored(raw, set(flags))
        for path in (ALL, *labels):
            self._show(stored, path)
        self.star()

    def labels(self, raw: bytes) -> set[str]:
        return {path for path, box in self.boxes.items() if self.uid_of(raw, box) is not None}

    @staticmethod
    def uid_of(raw: bytes, box: Box) -> int | None:
        return next((uid for uid, stored in box.messages.items() if stored.raw == raw), None)

    def _show(self, stored: Stored, path: str) -> int:
        box = self.boxes[path]
        uid = self.uid_of(stored.raw, box)
        if uid is None:
            uid = box.add(stored.raw)
            box.messages[uid] = stored
        return uid

    def bring(self, stored: Stored, source: str | None, target: str) -> int:
        """Label it ``target``, and take the label ``source`` away."""
        if target in ALONE or source in ALONE:
            for box in self.boxes.values():
                uid = self.uid_of(stored.raw, box)
                if uid is not None:
                    del box.messages[uid]
        elif source not in (None, ALL):
            self.take(stored, source or "")
        if target not in ALONE:
            self._show(stored, ALL)
        uid = self._show(stored, target)
        self.star()
        return uid

    def take(self, stored: Stored, path: str) -> None:
        uid = self.uid_of(stored.raw, self.boxes[path])
        if uid is not None:
            del self.boxes[path].messages[uid]

    def star(self) -> None:
        """Starred shows what is flagged."""
        starred = self.boxes[STARRED]
        wanted = {one.raw: one for one in self.boxes[ALL].messages.values() if "\\Flagged" in one.flags}
        for uid, stored in list(starred.messages.items()):
            if stored.raw not in wanted:
                del starred.messages[uid]
        for stored in wanted.values():
            self._show(stored, STARRED)


class GmailSource(PullSource):
    server: GmailServer

    @property
    def _path(self) -> str:
        return next(path for path, box in self.server.boxes.items() if box is self._box)

    def list_folders(self, *, with_status: bool = True) -> list[RemoteFolder]:
        listed = super().list_folders(with_status=with_status)
        shell = RemoteFolder("[Gmail]", b"[Gmail]", "/", ("\\Noselect",), selectable=False)
        return [shell, *(replace(one, role=ROLES.get(one.path, Role.NONE)) for one in listed)]

    def _copied(self, uids: Sequence[int], destination: RemoteFolder) -> CopyResult:
        return self._transfer(uids, destination, None)

    def _transfer(self, uids: Sequence[int], destination: RemoteFolder, source: str | None) -> CopyResult:
        target = self._name(destination)
        found = {uid: self._box.messages[uid] for uid in uids if uid in self._box.messages}
        moved = {uid: self.server.bring(stored, source, target) for uid, stored in found.items()}
        return CopyResult(self._find(destination).uidvalidity, moved)

    def move(self, uids: Sequence[int], destination: RemoteFolder) -> CopyResult:
        planned = self._call("move")
        result = self._transfer(uids, destination, self._path)
        self._reply(planned)
        return result

    def store_flags(self, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        try:
            super().store_flags(uids, add=add, remove=remove)
        finally:
            self.server.star()

    def append(self, folder: RemoteFolder, raw: bytes, *, flags: Flags, internal_date: float | None) -> CopyResult:
        planned = self._call("append")
        uid = self.server.bring(Stored(raw, set(flags.names())), None, self._name(folder))
        self._reply(planned)
        return CopyResult(self._find(folder).uidvalidity, {0: uid})

    def fetch_headers(self, uids: Sequence[int]) -> Iterator[FetchedHeader]:
        for header in super().fetch_headers(uids):
            raw = self._box.messages[header.uid].raw
            labels = tuple(sorted(self.server.labels(raw) - {ALL}))
            yield replace(header, provider=ProviderFacts(f"{hash(raw) % 10**12}", f"{hash(raw[:20]) % 10**9}", labels))
