"""An independent IMAP client (the standard library's) beside Heron, and what it means that both see the same.

Works on any server: Dovecot, Courier, Cyrus. ``mailbox.client()`` gives a logged-in ``imaplib`` client.
"""

import imaplib
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from typing import Any, Protocol

import pytest
from django.utils import timezone
from imapclient import imap_utf7

from accounts.models import MailAccount
from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.engine.push import push_changes
from mailsync.models import Change, Folder, Hole, Placement
from mailsync.protocol.imap_session import ImapSession
from mailsync.store.audit import recount, recount_sums
from tests.engine.in_step import flags_of

imaplib._MAXLINE = 10_000_000  # type: ignore[attr-defined]

_LIST = re.compile(rb'\((?P<attributes>[^)]*)\) (?:"(?P<delimiter>[^"]*)"|NIL) (?P<name>.*)')
_UID, _FLAGS = re.compile(rb"UID (\d+)"), re.compile(rb"FLAGS \(([^)]*)\)")

Contents = dict[str, dict[int, tuple[frozenset[str], bytes]]]


class AnyMailbox(Protocol):
    def client(self, folder: str = "") -> AbstractContextManager[Any]: ...


def quoted(path: str) -> str:
    """A folder's path as imaplib wants it: modified UTF-7 in quotes (RFC 3501 §5.1.3)."""
    name = imap_utf7.encode(path).decode().replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}"'


def ok(answer: tuple[str, list[Any]]) -> list[Any]:
    assert answer[0] == "OK", answer
    return answer[1]


def folder_paths(client: imaplib.IMAP4) -> dict[str, str]:
    """Every folder that can be selected, with its delimiter."""
    paths = {}
    for line in ok(client.list()):
        if isinstance(line, tuple):
            line = line[0].rpartition(b"{")[0] + b'"' + line[1] + b'"'
        found = _LIST.match(line) if line else None
        if found and b"noselect" not in found["attributes"].lower() and b"nonexist" not in found["attributes"].lower():
            name = found["name"].strip()
            if name.startswith(b'"'):
                name = name[1:-1].replace(b'\\"', b'"').replace(b"\\\\", b"\\")
            paths[imap_utf7.decode(name)] = (found["delimiter"] or b"").decode()
    return paths


def contents(client: imaplib.IMAP4, path: str) -> dict[int, tuple[frozenset[str], bytes]]:
    """UID → flags and bytes of all messages that are not marked \\Deleted."""
    ok(client.select(quoted(path), readonly=True))
    answers = ok(client.uid("FETCH", "1:*", "(UID FLAGS BODY.PEEK[])"))
    found = {}
    for number, part in enumerate(answers):
        if not isinstance(part, tuple):
            continue
        tail = answers[number + 1] if number + 1 < len(answers) and isinstance(answers[number + 1], bytes) else b""
        head = part[0] + b" " + tail
        flags = {flag.decode() for flag in _FLAGS.search(head)[1].split()} - {"\\Recent"}  # type: ignore[index]
        if "\\Deleted" not in flags:
            found[int(_UID.search(head)[1])] = (frozenset(flags), part[1])  # type: ignore[index]
    return found


def theirs(mailbox: AnyMailbox) -> Contents:
    """All that the server has, as the other client sees it.

    Seen in practice: Dovecot lists a deleted folder that had others below it, and will not open it.
    """
    with mailbox.client() as client:
        openable = [path for path in folder_paths(client) if client.select(quoted(path), readonly=True)[0] == "OK"]
        return {path: contents(client, path) for path in openable}


def ours(account: MailAccount) -> Contents:
    """All that Heron shows of the account."""
    folders = Folder.objects.filter(account=account, missing_since=None, selectable=True)
    found: Contents = {path: {} for path in folders.values_list("path", flat=True)}
    rows = Placement.objects.filter(account=account, shown=True)
    for row in rows.select_related("folder", "message__raw"):
        raw = bytes(row.message.raw.data) if row.message.raw else b""
        assert row.uid is not None, (row.folder.path, row.message.subject)
        assert row.epoch == row.folder.epoch
        assert row.uid not in found[row.folder.path]
        found[row.folder.path][row.uid] = (flags_of(row), raw)
    return found


def settle(account: MailAccount) -> None:
    """The toasts have gone, the backoffs are over: push and pull until nothing is open."""
    for _ in range(8):
        Change.objects.filter(account=account, finished_at=None).update(hold_until=None, due_at=None)
        push_changes(account.pk)
        pull(account)
        if not Change.objects.filter(account=account, finished_at=None).exists():
            break
    pull(account)
    # A day goes by: the daily comparison is due, and a folder that is gone is believed to be.
    account.folders.update(deep_scan_at=None)
    account.folders.filter(missing_since__isnull=False).update(missing_since=timezone.now() - timedelta(days=2))
    pull(account)


def pull(account: MailAccount) -> None:
    for work in (pull_account, pull_bodies):
        outcome = work(account.pk)
        while outcome is Outcome.MORE:
            outcome = work(account.pk)
        assert outcome in (Outcome.DONE, Outcome.IDLE), (outcome, account.sync.last_error, account.sync.transcript)


def assert_same(account: MailAccount, mailbox: AnyMailbox) -> None:
    """Both sides show the same folders, and in each the same UIDs, flags and bytes; every count is right."""
    open_changes = Change.objects.filter(account=account, finished_at=None)
    assert not open_changes.exists(), list(
        open_changes.values(
            *("id", "kind", "state", "error", "path", "placement__uid", "placement__gone_phase", "source__path"),
            *("source__missing_since", "target__path", "target__missing_since", "after__state"),
        )
    )
    here, there = ours(account), theirs(mailbox)
    assert here.keys() == there.keys(), here.keys() ^ there.keys()
    for path in there:
        flags_here = {uid: sorted(flags) for uid, (flags, _) in here[path].items()}
        flags_there = {uid: sorted(flags) for uid, (flags, _) in there[path].items()}
        assert flags_here == flags_there, f"{path}: {flags_here} here, {flags_there} there"
        assert here[path] == there[path], f"{path}: other bytes"
    wrong = [*recount(), *recount_sums()]
    assert not wrong, wrong
    assert not Hole.objects.exists()


@contextmanager
def spoken(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[bytes]]:
    """Every command that Heron sends meanwhile, in upper case and without literals."""
    said: list[bytes] = []
    real = ImapSession.start

    def start(self: ImapSession, *parts: bytes) -> bytes:
        said.append(b" ".join(part for part in parts if len(part) < 1000).upper())
        return real(self, *parts)

    with monkeypatch.context() as patch:
        patch.setattr(ImapSession, "start", start)
        yield said
