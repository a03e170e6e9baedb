"""Roundcube as a peer to measure beside: Debian's packages over PHP's own web server, on loopback.

In: a running Dovecot. Out: the address of a Roundcube whose sign-in takes its users. Nothing of the machine's
own configuration is used or changed: configuration, SQLite database, logs and temporary files lie in a folder
of the run. To install it: ``apt-get install roundcube-core roundcube-sqlite3 php-cli php-sqlite3``.
"""

import os
import secrets
import shutil
import sqlite3
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onebox.valkey import free_port
from tests.servers.dovecot import Dovecot

_CODE = Path("/usr/share/roundcube")
_SITE = Path("/var/lib/roundcube/public_html")
_DEFAULTS = Path("/etc/roundcube")
_CONFIG = """<?php
$config = [
    'db_dsnw' => 'sqlite:///{folder}/roundcube.db?mode=0640',
    'imap_host' => 'localhost:{imap}',
    'smtp_host' => 'localhost:1',
    'des_key' => '{key}',
    'log_dir' => '{folder}',
    'temp_dir' => '{folder}',
    'plugins' => [],
    'create_default_folders' => true,
    'skin' => 'elastic',
    'enable_spellcheck' => false,
    'request_path' => '/',
];
"""


def is_installed() -> bool:
    return (_CODE / "SQL/sqlite.initial.sql").exists() and _SITE.exists() and shutil.which("php") is not None


@contextmanager
def roundcube(folder: Path, dovecot: Dovecot, *, workers: int = 4) -> Iterator[tuple[str, int]]:
    """The address and the process id of a running Roundcube that lives as long as the block.

    Its IMAP connections are in plain text, which flatters it. PHP caches its compiled code, as in production.
    """
    port = free_port()
    (folder / "config.inc.php").write_text(
        _CONFIG.format(folder=folder, imap=dovecot.imap, key=secrets.token_hex(12)), encoding="utf-8"
    )
    for name in ("defaults.inc.php", "mimetypes.php"):
        (folder / name).symlink_to(_DEFAULTS / name)
    with sqlite3.connect(folder / "roundcube.db") as database:
        database.executescript((_CODE / "SQL/sqlite.initial.sql").read_text(encoding="utf-8"))
    with (folder / "php.log").open("wb") as log:
        server = subprocess.Popen(
            [
                *("php", "-d", "opcache.enable_cli=1", "-d", "opcache.validate_timestamps=0"),
                *("-d", "display_errors=0", "-S", f"127.0.0.1:{port}", "-t", str(_SITE)),
            ],
            env={**os.environ, "ROUNDCUBE_CONFIG_DIR": str(folder), "PHP_CLI_SERVER_WORKERS": str(workers)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        _wait(f"http://127.0.0.1:{port}/", server, folder / "php.log")
        yield f"http://127.0.0.1:{port}", server.pid
    finally:
        # The workers of PHP's web server outlive a parent that is told to stop; the session is theirs alone.
        os.killpg(server.pid, 15)
        server.wait(10)


def _wait(url: str, server: "subprocess.Popen[bytes]", log: Path) -> None:
    for _ in range(100):
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except OSError:
            if server.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError(f"Roundcube does not answer:\n{log.read_text(errors='replace')[-2000:]}")
