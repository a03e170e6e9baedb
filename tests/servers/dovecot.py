"""A real Dovecot on free loopback ports, in a directory of its own, stopped by its pid.

The fixture ``dovecot`` serves the whole session; ``mailbox`` is one fresh user of it for one test.
Where Dovecot is not installed the tests are skipped by name, but never in CI.
"""

import contextlib
import grp
import imaplib
import os
import pwd
import secrets
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from mailsync.types import Secret, Security, ServerSettings
from tests.servers.certificates import Certificates

INSTALL = "apt-get install dovecot-imapd dovecot-pop3d"

CONFIG = """\
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
listen = 127.0.0.1
protocols = imap pop3
{process_users}
ssl = yes
ssl_cert = <{base}/server.pem
ssl_key = <{base}/server.key
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_failure_delay = 0
auth_cache_size = 0
login_trusted_networks = 127.0.0.1
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 100
mailbox_list_index = yes
first_valid_uid = 1
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {base}/users/%u
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {base}/users/%u
}}
namespace inbox {{
  inbox = yes
  separator = /
  mailbox Drafts {{
    special_use = \\Drafts
    auto = subscribe
  }}
  mailbox Sent {{
    special_use = \\Sent
    auto = subscribe
  }}
  mailbox Junk {{
    special_use = \\Junk
    auto = subscribe
  }}
  mailbox Trash {{
    special_use = \\Trash
    auto = subscribe
  }}
  mailbox Archive {{
    special_use = \\Archive
    auto = subscribe
  }}
}}
service imap-login {{
  process_min_avail = 1
  service_count = 0
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
  {no_chroot}
}}
service pop3-login {{
  service_count = 0
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
    ssl = yes
  }}
  {no_chroot}
}}
service anvil {{
  {no_chroot}
}}
service stats {{
  {no_chroot}
}}
protocol pop3 {{
  pop3_uidl_format = %08Xu%08Xv
}}
{extra}
"""


_given: set[int] = set()


def free_port() -> int:
    """A port that nobody listens on, and that was not given before: a server may want several before it takes one."""
    while True:
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            port = int(sock.getsockname()[1])
        if port not in _given:
            _given.add(port)
            return port


@dataclass(frozen=True)
class Mailbox:
    """One user of the running Dovecot, with what a test does behind Heron's back."""

    server: "Dovecot"
    address: str
    password: str

    @property
    def imap(self) -> ServerSettings:
        """Settings of IMAP over implicit TLS."""
        return self.server.settings("imap", self.server.imaps, Security.TLS, self)

    @property
    def imap_starttls(self) -> ServerSettings:
        return self.server.settings("imap", self.server.imap, Security.STARTTLS, self)

    @property
    def pop3(self) -> ServerSettings:
        """Settings of POP3 over implicit TLS."""
        return self.server.settings("pop3", self.server.pop3s, Security.TLS, self)

    @property
    def pop3_starttls(self) -> ServerSettings:
        return self.server.settings("pop3", self.server.pop3, Security.STARTTLS, self)

    @contextlib.contextmanager
    def client(self, folder: str = "") -> Iterator[imaplib.IMAP4_SSL]:
        """An independent IMAP client (the standard library's), logged in, with ``folder`` selected."""
        context = ssl.create_default_context(cafile=self.server.certificates.ca_file)
        with imaplib.IMAP4_SSL("localhost", self.server.imaps, ssl_context=context, timeout=20) as client:
            client.login(self.address, self.password)
            if folder:
                client.select(f'"{folder}"')
            yield client

    def append(self, raw: bytes, folder: str = "INBOX", flags: str = "", internal_date: float | None = None) -> None:
        """Put a raw message into ``folder``, as another client would; ``internal_date`` in seconds since 1970."""
        when = imaplib.Time2Internaldate(internal_date if internal_date is not None else time.time())
        with self.client() as client:
            kind, answer = client.append(f'"{folder}"', f"({flags})", when, raw)
            assert kind == "OK", answer

    def append_many(self, raws: list[bytes], folder: str = "INBOX") -> None:
        """As ``append``, on one connection."""
        with self.client() as client:
            for raw in raws:
                kind, answer = client.append(f'"{folder}"', "", imaplib.Time2Internaldate(time.time()), raw)
                assert kind == "OK", answer

    def raws(self, folder: str = "INBOX") -> list[bytes]:
        """The raw messages in ``folder``, by UID."""
        with self.client(folder) as client:
            _, found = client.uid("SEARCH", "ALL")
            uids = found[0].split()
            return [client.uid("FETCH", uid.decode(), "(BODY.PEEK[])")[1][0][1] for uid in uids]

    def flags(self, folder: str = "INBOX") -> list[set[str]]:
        """The flags of each message in ``folder``, by UID."""
        with self.client(folder) as client:
            _, lines = client.fetch("1:*", "(FLAGS)")
            return [{flag.decode() for flag in imaplib.ParseFlags(line)} for line in lines if isinstance(line, bytes)]

    def deliver(self, raw: bytes, sender: str = "sender@example.org") -> None:
        """Deliver to the inbox as the domain's own mail server would, with a Return-Path on top."""
        self.append(b"Return-Path: <%s>\r\n" % sender.encode() + raw)


class Dovecot:
    """The running server: ports, and a way to make users. Started and stopped by the fixture."""

    def __init__(self, base: Path, certificates: Certificates, extra: str = "") -> None:
        self.base = base
        self.extra = extra
        self.certificates = certificates
        self.imap, self.imaps, self.pop3, self.pop3s = (free_port() for _ in range(4))
        self.mail_user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.getuid())
        self.process: subprocess.Popen[bytes] | None = None

    def write_config(self) -> Path:
        process_users, no_chroot = "", ""
        if os.geteuid() != 0:
            name, group = self.mail_user.pw_name, grp.getgrgid(self.mail_user.pw_gid).gr_name
            process_users = (
                f"default_internal_user = {name}\ndefault_internal_group = {group}\ndefault_login_user = {name}"
            )
            no_chroot = "chroot ="
        for name in ("run", "state", "mail"):
            (self.base / name).mkdir()
        os.chown(self.base / "mail", self.mail_user.pw_uid, self.mail_user.pw_gid)
        shutil.copy(self.certificates.chain, self.base / "server.pem")
        shutil.copy(self.certificates.key, self.base / "server.key")
        (self.base / "users").mkdir()
        (self.base / "users").chmod(0o755)
        config = self.base / "dovecot.conf"
        ports = {name: getattr(self, name) for name in ("imap", "imaps", "pop3", "pop3s")}
        config.write_text(
            CONFIG.format(base=self.base, process_users=process_users, no_chroot=no_chroot, extra=self.extra, **ports)
        )
        return config

    def start(self) -> None:
        config = self.write_config()
        self.process = subprocess.Popen(
            [dovecot_binary() or "dovecot", "-F", "-c", str(config)], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self._wait(self.process)

    def _wait(self, process: "subprocess.Popen[bytes]") -> None:
        deadline = time.monotonic() + 20
        for port in (self.imap, self.pop3):
            while not self._answers(port):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"The mail server did not start:\n{self.log()}")
                time.sleep(0.05)

    @staticmethod
    def _answers(port: int) -> bool:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=5) as sock:
            return bool(sock.recv(1))
        return False

    def log(self) -> str:
        said = ""
        if self.process and self.process.stderr and self.process.poll() is not None:
            said = self.process.stderr.read().decode(errors="replace")
        path = self.base / "dovecot.log"
        return said + (path.read_text(errors="replace") if path.exists() else "")

    def stop(self) -> None:
        """End the server by its pid, and wait for it."""
        if self.process is None:
            return
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(timeout=10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stderr:
            self.process.stderr.close()

    def add_user(self, name: str = "", password: str = "correct horse") -> Mailbox:
        """A new user; without a name, one nobody else has."""
        address = name if "@" in name else f"{name or 'u' + secrets.token_hex(4)}@example.test"
        home = self.base / "mail" / address
        home.mkdir()
        os.chown(home, self.mail_user.pw_uid, self.mail_user.pw_gid)
        # A file for each user: Dovecot looks at a changed file once a second only.
        entry = self.base / "users" / address
        entry.write_text(f"{address}:{{PLAIN}}{password}:{self.mail_user.pw_uid}:{self.mail_user.pw_gid}::{home}::\n")
        entry.chmod(0o644)
        return Mailbox(self, address, password)

    def settings(self, protocol: str, port: int, security: Security, mailbox: Mailbox) -> ServerSettings:
        return ServerSettings(
            protocol=protocol,  # type: ignore[arg-type]
            host="localhost",
            port=port,
            security=security,
            username=mailbox.address,
            secret=Secret("password", mailbox.password),
            timeout_seconds=20,
            allow_private=True,
            ca_file=self.certificates.ca_file,
        )


_Server = TypeVar("_Server", bound=Dovecot)


def dovecot_binary() -> str | None:
    return shutil.which("dovecot", path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def require_dovecot() -> None:
    """Skip, with the word on what to install; in CI, where it must be there, fail."""
    if dovecot_binary() is None:
        message = f"Dovecot is not installed: {INSTALL}"
        if os.environ.get("CI", "").lower() in ("1", "true", "yes"):
            pytest.fail(message)
        pytest.skip(message)


@pytest.fixture(scope="session")
def dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    """The session's Dovecot. Its directory is not pytest's own, whose mode keeps mail processes out."""
    with running_dovecot(certificates) as server:
        yield server


@contextlib.contextmanager
def running_dovecot(certificates: Certificates, extra: str = "") -> Iterator[Dovecot]:
    """A Dovecot of one's own with further lines of configuration, as ``imap_capability = …``; they win over ours."""
    require_dovecot()
    with running(Dovecot(make_base(), certificates, extra)) as server:
        yield server


def make_base() -> Path:
    """A folder for one server, which its mail processes reach."""
    base = Path(tempfile.mkdtemp(prefix="heron-imap-"))
    base.chmod(0o755)
    return base


@contextlib.contextmanager
def running(server: _Server) -> Iterator[_Server]:
    """The server from its start to its end, when its folder goes as well."""
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.base, ignore_errors=True)


@pytest.fixture
def mailbox(dovecot: Dovecot) -> Mailbox:
    """A fresh user of the running Dovecot."""
    return dovecot.add_user()
