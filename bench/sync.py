"""How fast a mailbox comes in: ``python -m bench.sync [--messages 10000]``.

A generated mailbox (about 107 kB a message) in Dovecot on loopback, everything fetched, parsed, threaded,
indexed and stored in Postgres by one worker; then an unchanged pull. Beside mbsync, and mbsync with
notmuch, where Debian's isync and notmuch are installed, in the same run on the same mailbox.
"""

import argparse
import os
import resource
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.parse import generated_mailbox
from bench.scratch import scratch_database
from tests.servers.certificates import Certificates, make_certificates
from tests.servers.dovecot import Dovecot, Mailbox, dovecot_binary

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


@contextmanager
def timed(what: str) -> Iterator[None]:
    """Print wall time and the processor time of this process."""
    wall, cpu = time.perf_counter(), time.process_time()
    yield
    print(f"{what:<46}{time.perf_counter() - wall:>9.1f} s{time.process_time() - cpu:>9.1f} s CPU", flush=True)


def fill(server: Dovecot, mailbox: Mailbox, raws: list[bytes]) -> None:
    """Put the messages into the user's Maildir, as fast as files can be written."""
    home = server.base / "mail" / mailbox.address / "Maildir"
    for name in ("", "cur", "new", "tmp"):
        (home / name).mkdir(parents=True, exist_ok=True)
        os.chown(home / name, server.mail_user.pw_uid, server.mail_user.pw_gid)
    start = int(time.time()) - len(raws) * 60
    for number, raw in enumerate(raws):
        path = home / "cur" / f"{start + number * 60}.M{number}P1.bench:2,{'S' if number % 3 else ''}"
        path.write_bytes(raw)
        os.utime(path, (start + number * 60, start + number * 60))
        os.chown(path, server.mail_user.pw_uid, server.mail_user.pw_gid)


def bench_heron(mailbox: Mailbox) -> None:
    from mailsync.engine.pull import Outcome, pull_account, pull_bodies
    from mailsync.models import Folder
    from tests.engine.boxes import dovecot_account

    account = dovecot_account(mailbox)

    def finish(work: Callable[..., Outcome]) -> None:
        while work(account.pk) is Outcome.MORE:
            continue

    with timed("Heron: headers, threads, lists"):
        finish(pull_account)
    with timed("Heron: bodies, facts, text index"):
        finish(pull_bodies)
    with timed("Heron: unchanged pull"):
        finish(pull_account)
    inbox = Folder.objects.get(account=account, role="inbox")
    assert inbox.bodies_pending == 0
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{inbox.total} messages; the worker's peak memory was {peak:.0f} MB")


def bench_mbsync(mailbox: Mailbox) -> None:
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
        with timed("mbsync"):
            subprocess.run(["mbsync", "-q", "-c", config, "-a"], check=True)
        if shutil.which("notmuch") is None:
            return
        settings = Path(folder) / "notmuch"
        settings.write_text(f"[database]\npath={target}\n[user]\nname=A\nprimary_email=a@example.test\n[new]\ntags=\n")
        with timed("notmuch new"):
            subprocess.run(["notmuch", f"--config={settings}", "new", "--quiet"], check=True)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--messages", type=int, default=10_000)
    count = parser.parse_args().messages
    if dovecot_binary() is None:
        raise SystemExit("Dovecot is not installed: apt-get install dovecot-imapd")
    with tempfile.TemporaryDirectory(prefix="heron-bench-") as folder:
        base = Path(folder)
        base.chmod(0o755)
        certificates: Certificates = make_certificates(base)
        server = Dovecot(base / "server", certificates)
        server.base.mkdir(mode=0o755)
        server.start()
        try:
            mailbox = server.add_user()
            # In a process of its own, so that making the mailbox does not count as the worker's memory.
            if (child := os.fork()) == 0:
                fill(server, mailbox, generated_mailbox(count))
                os._exit(0)
            assert os.waitpid(child, 0)[1] == 0
            with mailbox.client("INBOX"):
                pass  # Dovecot numbers the messages at the first look; nobody's time counts that.
            with scratch_database():
                bench_heron(mailbox)
            bench_mbsync(mailbox)
        finally:
            server.stop()


if __name__ == "__main__":
    main()
