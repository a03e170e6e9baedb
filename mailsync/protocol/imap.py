"""IMAP as a ``MailSource``: settings flow in, typed facts about folders and messages flow out, changes flow in.

Network room. The connection is ``imap_session``, bytes on the wire ``imap_wire``, the shapes of
answers ``imap_folders`` and ``imap_fetch``; this file is what the engine may ask for.
"""

import time
from collections.abc import Iterator, Sequence
from typing import Literal as OneOf
from typing import NamedTuple

from mailsync.errors import Poison, Rejected, Unavailable
from mailsync.protocol import imap_batches, imap_folders, tls
from mailsync.protocol.imap_errors import StatusText
from mailsync.protocol.imap_fetch import parse_fetches
from mailsync.protocol.imap_names import (
    MOST_UID,
    Literal,
    compact_sets,
    encode_keys,
    encode_path,
    expand,
    flag_list,
    parse_ranges,
    quote,
)
from mailsync.protocol.imap_session import ImapSession, Reply, open_secured, open_session
from mailsync.protocol.imap_wire import MAX_LITERAL_BYTES, ONLY_LOOKING, USUAL, Limits
from mailsync.types import (
    Certificate,
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
    SelectedFolder,
    ServerSettings,
)

# RFC 2971: asked for by some servers before they open a folder (163.com, 126.com).
_ID = b'("name" "Heron" "vendor" "Heron")'
# More numbers than any folder holds are a mistake or an attack, not a search result.
_MAX_FOUND = 5_000_000
# iCloud sends VANISHED responses that cannot be parsed.
_NO_QRESYNC_HOSTS = ("imap.mail.me.com", "imap.mail.icloud.com")


class IdleEvent(NamedTuple):
    """What a server said during IDLE: ``EXISTS``, ``EXPUNGE``, ``VANISHED``, ``FETCH``, ``RECENT`` …"""

    kind: str
    number: int | None


class ImapSource:
    """A logged-in IMAP connection; see ``contract.MailSource``."""

    def __init__(self, session: ImapSession, max_message_bytes: int = MAX_LITERAL_BYTES) -> None:
        self._session = session
        self._max_message_bytes = max_message_bytes
        self._idle_tag: bytes | None = None
        self.transcript: Sequence[str] = session.transcript
        self._introduce()
        self._prefixes = imap_folders.fetch_namespaces(session)

    @property
    def capabilities(self) -> frozenset[str]:
        """What the server offers after login, in upper case, without what it is known to get wrong."""
        return self._session.offered

    def _introduce(self) -> None:
        """ID, then ENABLE before the first SELECT (RFC 7162 §3.2.3)."""
        session = self._session
        try:
            session.run(b"ID", _ID)
        except Rejected:
            session.transcript.note("ID refused")
        if session.settings.host.lower() in _NO_QRESYNC_HOSTS:
            session.offered -= {"QRESYNC"}
        if "ENABLE" not in session.offered:
            session.offered -= {"QRESYNC"}
            return
        wanted = "QRESYNC" if "QRESYNC" in session.offered else "CONDSTORE"
        if wanted in session.offered:
            try:
                session.run(b"ENABLE", wanted.encode())
            except Rejected:
                session.offered -= {"QRESYNC"}
        if "QRESYNC" in session.offered:
            # RFC 7162 §3.2: who has QRESYNC has CONDSTORE, announced or not.
            session.offered |= {"CONDSTORE"}

    # Folders. -----------------------------------------------------------------------------------

    def list_folders(self, *, with_status: bool = True) -> list[RemoteFolder]:
        """Every folder with its role; an empty list means the server listed nothing."""
        return imap_folders.fetch_folders(self._session, self._prefixes, with_status=with_status)

    def status(self, folder: RemoteFolder) -> FolderStatus:
        return imap_folders.fetch_status(self._session, folder)

    def select(
        self, folder: RemoteFolder, *, cursor: FolderCursor | None = None, read_only: bool = True
    ) -> SelectedFolder:
        return imap_folders.select_folder(self._session, folder, cursor, read_only=read_only)

    def create_folder(self, path: str) -> None:
        """CREATE and SUBSCRIBE. A path outside the user's namespace is put into it (``INBOX.`` of Courier)."""
        prefix = self._prefixes[0]
        if prefix and not path.startswith(prefix) and path.upper() != "INBOX":
            path = prefix + path
        name = quote(encode_path(path))
        self._session.run(b"CREATE", name)
        self._session.run(b"SUBSCRIBE", name)

    def rename_folder(self, folder: RemoteFolder, new_path: str) -> None:
        """RENAME, and carry the subscription along (servers keep it by name)."""
        new_name = quote(encode_path(new_path))
        self._session.run(b"RENAME", quote(folder.path_raw), new_name)
        try:
            self._session.run(b"SUBSCRIBE", new_name)
            self._session.run(b"UNSUBSCRIBE", quote(folder.path_raw))
        except Rejected:
            self._session.transcript.note("subscription not carried along")

    def delete_folder(self, folder: RemoteFolder) -> None:
        """DELETE, then UNSUBSCRIBE: the folder and all messages in it. Never INBOX."""
        if folder.path.upper() == "INBOX":
            raise Rejected("The inbox cannot be deleted.", code="CANNOT")
        self._session.run(b"DELETE", quote(folder.path_raw))
        try:
            self._session.run(b"UNSUBSCRIBE", quote(folder.path_raw))
        except Rejected:
            self._session.transcript.note("subscription left behind")

    def subscribe(self, folder: RemoteFolder, subscribed: bool) -> None:
        self._session.run(b"SUBSCRIBE" if subscribed else b"UNSUBSCRIBE", quote(folder.path_raw))

    # What is there. -----------------------------------------------------------------------------

    def search_uids(self, *, low: int = 1, high: int | None = None) -> list[int]:
        """UIDs in [low, high], ascending. RFC 9051 §6.4.8: ``low:*`` matches at least one message, so it is cut."""
        found = self._search(b"UID %d:%s" % (low, b"*" if high is None else b"%d" % high))
        return [uid for uid in found if uid >= low and (high is None or uid <= high)]

    def _search(self, criteria: bytes, *arguments: bytes) -> list[int]:
        command = [b"UID", b"SEARCH"]
        if "ESEARCH" in self.capabilities or "IMAP4REV2" in self.capabilities:
            command += [b"RETURN", b"(ALL)"]
        reply = self._session.run(*command, criteria, *arguments)
        try:
            found = sorted({uid for uid in _found(reply) if uid > 0})
            if found and found[-1] > MOST_UID:
                raise ValueError("numbers that are no UIDs")
            return found
        except ValueError as error:
            raise Unavailable("The mail server answered a search with nonsense.", detail=str(error)) from error

    def search(self, keys: Sequence[SearchKey]) -> list[int]:
        """RFC 3501 §6.4.4. The charset is named only where it matters: not every server knows the word."""
        return self._search(*encode_keys(keys))

    def find_message_id(self, message_id: str, *, above_uid: int = 0) -> list[int]:
        """UIDs above ``above_uid`` whose Message-ID is exactly this one (HEADER finds substrings)."""
        bare = message_id.strip().strip("<>")
        uids = self._search(b"UID %d:* HEADER MESSAGE-ID" % (above_uid + 1), quote(bare.encode()))
        uids = [uid for uid in uids if uid > above_uid]
        if not uids:
            return []
        found = []
        for text, part in compact_sets(uids, max_count=imap_batches.BATCH_COUNT):
            reply = self._session.run(b"UID", b"FETCH", text, b"(UID BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])")
            with self._session.failures():
                fetched = parse_fetches(reply.responses, part)
            for uid, data in sorted(fetched.items()):
                value = b"".join(data.sections.values()).partition(b":")[2]
                if b"".join(value.split()).strip(b"<>") == bare.encode():
                    found.append(uid)
        return found

    def fetch_flags(self, uids: Sequence[int] | None = None, *, changed_since: int | None = None) -> list[FlagUpdate]:
        """Flags (and MODSEQ with CONDSTORE). ``changed_since`` must be above 0 (RFC 7162 §3.1.4.1)."""
        items = b"(UID FLAGS MODSEQ)" if "CONDSTORE" in self.capabilities else b"(UID FLAGS)"
        modifier = []
        if changed_since is not None:
            if changed_since < 1 or "CONDSTORE" not in self.capabilities:
                raise ValueError("changed_since needs a MODSEQ above 0 and a server with CONDSTORE")
            modifier = [b"(CHANGEDSINCE %d)" % changed_since]
        sets = [b"1:*"] if uids is None else [text for text, _ in compact_sets(uids)]
        updates: dict[int, FlagUpdate] = {}
        for text in sets:
            reply = self._session.run(b"UID", b"FETCH", text, items, *modifier)
            updates |= {update.uid: update for update in imap_folders.flag_updates(reply.responses)}
        wanted = None if uids is None else set(uids)
        return [update for uid, update in sorted(updates.items()) if wanted is None or uid in wanted]

    def fetch_headers(self, uids: Sequence[int]) -> Iterator[FetchedHeader]:
        """Lazily, chunk by chunk; UIDs the server does not give are absent. Raises ``Poison`` for a refused chunk."""
        return imap_batches.fetch_headers(self._session, uids)

    def fetch_messages(self, uids: Sequence[int], *, sizes: dict[int, int] | None = None) -> Iterator[FetchedMessage]:
        """Lazily, batch by batch; a body that is NIL, or empty where it should not be, is absent."""
        self._refuse_above(max(((sizes or {}).get(uid, 0) for uid in uids), default=0))
        return imap_batches.fetch_messages(self._session, uids, sizes or {})

    def fetch_piece(self, uid: int, at: int, length: int, *, size_bytes: int) -> FetchedPiece | None:
        """By partial FETCH; RFC822.SIZE may be wrong, so the pieces themselves tell the end."""
        self._refuse_above(max(size_bytes, at))
        return imap_batches.fetch_piece(self._session, uid, at, length)

    def _refuse_above(self, size_bytes: int) -> None:
        if size_bytes > self._max_message_bytes:
            raise Poison(f"The message is larger than Heron takes ({size_bytes} bytes).")

    # What the user did. -------------------------------------------------------------------------

    def store_flags(self, uids: Sequence[int], *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        """UID STORE ±FLAGS.SILENT on the selected folder (which must not be read-only)."""
        for sign, flags in ((b"+", add), (b"-", remove)):
            if not flags:
                continue
            names = flag_list(flags)
            for text, _ in compact_sets(uids):
                self._session.run(b"UID", b"STORE", text, sign + b"FLAGS.SILENT", names)

    def move(self, uids: Sequence[int], destination: RemoteFolder) -> CopyResult:
        """UID MOVE (RFC 6851). ``Rejected`` (``CANNOT``) where the server has none; the caller copies then."""
        if "MOVE" not in self.capabilities and "IMAP4REV2" not in self.capabilities:
            raise Rejected("The mail server cannot move messages.", code="CANNOT")
        return self._transfer(b"MOVE", uids, destination)

    def copy(self, uids: Sequence[int], destination: RemoteFolder) -> CopyResult:
        return self._transfer(b"COPY", uids, destination)

    def _transfer(self, verb: bytes, uids: Sequence[int], destination: RemoteFolder) -> CopyResult:
        validity: int | None = None
        moved: dict[int, int] = {}
        for text, part in compact_sets(uids):
            reply = self._session.run(b"UID", verb, text, quote(destination.path_raw))
            for status in reply.codes():
                result = parse_copyuid(status, part)
                validity = result.uidvalidity or validity
                moved |= result.uids
        return CopyResult(validity, moved)

    def expunge(self, uids: Sequence[int]) -> bool:
        if "UIDPLUS" not in self.capabilities and "IMAP4REV2" not in self.capabilities:
            return False
        for text, _ in compact_sets(uids):
            self._session.run(b"UID", b"EXPUNGE", text)
        return True

    def append(self, folder: RemoteFolder, raw: bytes, *, flags: Flags, internal_date: float | None) -> CopyResult:
        """APPEND; ``internal_date`` in seconds since 1970. The result's ``uids`` is ``{0: uid}`` with UIDPLUS."""
        if b"\0" in raw:
            raise Rejected("The message holds a NUL byte, which IMAP cannot carry.", code="CANNOT")
        limit = self._append_limit()
        if limit is not None and len(raw) > limit:
            raise Rejected(f"The mail server takes messages of {limit} bytes at most.", code="TOOBIG")
        parts = [b"APPEND", quote(folder.path_raw), flag_list(flags.names())]
        if internal_date is not None:
            when = time.strftime("%d-%b-%Y %H:%M:%S +0000", time.gmtime(internal_date))
            parts.append(b'"' + when.encode() + b'"')
        body = raw if raw.endswith(b"\r\n") else raw + b"\r\n"
        reply = self._session.run(*parts, Literal(body))
        for status in reply.codes():
            numbers = status.arguments.split()
            if status.code == "APPENDUID" and len(numbers) == 2 and all(number.isdigit() for number in numbers):
                validity, uid = int(numbers[0]), int(numbers[1])
                return CopyResult(validity, {0: uid}) if max(validity, uid) <= MOST_UID else CopyResult()
        return CopyResult()

    def _append_limit(self) -> int | None:
        """RFC 7889: the server-wide limit, where it is given."""
        values = [word[12:] for word in self.capabilities if word.startswith("APPENDLIMIT=")]
        return int(values[0]) if values and values[0].isdigit() else None

    # Waiting for news (RFC 2177). ---------------------------------------------------------------

    def fileno(self) -> int:
        """For a selector: readable when the server has said something."""
        return int(self._session.wire.sock.fileno())

    def idle_start(self) -> None:
        """IDLE. Raises ``Rejected`` (``CANNOT``) where the server has none."""
        if "IDLE" not in self.capabilities:
            raise Rejected("The mail server cannot announce new mail.", code="CANNOT")
        tag = self._session.start(b"IDLE")
        # Exchange may send EXISTS before the "+"; such responses wait for idle_check.
        with self._session.failures():
            self._session.await_continuation(tag)
        self._idle_tag = tag

    def idle_check(self, wait_seconds: float = 0.0) -> list[IdleEvent]:
        """What the server has said since the last look; waits at most ``wait_seconds`` for the first word."""
        session = self._session
        with session.failures():
            while session.wire.wait_readable(wait_seconds):
                session.wire.read_response()
                wait_seconds = 0.0
        events = [IdleEvent(response.kind, response.number) for response in session.wire.take_responses()]
        return [event for event in events if event.kind not in ("OK", "NO")]

    def idle_done(self) -> list[IdleEvent]:
        """End IDLE; what came in the meantime is returned, and no news is lost."""
        if self._idle_tag is None:
            return []
        tag, self._idle_tag = self._idle_tag, None
        with self._session.failures():
            self._session.wire.send(b"DONE\r\n")
        reply = self._session.finish(tag)
        return [IdleEvent(r.kind, r.number) for r in reply.responses if r.kind not in ("OK", "NO")]

    def noop(self) -> None:
        self._session.run(b"NOOP")

    def close(self) -> None:
        """LOGOUT; during IDLE the line is simply dropped, as a watcher closes thousands at once."""
        if self._idle_tag is not None:
            self._session.abandon("closed while idling")
        else:
            self._session.log_out()

    def __enter__(self) -> "ImapSource":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect(
    settings: ServerSettings,
    *,
    limits: Limits = USUAL,
    compress: OneOf["never", "far", "always"] = "never",
) -> ImapSource:
    """Log in. Raises ``NeedsUser`` with the cause in plain words, ``TryLater`` or ``TryNow``.

    ``compress``: deflate what goes over the wire, where the server can; ``far`` does so unless it is on this
    machine or network, where bytes cost less than the work.
    """
    session = open_session(settings, limits)
    try:
        if compress == "always" or (compress == "far" and session.is_far):
            session.begin_compression()
        return ImapSource(session, limits.literal_bytes)
    except BaseException:
        session.wire.shutdown()
        raise


def fetch_certificate(settings: ServerSettings) -> Certificate | None:
    """What protects a login, seen without one; None where nothing does. Raises as ``connect``, for a bad one too."""
    wire = open_secured(settings, ONLY_LOOKING).wire
    shown = tls.shown_certificate(wire.sock)
    wire.shutdown()
    return shown


def _found(reply: Reply) -> Iterator[int]:
    """The numbers of SEARCH and ESEARCH. Raises ``ValueError`` for what is no number."""
    for response in reply.of_kind("SEARCH"):
        # Yahoo leaves a space at the end; CONDSTORE adds "(MODSEQ n)" (RFC 7162 §3.1.5).
        yield from map(int, response.text.partition(b"(")[0].split())
    for response in reply.of_kind("ESEARCH"):
        words = response.text.split()
        if b"ALL" in words[:-1]:
            yield from expand(parse_ranges(words[words.index(b"ALL") + 1]), _MAX_FOUND)


def parse_copyuid(status: StatusText, asked: Sequence[int]) -> CopyResult:
    """COPYUID (RFC 4315 §3), or an empty result for another code or a malformed one.

    >>> parse_copyuid(StatusText("COPYUID", b"7 4,9 1:2", ""), [4, 9])
    CopyResult(uidvalidity=7, uids={4: 1, 9: 2})
    """
    words = status.arguments.split()
    if status.code != "COPYUID" or len(words) != 3:
        return CopyResult()
    try:
        limit = len(asked) + 1
        sources, targets = (expand(parse_ranges(word), limit) for word in words[1:])
        validity = int(words[0])
    except ValueError:
        return CopyResult()
    if not 0 <= validity <= MOST_UID or max(targets, default=1) > MOST_UID:
        return CopyResult()
    if len(sources) != len(targets) or not set(sources) <= set(asked):
        return CopyResult(validity)
    return CopyResult(validity, dict(zip(sources, targets, strict=True)))
