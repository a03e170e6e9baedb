"""Debian's Dovecot on loopback, for as long as a benchmark needs it."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.certificates import make_certificates
from tests.servers.dovecot import Dovecot, Mailbox, dovecot_binary, running_dovecot


@contextmanager
def mail_server() -> Iterator[Dovecot]:
    """Ends the benchmark with a word where Dovecot is not installed."""
    if dovecot_binary() is None:
        raise SystemExit("Dovecot is not installed: apt-get install dovecot-imapd")
    with tempfile.TemporaryDirectory(prefix="heron-bench-") as folder:
        base = Path(folder)
        base.chmod(0o755)
        server = Dovecot(base / "server", make_certificates(base))
        server.base.mkdir(mode=0o755)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextmanager
def in_sdbox(mailbox: Mailbox) -> Iterator[Mailbox]:
    """The same messages in a Dovecot that keeps them as sdbox: its index is quicker than a Maildir's file names."""
    with running_dovecot(mailbox.server.certificates, "mail_location = sdbox:~/sdbox") as server:
        copy = server.add_user(mailbox.address, mailbox.password)
        source = mailbox.server.base / "mail" / mailbox.address / "Maildir"
        asked = ["import", "-u", copy.address, f"maildir:{source}", "", "ALL"]
        subprocess.run(["doveadm", "-c", str(server.base / "dovecot.conf"), *asked], check=True)
        yield copy
