"""Debian's Dovecot on loopback, for as long as a benchmark needs it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.servers.certificates import make_certificates
from tests.servers.dovecot import Dovecot, dovecot_binary


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
