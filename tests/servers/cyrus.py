"""A real Cyrus IMAP server, Fastmail's, on free loopback ports: QRESYNC of another hand, POP3, SPECIAL-USE, OBJECTID.

Debian's package cannot stand beside Dovecot, so ``tests/system.py`` unpacks it into a folder instead. ``cyrus`` has
folders beside the inbox with ``/`` between, as Fastmail; ``cyrus_below_inbox`` has them below ``INBOX.``, as a Cyrus
has that nobody has set up otherwise. Any password is right.
"""

import contextlib
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.certificates import Certificates
from tests.servers.dovecot import Dovecot, Mailbox, make_base, running
from tests.system import UNPACKED

HOME = UNPACKED / "cyrus"
_PROGRAMS = "usr/lib/cyrus/bin"

SERVER = """\
configdirectory: {base}/conf
proc_path: {base}/proc
mboxname_lockpath: {base}/lock
defaultpartition: default
partition-default: {base}/mail
idlesocket: {base}/idle
cyrus_user: {user}
syslog_prefix: heron
allowplaintext: yes
sasl_pwcheck_method: alwaystrue
sasl_mech_list: PLAIN
sasl_auto_transition: no
tls_server_cert: {base}/server.pem
tls_server_key: {base}/server.key
virtdomains: userid
altnamespace: {beside}
unixhierarchysep: {beside}
autocreate_quota: 0
autocreate_inbox_folders: {folders}
autocreate_subscribe_folders: {folders}
{uses}
popminpoll: 0
popuseacl: no
"""
SERVICES = """\
START {{
  recover cmd="{programs}/ctl_cyrusdb -C {base}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="{programs}/imapd -C {base}/imapd.conf -U 30" listen="127.0.0.1:{imap}" prefork=1 maxchild=100
  imaps cmd="{programs}/imapd -C {base}/imapd.conf -s -U 30" listen="127.0.0.1:{imaps}" prefork=1 maxchild=100
  pop3 cmd="{programs}/pop3d -C {base}/imapd.conf -U 30" listen="127.0.0.1:{pop3}" prefork=0 maxchild=50
  pop3s cmd="{programs}/pop3d -C {base}/imapd.conf -s -U 30" listen="127.0.0.1:{pop3s}" prefork=0 maxchild=50
}}
DAEMON {{
  idled cmd="{programs}/idled -C {base}/imapd.conf"
}}
EVENTS {{
}}
"""
_FOLDERS = ("conf", "conf/socket", "proc", "lock", "mail")
_USES = ("Drafts", "Sent", "Junk", "Trash", "Archive")


class Cyrus(Dovecot):
    """The running server, with the ports and users of the fixture for Dovecot."""

    def __init__(self, base: Path, certificates: Certificates, *, beside: bool) -> None:
        super().__init__(base, certificates)
        self.beside = beside
        # Where the user of the mail reaches it: the project may lie in a folder that is closed to others.
        self.home = base / "cyrus"

    def write_config(self) -> Path:
        shutil.copytree(HOME, self.home, symlinks=True)
        for name in _FOLDERS:
            (self.base / name).mkdir()
        shutil.copy(self.certificates.chain, self.base / "server.pem")
        shutil.copy(self.certificates.key, self.base / "server.key")
        config = self.base / "imapd.conf"
        config.write_text(
            SERVER.format(
                base=self.base,
                user=self.mail_user.pw_name,
                beside="yes" if self.beside else "no",
                folders=" | ".join(_USES),
                uses="\n".join(f"xlist-{name.lower()}: {name}" for name in _USES),
            )
        )
        ports = {name: getattr(self, name) for name in ("imap", "imaps", "pop3", "pop3s")}
        (self.base / "cyrus.conf").write_text(SERVICES.format(base=self.base, programs=self.home / _PROGRAMS, **ports))
        for name in ("", *_FOLDERS, "server.pem", "server.key", config.name):
            os.chown(self.base / name, self.mail_user.pw_uid, self.mail_user.pw_gid)
        return config

    def start(self) -> None:
        config = self.write_config()
        libraries = [*self.home.glob("usr/lib/*-linux-gnu*"), *self.home.glob("lib/*-linux-gnu*")]
        environment = {
            **os.environ,
            "CYRUS_USER": self.mail_user.pw_name,
            "LD_LIBRARY_PATH": ":".join(map(str, libraries)),
            "SASL_PATH": str(libraries[0] / "sasl2"),
        }
        self.process = subprocess.Popen(
            [str(self.home / _PROGRAMS / "master"), "-D", "-C", str(config), "-M", "cyrus.conf", "-p", "pid"],
            cwd=self.base,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        self._wait(self.process)

    def add_user(self, name: str = "", password: str = "correct horse") -> Mailbox:
        """A new user, whose folders come with the first login."""
        return Mailbox(self, name if "@" in name else f"{name or 'u' + secrets.token_hex(4)}@example.test", password)


@contextlib.contextmanager
def running_cyrus(certificates: Certificates, *, beside: bool) -> Iterator[Cyrus]:
    """A Cyrus with its folders ``beside`` the inbox, or below it."""
    if not (HOME / _PROGRAMS / "imapd").exists():
        pytest.skip("Cyrus is not unpacked: python3 tests/system.py does it, where apt-get can download")
    with running(Cyrus(make_base(), certificates, beside=beside)) as server:
        yield server


@pytest.fixture(scope="session")
def cyrus(certificates: Certificates) -> Iterator[Cyrus]:
    with running_cyrus(certificates, beside=True) as server:
        yield server


@pytest.fixture(scope="session")
def cyrus_below_inbox(certificates: Certificates) -> Iterator[Cyrus]:
    with running_cyrus(certificates, beside=False) as server:
        yield server
