"""An account of 100,000 messages in 20 folders: part of ``make bench-sync``, or ``python -m bench.large``.

How long after connecting it the first screen of the inbox can be read, with the newest message opened; and what
a pull costs, in bytes and processor time, when nothing has changed. Dovecot on loopback, four fifths of the mail in
the inbox.
"""

import argparse
import base64
import os
import threading
import time

from bench.figures import counted_traffic, peak_mb, timed
from bench.mail_server import mail_server
from bench.scratch import scratch_database
from tests.servers.dovecot import Dovecot, Mailbox

FOLDERS = 20
#: Those that Dovecot makes by itself for every user of the tests.
_GIVEN = ("Drafts", "Sent", "Junk", "Trash", "Archive")
_SCREEN = 50
_MESSAGE = (
    b"Received: from mx by mail\r\nFrom: Ada <ada@example.org>\r\nTo: Bob <bob@example.org>\r\n"
    b"Date: Thu, 01 Jan 2026 00:07:00 +0000\r\nSubject: Subject of message %(number)d\r\n"
    b"Message-ID: <%(number)d@example.org>\r\n\r\nText %(number)d\r\n"
)
GOAL_SECONDS, GOAL_BYTES, GOAL_CPU_MS, GOAL_MB = 3.0, 2048, 100, 300
HUGE_BYTES = 145_000_000


def fill(server: Dovecot, mailbox: Mailbox, count: int) -> None:
    """Small messages as files of the user's Maildir; numbered by Dovecot before anybody's time counts."""
    home = server.base / "mail" / mailbox.address / "Maildir"
    others = [*_GIVEN, *(f"Project {n}" for n in range(FOLDERS - 1 - len(_GIVEN)))]
    each = count // 5 // len(others)
    owner = (server.mail_user.pw_uid, server.mail_user.pw_gid)
    start = int(time.time()) - count * 60
    number = 0
    for name, size in (("", count - each * len(others)), *((f".{name}", each) for name in others)):
        for part in ("", "cur", "new", "tmp"):
            (home / name / part).mkdir(parents=True, exist_ok=True)
            os.chown(home / name / part, *owner)
        for _ in range(size):
            number += 1
            seconds = start + number * 60
            path = home / name / "cur" / f"{seconds}.M{number}P1.bench:2,{'S' if number % 3 else ''}"
            path.write_bytes(_MESSAGE % {b"number": number})
            os.utime(path, (seconds, seconds))
            os.chown(path, *owner)
    with mailbox.client() as client:
        for name in ("INBOX", *others):
            client.select(f'"{name}"')


def bench(mailbox: Mailbox, count: int) -> None:
    from django.db import connections

    from mailsync.engine.pull import Outcome, fetch_message, pull_account
    from mailsync.models import Folder, Message, Placement
    from mailsync.store.listing import list_rows
    from tests.engine.boxes import dovecot_account
    from webmail.celery import ease_interpreter

    account = dovecot_account(mailbox)
    ease_interpreter()

    def pull() -> None:
        try:
            while pull_account(account.pk) is Outcome.MORE:
                continue
        finally:
            connections.close_all()

    thread = threading.Thread(target=pull)
    began = time.perf_counter()
    with timed(f"first pull of {count} headers"):
        thread.start()
        while True:
            inbox = Folder.objects.filter(account=account, role="inbox").first()
            if inbox is not None and len(list_rows([inbox.pk], by_conversation=True).rows) == _SCREEN:
                break
            time.sleep(0.02)
        screen = time.perf_counter() - began
        newest = Placement.objects.filter(folder=inbox).order_by("-received_at").values_list("message_id").first()
        assert newest is not None
        assert fetch_message(newest[0]) is Outcome.DONE
        opened = time.perf_counter() - began
        thread.join()
    assert Message.objects.get(pk=newest[0]).raw_id is not None
    assert Placement.objects.filter(account=account).count() == count
    print(
        f"first screen after {screen:.2f} s, its newest message open after {opened:.2f} s (goal {GOAL_SECONDS:.0f} s)"
    )
    pull_account(account.pk)
    folders = Folder.objects.filter(account=account).count()
    with counted_traffic() as moved, timed(f"unchanged pull of {folders} folders") as taken:
        assert pull_account(account.pk) is Outcome.DONE
    each = sum(moved) / folders
    print(
        f"unchanged: {each:.0f} bytes a folder, login included (goal {GOAL_BYTES}); {taken.cpu * 1000:.0f} ms of CPU",
        end="",
    )
    print(f" (goal {GOAL_CPU_MS}) and {taken.database * 1000:.0f} ms of PostgreSQL")
    before = peak_mb()
    add_huge(mailbox)
    with timed(f"one message of {HUGE_BYTES // 1_000_000} MB"):
        pull_account(account.pk)
        huge = Message.objects.get(account=account, size_bytes__gte=HUGE_BYTES)
        assert fetch_message(huge.pk) is Outcome.DONE
    huge.refresh_from_db()
    assert huge.raw_id is not None
    print(f"the worker's peak memory was {before:.0f} MB, with that message {peak_mb():.0f} MB (goal {GOAL_MB})")


def add_huge(mailbox: Mailbox) -> None:
    """A message as large as Heron takes, one long attachment."""
    line = base64.b64encode(bytes(57)) + b"\r\n"
    raw = (
        b"Message-ID: <huge@example.org>\r\nSubject: Huge\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf;"
        b' name="huge.pdf"\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\n'
    )
    server = mailbox.server
    path = server.base / "mail" / mailbox.address / "Maildir" / "new" / f"{int(time.time())}.M1P2.bench"
    with path.open("wb") as file:
        file.write(raw)
        for _ in range(HUGE_BYTES // len(line) + 1):
            file.write(line)
    os.chown(path, server.mail_user.pw_uid, server.mail_user.pw_gid)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=100_000)
    count = parser.parse_args().messages
    with mail_server() as server:
        mailbox = server.add_user()
        fill(server, mailbox, count)
        with scratch_database():
            bench(mailbox, count)


if __name__ == "__main__":
    main()
