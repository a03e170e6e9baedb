"""A real Postfix on one free loopback port, with a configuration and a queue of its own, stopped by its pid.

It takes mail for ``example.test`` into maildirs that a test can read, and for nobody else: it relays nothing and has
no SMTP client. It must be started by root; where that is not so, or it is not installed, its tests are skipped.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailsync.types import Secret, Security, ServerSettings
from tests.servers.certificates import Certificates
from tests.servers.dovecot import free_port

INSTALL = "apt-get install --no-install-recommends postfix"
_MASTER = Path("/usr/lib/postfix/sbin/master")
SIZE_LIMIT_BYTES = 200_000
#: Who is here; mail to ``gone`` is taken and comes back, as it is forwarded to somebody who is not.
PEOPLE = ("ann", "bob", "carol", "grün")

_MAIN = """\
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
maillog_file = {base}/log/postfix.log
maillog_file_prefixes = {base}
mail_owner = postfix
setgid_group = postdrop
myhostname = mx.example.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks =
relay_domains =
default_transport = error:5.4.4 this server relays nothing
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions =
smtpd_peername_lookup = no
disable_dns_lookups = yes
virtual_mailbox_domains = example.test
virtual_mailbox_base = {base}/mail
virtual_mailbox_maps = texthash:{base}/people
virtual_alias_maps = texthash:{base}/aliases
virtual_minimum_uid = 1
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = {size}
smtputf8_enable = yes
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = {certificates.chain}
smtpd_tls_key_file = {certificates.key}
smtpd_forbid_bare_newline = normalize
"""
_SERVICES = """\
127.0.0.1:{port} inet n - n - 10 smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
tlsmgr unix - - n 1000? 1 tlsmgr
proxymap unix - - n - - proxymap
postlog unix-dgram n - n - 1 postlogd
"""


@dataclass
class Postfix:
    """The running server. ``raws`` is what somebody has in the mailbox, without the lines that delivery added."""

    base: Path
    certificates: Certificates
    port: int
    process: subprocess.Popen[bytes] | None = None

    def settings(self) -> ServerSettings:
        return ServerSettings(
            protocol="smtp",
            host="localhost",
            port=self.port,
            security=Security.STARTTLS,
            username="",
            secret=Secret("password", ""),
            timeout_seconds=20,
            allow_private=True,
            ca_file=self.certificates.ca_file,
        )

    def write(self) -> None:
        owner = pwd.getpwnam("nobody")
        for name in ("queue", "data", "log", "mail", "config"):
            (self.base / name).mkdir()
        postfix = pwd.getpwnam("postfix")
        os.chown(self.base / "data", postfix.pw_uid, postfix.pw_gid)
        os.chown(self.base / "mail", owner.pw_uid, owner.pw_gid)
        people = "".join(f"{name}@example.test {name}/\n" for name in PEOPLE)
        (self.base / "people").write_text(people)
        (self.base / "aliases").write_text("gone@example.test nobody-here@example.test\n")
        config = self.base / "config"
        main = _MAIN.format(
            base=self.base, uid=owner.pw_uid, gid=owner.pw_gid, size=SIZE_LIMIT_BYTES, certificates=self.certificates
        )
        (config / "main.cf").write_text(main)
        (config / "master.cf").write_text(_SERVICES.format(port=self.port))

    def start(self) -> None:
        config = str(self.base / "config")
        # Makes the queue's directories and hands them to those who write there.
        subprocess.run(["postfix", "-c", config, "check"], capture_output=True, check=False, timeout=60, env=_PATH)
        self.process = subprocess.Popen(
            [str(_MASTER), "-c", config, "-d"], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=_PATH
        )
        deadline = time.monotonic() + 20
        while not self._answers():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"Postfix did not start:\n{self.log()}")
            time.sleep(0.05)

    def _answers(self) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), timeout=5) as sock:
            return sock.recv(3) == b"220"
        return False

    def log(self) -> str:
        path = self.base / "log" / "postfix.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def wait_for(self, line: str) -> None:
        """Until its log says so."""
        deadline = time.monotonic() + 15
        while line not in self.log():
            if time.monotonic() > deadline:
                raise AssertionError(f"The log never said {line!r}:\n{self.log()[-3000:]}")
            time.sleep(0.05)

    def stop(self) -> None:
        """End the server by its pid, its children with it, and wait."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def raws(self, name: str, *, count: int) -> list[bytes]:
        """What was sent, of the messages that somebody has."""
        return [_as_sent(stored) for stored in self.stored(name, count=count)]

    def stored(self, name: str, *, count: int) -> list[bytes]:
        """Waits until somebody has so many messages; they come in the order of their names in the maildir."""
        deadline = time.monotonic() + 15
        while True:
            files = sorted((self.base / "mail" / name / "new").glob("*"))
            if len(files) >= count:
                return [file.read_bytes() for file in files]
            if time.monotonic() > deadline:
                raise AssertionError(f"{name} has {len(files)} messages, not {count}:\n{self.log()[-3000:]}")
            time.sleep(0.05)

    def empty(self) -> None:
        for file in (self.base / "mail").glob("*/new/*"):
            file.unlink()


_PATH = {**os.environ, "PATH": os.environ.get("PATH", "") + ":/usr/sbin:/sbin"}
_ADDED = (b"return-path:", b"x-original-to:", b"delivered-to:", b"received:")


def _as_sent(stored: bytes) -> bytes:
    """Without the header fields that were put on top, and with the line ends of the wire."""
    lines = stored.split(b"\n")
    while lines and (lines[0].lower().startswith(_ADDED) or lines[0][:1] in b" \t"):
        lines.pop(0)
    return b"\r\n".join(lines)


@pytest.fixture(scope="session")
def postfix_server(certificates: Certificates) -> Iterator[Postfix]:
    if not _MASTER.exists():
        message = f"Postfix is not installed: {INSTALL}"
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(message)
        pytest.skip(message)
    if os.geteuid() != 0:
        pytest.skip("Postfix can only be started by root.")
    # Not pytest's own directory, whose mode keeps mail processes out.
    base = Path(tempfile.mkdtemp(prefix="heron-smtp-"))
    base.chmod(0o755)
    server = Postfix(base, certificates, free_port())
    try:
        server.write()
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(base, ignore_errors=True)


@pytest.fixture
def postfix(postfix_server: Postfix) -> Postfix:
    """The session's Postfix, its mailboxes empty."""
    postfix_server.empty()
    return postfix_server
