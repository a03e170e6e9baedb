"""How fast a mailbox comes in: ``make bench-sync``, or ``python -m bench.sync [--messages 10000]``.

A generated mailbox (about 107 kB a message) in Dovecot on loopback, everything fetched, parsed, threaded,
indexed and stored in Postgres by one worker; then an unchanged pull, with its bytes on the wire. Beside mbsync,
and mbsync with notmuch, where Debian's isync and notmuch are installed, in the same run on the same mailbox.
CPU is that of the worker with the process that reads for it, or of the command: the servers' is nobody's here. On a
machine that is busy it is the number to compare. ``--profile`` prints where the worker spends it.
"""

import argparse
import cProfile
import mmap
import os
import pstats
import shutil
import struct
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from unittest import mock

from bench.figures import Figures, Share, children_peak, counted_traffic, peak_mb, show, timed
from bench.mail_server import mail_server
from bench.mailbox import generated_mailbox
from bench.scratch import scratch_database
from mailsync.message.lexemes import IndexedText, Vector
from tests.servers.dovecot import Dovecot, Mailbox

_SECONDS = struct.Struct("d")
MBSYNC = """
IMAPAccount box
Host 127.0.0.1
Port {port}
User {user}
Pass "{password}"
SSLType None
AuthMechs LOGIN
PipelineDepth 50

IMAPStore far
Account box

MaildirStore near
Path {target}/
Inbox {target}/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns INBOX
Create Near
SyncState *
"""


def fill(server: Dovecot, mailbox: Mailbox, raws: Iterable[bytes], count: int) -> None:
    """Put the messages into the user's Maildir, as fast as files can be written."""
    home = server.base / "mail" / mailbox.address / "Maildir"
    for name in ("", "cur", "new", "tmp"):
        (home / name).mkdir(parents=True, exist_ok=True)
        os.chown(home / name, server.mail_user.pw_uid, server.mail_user.pw_gid)
    start = int(time.time()) - count * 60
    for number, raw in enumerate(raws):
        path = home / "cur" / f"{start + number * 60}.M{number}P1.bench:2,{'S' if number % 3 else ''}"
        path.write_bytes(raw)
        os.utime(path, (start + number * 60, start + number * 60))
        os.chown(path, server.mail_user.pw_uid, server.mail_user.pw_gid)


def bench_heron(mailbox: Mailbox, *, profile: bool = False) -> tuple[Figures, Share]:
    """What all of it took, and what of that the text index."""
    from mailsync.engine.pull import Outcome, pull_account, pull_bodies
    from mailsync.models import Folder, Message, MessageText
    from tests.engine.boxes import dovecot_account
    from webmail.celery import ease_interpreter

    account = dovecot_account(mailbox)
    ease_interpreter()  # as every worker does

    def finish(work: Callable[..., Outcome]) -> None:
        while work(account.pk) is Outcome.MORE:
            continue

    profiler = cProfile.Profile() if profile else None
    if profiler is not None:
        profiler.enable()
    with measured_index() as index, children_peak() as child:
        with timed("Heron: headers, threads, lists") as headers:
            finish(pull_account)
        with timed("Heron: bodies, facts, text index") as bodies:
            finish(pull_bodies)
    if profiler is not None:
        profiler.disable()
        pstats.Stats(profiler).sort_stats("tottime").print_stats(35)
    own = peak_mb()
    everything = headers + bodies
    show("Heron: everything", everything)
    if everything.database:
        part = (index.cpu + index.database) / (everything.cpu + everything.database)
        print(f"of which the text index: {index.cpu:.2f} s and {index.database:.2f} s, {part:.0%} of all CPU")
    finish(pull_account)
    with counted_traffic() as moved, timed("Heron: unchanged pull"):
        finish(pull_account)
    inbox = Folder.objects.get(account=account, role="inbox")
    assert inbox.bodies_pending == 0
    assert Message.objects.filter(account=account, raw__isnull=False).count() == inbox.total
    assert MessageText.objects.filter(account=account).count() == inbox.total
    folders = Folder.objects.filter(account=account).count()
    print(f"unchanged: {moved[0]} bytes sent, {moved[1]} received, for {folders} folders and the login")
    print(
        f"{inbox.total} messages stored, threaded and searchable; at most {own:.0f} MB in the worker, "
        f"{child[0]:.0f} MB in the process that reads for it"
    )
    return everything, index


@contextmanager
def measured_index() -> Iterator[Share]:
    """What building and writing the text index takes of the processor, in the worker, in the process that reads for
    it, and in PostgreSQL."""
    from mailsync.extract import reader, reading
    from mailsync.store import bodies, intake, text_index

    share = Share()
    with ExitStack() as patches:
        for room, name, asks_database in (
            (reading, "build_vector", False),
            (text_index, "build_vector", False),
            (intake, "write_vectors", True),
            (bodies, "write_vectors", True),
        ):
            work = share.around(getattr(room, name), asks_database=asks_database)
            patches.enter_context(mock.patch.object(room, name, work))
        told = patches.enter_context(tempfile.NamedTemporaryFile())
        told.truncate(_SECONDS.size)
        start = f"from bench.sync import serve_measured; serve_measured({told.name!r})"
        patches.enter_context(mock.patch.object(reader, "_START", start))
        yield share
        share.cpu += _SECONDS.unpack(Path(told.name).read_bytes())[0]


def serve_measured(told: str) -> None:
    """``extract.reader.serve``, with the seconds that building vectors takes always written in the file ``told``."""
    from mailsync.extract import reader, reading

    share = Share()
    build = share.around(reading.build_vector, asks_database=False)
    with open(told, "r+b") as file, mmap.mmap(file.fileno(), _SECONDS.size) as seconds:
        before = _SECONDS.unpack_from(seconds)[0]

        def built(given: IndexedText) -> Vector:
            vector: Vector = build(given)
            _SECONDS.pack_into(seconds, 0, before + share.cpu)
            return vector

        with mock.patch.object(reading, "build_vector", built):
            reader.serve()


def bench_mbsync(mailbox: Mailbox, heron: Figures) -> None:
    if shutil.which("mbsync") is None:
        print("mbsync is not installed (apt-get install isync notmuch): nothing to compare with")
        return
    with tempfile.TemporaryDirectory(prefix="heron-bench-") as folder:
        target = Path(folder) / "mail"
        target.mkdir()
        config = Path(folder) / "mbsyncrc"
        config.write_text(
            MBSYNC.format(port=mailbox.server.imap, user=mailbox.address, password=mailbox.password, target=target)
        )
        with timed("mbsync") as fetched:
            subprocess.run(["mbsync", "-q", "-c", config, "-a"], check=True)
        print(f"Heron to mbsync: {heron.wall / fetched.wall:.2f} of the time, {heron.cpu / fetched.cpu:.2f} of the CPU")
        if shutil.which("notmuch") is None:
            return
        settings = Path(folder) / "notmuch"
        settings.write_text(f"[database]\npath={target}\n[user]\nname=A\nprimary_email=a@example.test\n[new]\ntags=\n")
        with timed("notmuch new") as indexed:
            subprocess.run(["notmuch", f"--config={settings}", "new", "--quiet"], check=True)
        both = fetched + indexed
        show("mbsync + notmuch", both)
        ratios = f"{heron.wall / both.wall:.2f} of the time, {heron.cpu / both.cpu:.2f} of the CPU"
        print(f"Heron to mbsync + notmuch: {ratios}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    count = options.messages
    with mail_server() as server:
        mailbox = server.add_user()
        # In a process of its own, so that making the mailbox does not count as the worker's memory.
        if (child := os.fork()) == 0:
            fill(server, mailbox, generated_mailbox(count), count)
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        with mailbox.client("INBOX"):
            pass  # Dovecot numbers the messages at the first look; nobody's time counts that.
        with scratch_database():
            heron, _index = bench_heron(mailbox, profile=options.profile)
        bench_mbsync(mailbox, heron)


if __name__ == "__main__":
    main()
