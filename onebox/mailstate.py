"""What lies in the demo server's mailboxes, put there and read back over the wire (IMAP).

The server keeps its mail in memory; so that a second `make demo` shows what the first one left,
the mailboxes are saved to the data folder and filled again from there. UIDs change by that, as
they do when a real server is rebuilt: Heron matches the messages to those it has.
"""

import hashlib
import imaplib
import json
import os
import re
import shutil
import socket
from collections.abc import Iterable
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

_LIST = re.compile(rb'\((?P<flags>[^)]*)\) (?:"[^"]*"|NIL) (?P<name>.+)')
_FLAGS = re.compile(rb"FLAGS \(([^)]*)\)")
_DATE = re.compile(rb'INTERNALDATE "([^"]+)"')


@dataclass(frozen=True, slots=True)
class StoredMail:
    """One message of one mailbox. ``flags`` as ``\\Seen``; ``date`` is the INTERNALDATE."""

    folder: str
    flags: tuple[str, ...]
    date: datetime
    raw: bytes


class DemoMailbox:
    """One user's mailboxes on the demo server."""

    def __init__(self, host: str, port: int, user: str, password: str) -> None:
        self.host, self.port, self.user, self.password = host, port, user, password

    @contextmanager
    def _login(self) -> Any:
        client = imaplib.IMAP4(self.host, self.port, timeout=30)
        try:
            # Without it each literal waits 40 ms for a delayed acknowledgement.
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            client.login(self.user, self.password)
            yield client
        finally:
            try:
                client.logout()
            except (imaplib.IMAP4.error, OSError):
                client.shutdown()

    def fill(self, mails: Iterable[StoredMail], folders: Iterable[str] = ()) -> int:
        """APPEND every mail, oldest first, and return how many."""
        count = 0
        with self._login() as client:
            made = {"INBOX"}
            for mail in mails:
                if mail.folder not in made:
                    client.create(_quoted(mail.folder))
                    made.add(mail.folder)
                status, reply = client.append(
                    _quoted(mail.folder), f"({' '.join(mail.flags)})", imaplib.Time2Internaldate(mail.date), mail.raw
                )
                if status != "OK":
                    raise RuntimeError(f"The demo mail server refused a message for {mail.folder}: {reply!r}")
                count += 1
            for folder in folders:
                if folder not in made:
                    client.create(_quoted(folder))
        return count

    def read(self) -> tuple[list[str], list[StoredMail]]:
        """Every folder's name, and every message with its flags and date."""
        mails: list[StoredMail] = []
        with self._login() as client:
            names = [match["name"].strip(b'"').decode() for line in client.list()[1] if (match := _LIST.match(line))]
            for name in names:
                if client.select(_quoted(name), readonly=True)[0] != "OK":
                    continue
                status, rows = client.uid("FETCH", "1:*", "(FLAGS INTERNALDATE BODY.PEEK[])")
                for row in rows if status == "OK" else []:
                    if not isinstance(row, tuple):
                        continue
                    head = row[0]
                    flags, date = _FLAGS.search(head), _DATE.search(head)
                    kept = tuple(f for f in (flags[1].decode().split() if flags else []) if f != "\\Recent")
                    moment = datetime.strptime(date[1].decode().strip(), "%d-%b-%Y %H:%M:%S %z") if date else None
                    mails.append(StoredMail(name, kept, moment or datetime.now().astimezone(), row[1]))
        return names, mails


def save(mailboxes: Iterable[DemoMailbox], folder: Path) -> None:
    """Write all mailboxes under ``folder``.

    The former state is put aside by one rename and the new one takes its place by another: whenever this is cut short,
    ``load`` finds one or the other, whole.
    """
    former = _put_back(folder)
    fresh = folder.with_name(folder.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    for mailbox in mailboxes:
        target = fresh / mailbox.user
        target.mkdir(parents=True)
        names, mails = mailbox.read()
        index: list[dict[str, Any]] = []
        for mail in mails:
            digest = hashlib.sha256(mail.raw).hexdigest()
            (target / f"{digest}.eml").write_bytes(mail.raw)
            index.append({"folder": mail.folder, "flags": mail.flags, "date": mail.date.isoformat(), "file": digest})
        (target / "index.json").write_text(json.dumps({"folders": names, "mails": index}), encoding="utf-8")
    shutil.rmtree(former, ignore_errors=True)
    if folder.exists():
        os.replace(folder, former)
    os.replace(fresh, folder)
    shutil.rmtree(former, ignore_errors=True)


def load(mailbox: DemoMailbox, folder: Path) -> bool:
    """Fill a fresh mailbox from what ``save`` wrote; False when there is nothing.

    RuntimeError, before anything is filled in, where the state is not whole.
    """
    _put_back(folder)
    source = folder / mailbox.user
    if not (source / "index.json").exists():
        return False
    try:
        index = json.loads((source / "index.json").read_text(encoding="utf-8"))
        mails = [
            StoredMail(
                row["folder"],
                tuple(row["flags"]),
                datetime.fromisoformat(row["date"]),
                (source / f"{row['file']}.eml").read_bytes(),
            )
            for row in index["mails"]
        ]
    except (FileNotFoundError, ValueError) as error:
        raise RuntimeError(
            f"What is kept of the demo's mailboxes is not whole ({error}).\n"
            f"Remove the folder {folder} to begin again with the sample's mail."
        ) from error
    mailbox.fill(mails, index["folders"])
    return True


def _put_back(folder: Path) -> Path:
    """The place of the former state. What stands there comes back where nothing has taken its place."""
    former = folder.with_name(folder.name + ".former")
    if former.exists() and not folder.exists():
        os.replace(former, folder)
    return former


def _quoted(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
