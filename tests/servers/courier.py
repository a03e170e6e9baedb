"""A real Courier IMAP server on a free loopback port: INBOX. namespace, no MOVE, no CONDSTORE, no special use.

Debian's package cannot stand beside Dovecot, so ``tests/system.py`` unpacks it into a folder instead. Courier's own
login server hands each connection to ``imapd`` with the user's name in the environment; a thread does that here.
"""

import contextlib
import imaplib
import os
import pwd
import re
import secrets
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.system import UNPACKED

HOME = UNPACKED / "courier"
CAPABILITY = "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT QUOTA IDLE"
_LINE = re.compile(rb'(\S+) (\S+)(?: "?([^" ]*)"?(?: "?([^"]*)"?)?)?\r\n')


@dataclass(frozen=True)
class CourierMailbox:
    """One user of the running server."""

    server: "Courier"
    address: str
    password: str

    @contextlib.contextmanager
    def client(self, folder: str = "") -> Iterator[imaplib.IMAP4]:
        with imaplib.IMAP4("127.0.0.1", self.server.port, timeout=20) as client:
            client.login(self.address, self.password)
            if folder:
                client.select(f'"{folder}"')
            yield client


class Courier:
    def __init__(self, base: Path) -> None:
        self.base = base
        self.owner = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._passwords: dict[bytes, bytes] = {}
        self._children: list[subprocess.Popen[bytes]] = []
        # imapd would look 25 times, for 1.25 seconds at each login, for the server that tells it of changed files
        # (Gamin): somebody is there and hangs up. The name of its socket is as long as the field that holds it.
        self._watcher = socket.socket(socket.AF_UNIX)
        self._watcher_id = secrets.token_hex(8)
        self._watcher.bind(f"\0/tmp/fam-{self.owner.pw_name}-{self._watcher_id}".ljust(108, "\0"))
        self._watcher.listen()
        threading.Thread(target=self._hang_up, daemon=True).start()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def add_user(self) -> CourierMailbox:
        address, password = f"c{secrets.token_hex(4)}@example.test", "correct-horse"
        for path in ("", "Maildir", "Maildir/cur", "Maildir/new", "Maildir/tmp"):
            folder = self.base / address / path
            folder.mkdir(mode=0o700)
            os.chown(folder, self.owner.pw_uid, self.owner.pw_gid)
        self._passwords[address.encode()] = password.encode()
        return CourierMailbox(self, address, password)

    def stop(self) -> None:
        for listener in (self._listener, self._watcher):
            listener.shutdown(socket.SHUT_RDWR)
            listener.close()
        self._thread.join(timeout=10)
        for child in self._children:
            if child.poll() is None:
                child.terminate()
            child.wait(timeout=10)

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                self._watcher.accept()[0].close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                # One after the other: a login takes no time, and what follows is imapd's own.
                connection.settimeout(10)
                with contextlib.suppress(OSError):
                    self._greet(connection)

    def _greet(self, connection: socket.socket) -> None:
        connection.sendall(b"* OK Courier-IMAP ready.\r\n")
        line = b""
        while piece := connection.recv(1):
            line += piece
            if not line.endswith(b"\n"):
                continue
            found = _LINE.fullmatch(line)
            tag, verb, name, password = found.groups() if found else (b"*", b"", b"", b"")
            line = b""
            match verb.upper():
                case b"CAPABILITY":
                    connection.sendall(b"* CAPABILITY %s\r\n%s OK done\r\n" % (CAPABILITY.encode(), tag))
                case b"LOGIN" if self._passwords.get(name, b"") == password:
                    self._hand_over(connection, tag.decode(), name.decode())
                    return
                case _:
                    connection.sendall(tag + b" NO not now\r\n")

    def _hand_over(self, connection: socket.socket, tag: str, name: str) -> None:
        connection.setblocking(True)
        libraries = [str(path) for path in (HOME / "usr/lib").glob("*-linux-gnu*")] + [str(HOME / "usr/lib")]
        switched = (
            {"user": self.owner.pw_uid, "group": self.owner.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        )
        self._children.append(
            subprocess.Popen(
                [str(HOME / "usr/bin/imapd"), "Maildir"],
                stdin=connection,
                stdout=connection,
                stderr=subprocess.DEVNULL,
                cwd=self.base / name,
                env={
                    "LD_LIBRARY_PATH": ":".join(libraries),
                    "HOME": str(self.base / name),
                    "AUTHENTICATED": name,
                    "AUTHADDR": name,
                    "MAILDIR": "Maildir",
                    "PROTOCOL": "IMAP",
                    "IMAPLOGINTAG": tag,
                    "IMAP_CAPABILITY": CAPABILITY,
                    "IMAP_KEYWORDS": "1",
                    "IMAP_USELOCKS": "0",
                    "AUTHFULLNAME": "",
                    "GAM_CLIENT_ID": self._watcher_id,
                    "TCPREMOTEIP": "127.0.0.1",
                    "TCPREMOTEPORT": "1",
                    "PATH": "/usr/bin:/bin",
                },
                **switched,  # type: ignore[call-overload]
            )
        )


@pytest.fixture(scope="session")
def courier() -> Iterator[Courier]:
    if not (HOME / "usr/bin/imapd").exists():
        pytest.skip("Courier is not unpacked: python3 tests/system.py does it, where apt-get can download")
    base = Path(tempfile.mkdtemp(prefix="heron-courier-"))
    base.chmod(0o755)
    server = Courier(base)
    yield server
    server.stop()
    shutil.rmtree(base, ignore_errors=True)
