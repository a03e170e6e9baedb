"""LIST, STATUS, NAMESPACE and SELECT: their answers flow in, typed folder facts flow out. Network room."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from imapclient.exceptions import ProtocolError
from imapclient.response_parser import parse_response

from mailsync.errors import Rejected
from mailsync.protocol.imap_fetch import flag_update
from mailsync.protocol.imap_names import (
    MOST_NUMBER,
    compact_set,
    decode_path,
    encode_path,
    intersect,
    parse_ranges,
    quote,
)
from mailsync.protocol.imap_session import ImapSession, Reply
from mailsync.protocol.imap_wire import Untagged
from mailsync.protocol.roles import choose_roles
from mailsync.types import FlagUpdate, FolderCursor, FolderStatus, RemoteFolder, SelectedFolder

_NOT_SELECTABLE = frozenset({"\\noselect", "\\nonexistent"})
_KNOWN_SET_LENGTH = 4000
_MOST_EXISTS = 2**31 - 1
#: RFC 8474 §7.
_OBJECT_ID = re.compile(rb"\(([A-Za-z0-9_-]{1,255})\)")


def status_items(offered: frozenset[str]) -> bytes:
    items = [b"MESSAGES", b"UIDNEXT", b"UIDVALIDITY", b"UNSEEN"]
    if "CONDSTORE" in offered:
        items.append(b"HIGHESTMODSEQ")
    return b"(" + b" ".join(items) + b")"


def fetch_namespaces(session: ImapSession) -> tuple[str, ...]:
    """The prefixes of the user's own folders (RFC 2342), longest first; ``("",)`` where the server does not say."""
    if "NAMESPACE" not in session.offered:
        return ("",)
    try:
        lines = session.run(b"NAMESPACE").of_kind("NAMESPACE")
        personal = parse_response(lines[0].parts)[0] if lines else None
        prefixes = [decode_path(_bytes(entry[0])) for entry in personal or () if isinstance(entry, tuple) and entry]
    except (Rejected, ProtocolError, IndexError, TypeError, ValueError):
        return ("",)
    return tuple(sorted(prefixes, key=len, reverse=True)) or ("",)


def fetch_folders(session: ImapSession, prefixes: tuple[str, ...], *, with_status: bool) -> list[RemoteFolder]:
    """Every folder with its role. An empty list means that the server listed nothing, never that all are gone."""
    reply, knows_subscriptions = _list(session, with_status=with_status)
    statuses = {path: status for path, status in map(parse_status_line, reply.of_kind("STATUS")) if path}
    folders: dict[bytes, RemoteFolder] = {}
    for line in reply.of_kind("LIST"):
        folder = parse_list_line(line, knows_subscriptions=knows_subscriptions)
        if folder is None:
            session.transcript.note("a LIST line that cannot be read, left out")
        elif folder.path_raw not in folders:
            folders[folder.path_raw] = replace(folder, status=statuses.get(_key(folder.path_raw)))
    if folders and not any(raw.upper() == b"INBOX" for raw in folders):
        # RFC 9051 §5.1: INBOX exists whether or not LIST shows it.
        delimiter = next(iter(folders.values())).delimiter
        folders = {b"INBOX": RemoteFolder("INBOX", b"INBOX", delimiter), **folders}
    if not knows_subscriptions:
        _mark_subscribed(session, folders)
    found = tell_apart(list(folders.values()))
    return [
        replace(f, role=role) for f, role in zip(found, choose_roles(found, personal_prefixes=prefixes), strict=True)
    ]


def tell_apart(folders: Sequence[RemoteFolder]) -> list[RemoteFolder]:
    """Names that are alike once they are decoded, told apart by how they are spelled on the wire; in the order given.

    The spelling that RFC 9051 appendix A.1 asks for keeps the name. What lies below a folder follows it.
    Seen in practice: ``R&D`` beside ``R&-D``, and names in raw UTF-8 beside the same in modified UTF-7.

    >>> [one.path for one in tell_apart([RemoteFolder(decode_path(raw), raw, "/") for raw in (b"R&D", b"R&-D")])]
    ['R&D (R&D)', 'R&D']
    """
    paths: dict[bytes, str] = {}
    taken: set[str] = set()

    def order(folder: RemoteFolder) -> tuple[int, bool, bytes]:
        depth = folder.path_raw.count(folder.delimiter.encode("latin-1")) if folder.delimiter else 0
        return depth, not _is_canonical(folder), folder.path_raw

    for folder in sorted(folders, key=order):
        between, path = folder.delimiter.encode("latin-1"), folder.path
        above, _, leaf = folder.path_raw.rpartition(between) if between else (b"", b"", folder.path_raw)
        if above in paths and paths[above] != decode_path(above):
            path = paths[above] + folder.delimiter + decode_path(leaf)
        if path in taken:
            path = f"{path} ({leaf.decode('ascii', 'backslashreplace')})"
        paths[folder.path_raw] = path
        taken.add(path)
    return [replace(folder, path=paths[folder.path_raw]) for folder in folders]


def _is_canonical(folder: RemoteFolder) -> bool:
    return folder.path.isprintable() and encode_path(folder.path) == folder.path_raw


def _list(session: ImapSession, *, with_status: bool) -> tuple[Reply, bool]:
    """LIST with all it can return, or as it was in 1996; and whether it told the subscriptions."""
    if "LIST-EXTENDED" in session.offered or "IMAP4REV2" in session.offered:
        options = [b"SUBSCRIBED", b"CHILDREN"]
        if "SPECIAL-USE" in session.offered:
            options.append(b"SPECIAL-USE")
        if with_status and ("LIST-STATUS" in session.offered or "IMAP4REV2" in session.offered):
            options.append(b"STATUS " + status_items(session.offered))
        try:
            return session.run(b"LIST", b'""', b'"*"', b"RETURN", b"(" + b" ".join(options) + b")"), True
        except Rejected:
            session.transcript.note("LIST RETURN refused, falling back")
    return session.run(b"LIST", b'""', b'"*"'), False


def _mark_subscribed(session: ImapSession, folders: dict[bytes, RemoteFolder]) -> None:
    try:
        lines = session.run(b"LSUB", b'""', b'"*"').of_kind("LSUB")
    except Rejected:
        return
    subscribed = {folder.path_raw for folder in map(parse_list_line, lines) if folder}
    if not subscribed:
        return  # nobody uses subscriptions here: all folders count
    for raw, folder in folders.items():
        folders[raw] = replace(folder, subscribed=raw in subscribed or raw.upper() == b"INBOX")


def parse_list_line(line: Untagged, *, knows_subscriptions: bool = False) -> RemoteFolder | None:
    """One LIST or LSUB line; None if it cannot be read."""
    try:
        attributes, delimiter, name, *_ = parse_response(line.parts)
        words = tuple(_bytes(word).decode("ascii", "replace") for word in attributes)
        raw, between = _bytes(name), _bytes(delimiter).decode("latin-1")
    except (ProtocolError, ValueError, TypeError):
        return None
    lowered = {word.lower() for word in words}
    if not raw or not isinstance(attributes, tuple):
        return None
    return RemoteFolder(
        path=decode_path(raw),
        path_raw=raw,
        delimiter=between,
        attributes=words,
        selectable=not lowered & _NOT_SELECTABLE,
        subscribed="\\subscribed" in lowered if knows_subscriptions else True,
    )


def _bytes(token: Any) -> bytes:
    """A token as it stood on the wire; IMAPClient makes numbers of those that look like one."""
    return b"%d" % token if isinstance(token, int) else bytes(token or b"")


def _key(raw: bytes) -> bytes:
    return b"INBOX" if raw.upper() == b"INBOX" else raw


def parse_status_line(line: Untagged) -> tuple[bytes, FolderStatus]:
    """One STATUS line: the name's bytes and what it says; an empty name if it cannot be read."""
    try:
        name, items, *_ = parse_response(line.parts)
        raw = _key(_bytes(name))
        values = {bytes(items[i]).upper(): items[i + 1] for i in range(0, len(items) - 1, 2)}
    except (ProtocolError, ValueError, TypeError):
        return b"", FolderStatus()

    def number(key: bytes) -> int | None:
        value = values.get(key)
        return value if isinstance(value, int) and 0 <= value <= MOST_NUMBER else None

    return raw, FolderStatus(
        messages=number(b"MESSAGES"),
        uidnext=number(b"UIDNEXT"),
        uidvalidity=number(b"UIDVALIDITY"),
        unseen=number(b"UNSEEN"),
        highestmodseq=number(b"HIGHESTMODSEQ") or None,
    )


def fetch_status(session: ImapSession, folder: RemoteFolder) -> FolderStatus:
    """STATUS of one folder. Raises ``Rejected`` (``NONEXISTENT`` and the like)."""
    lines = session.run(b"STATUS", quote(folder.path_raw), status_items(session.offered)).of_kind("STATUS")
    return parse_status_line(lines[-1])[1] if lines else FolderStatus()


def select_folder(
    session: ImapSession, folder: RemoteFolder, cursor: FolderCursor | None, *, read_only: bool
) -> SelectedFolder:
    """SELECT or EXAMINE, with QRESYNC or CONDSTORE where they are offered."""
    command = [b"EXAMINE" if read_only else b"SELECT", quote(folder.path_raw)]
    if cursor is not None and "QRESYNC" in session.offered and cursor.uidvalidity and cursor.highestmodseq:
        known = compact_set(cursor.known_uids)
        arguments = b"%d %d" % (cursor.uidvalidity, cursor.highestmodseq)
        # A long set is left out: the server then speaks of all UIDs, and we intersect all the same.
        if 0 < len(known) <= _KNOWN_SET_LENGTH:
            arguments += b" " + known
        command.append(b"(QRESYNC (" + arguments + b"))")
    elif "CONDSTORE" in session.offered:
        command.append(b"(CONDSTORE)")
    return parse_selected(session.run(*command), cursor)


def parse_selected(reply: Reply, cursor: FolderCursor | None) -> SelectedFolder:
    """What SELECT said. Numbers that are missing or no numbers count as unsaid (0 or None)."""
    responses = after_closed(reply.responses)
    numbers: dict[str, int] = {}
    permanent: tuple[str, ...] | None = None
    mailbox_id = ""
    for status in Reply(reply.status, responses).codes():
        if status.code in ("UIDVALIDITY", "UIDNEXT", "HIGHESTMODSEQ") and status.arguments.strip().isdigit():
            numbers[status.code] = int(status.arguments)
            if numbers[status.code] > MOST_NUMBER:
                del numbers[status.code]
        elif status.code == "MAILBOXID" and (found := _OBJECT_ID.fullmatch(status.arguments.strip())):
            # Not asked for by STATUS: Cyrus 3.6 answers that with bytes of memory it has given back.
            mailbox_id = found[1].decode()
        elif status.code == "PERMANENTFLAGS":
            permanent = _flag_names(status.arguments)
        elif status.code == "NOMODSEQ":
            numbers.pop("HIGHESTMODSEQ", None)
    exists = [min(response.number or 0, _MOST_EXISTS) for response in responses if response.kind == "EXISTS"]
    if permanent is None:
        # RFC 9051 §7.1: without PERMANENTFLAGS all flags can be changed for good.
        flags = [_flag_names(response.text) for response in responses if response.kind == "FLAGS"]
        permanent = (*(flags[-1] if flags else ()), "\\*")
    return SelectedFolder(
        exists=exists[-1] if exists else 0,
        uidvalidity=numbers.get("UIDVALIDITY", 0),
        uidnext=numbers.get("UIDNEXT") or None,
        highestmodseq=numbers.get("HIGHESTMODSEQ") or None,
        permanent_flags=permanent,
        read_only=reply.status.code == "READ-ONLY",
        vanished=tuple(vanished_among(responses, cursor.known_uids)) if cursor else (),
        changed=tuple(flag_updates(responses)) if cursor else (),
        mailbox_id=mailbox_id,
    )


def after_closed(responses: list[Untagged]) -> list[Untagged]:
    """What was said of the new folder: up to ``[CLOSED]`` all is of the old one (RFC 7162 §3.2.11)."""
    for position, response in enumerate(responses):
        if response.kind == "OK" and response.text.upper().startswith(b"[CLOSED]"):
            return responses[position + 1 :]
    return responses


def vanished_among(responses: Iterable[Untagged], known: Iterable[int]) -> list[int]:
    """Those of ``known`` that VANISHED names (RFC 7162 §3.2.10); unreadable lines say nothing."""
    ranges: list[tuple[int, int]] = []
    for response in responses:
        if response.kind != "VANISHED":
            continue
        text = response.text
        if text.upper().startswith(b"(EARLIER)"):
            text = text[len(b"(EARLIER)") :]
        try:
            ranges += parse_ranges(text)
        except ValueError:
            continue
    return intersect(ranges, known)


def flag_updates(responses: Iterable[Untagged]) -> list[FlagUpdate]:
    """FETCH responses that give a UID and its flags; later ones win."""
    found = (flag_update(response) for response in responses if response.kind == "FETCH")
    return list({update.uid: update for update in found if update is not None}.values())


def _flag_names(text: bytes) -> tuple[str, ...]:
    return tuple(text.strip().strip(b"()").decode("ascii", "replace").split())
