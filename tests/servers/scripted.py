"""A server that follows a script, to say what no sane server says: bytes, pauses and sudden ends.

A script is a list of steps for each connection in turn:

- ``Expect(pattern)``: read one line that matches; its first word is ``{tag}`` from then on
- ``Say(text)``: send lines (``{tag}`` is filled in); ``Raw(bytes)`` sends bytes as they are
- ``Read(count)``: take that many bytes; ``Until(ending)``: take all up to this ending
- ``StartTls()``, ``Pause(seconds)``, ``Reset()`` (RST), ``Hangup()`` (FIN)
"""

import contextlib
import re
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pytest

from mailsync.types import Secret, Security, ServerSettings
from tests.servers.certificates import Certificates


@dataclass(frozen=True)
class Expect:
    """A line, as a regular expression that must match at its start, whatever the letter case."""

    pattern: str


@dataclass(frozen=True)
class Say:
    """Lines to send. ``{tag}`` is the tag of the last line expected, ``{before}`` that of the one before."""

    text: str


@dataclass(frozen=True)
class Raw:
    data: bytes


@dataclass(frozen=True)
class Read:
    count: int


@dataclass(frozen=True)
class Until:
    ending: bytes


@dataclass(frozen=True)
class StartTls:
    pass


@dataclass(frozen=True)
class Pause:
    seconds: float


@dataclass(frozen=True)
class Reset:
    pass


@dataclass(frozen=True)
class Hangup:
    pass


Step = Expect | Say | Raw | Read | Until | StartTls | Pause | Reset | Hangup


class ScriptedServer:
    """Listens on a free loopback port and plays one script a connection. ``heard`` is all that was
    expected and came, ``pending`` what came beyond it."""

    def __init__(self, scripts: Sequence[Sequence[Step]], certificates: Certificates, *, tls: bool = False) -> None:
        self._scripts = list(scripts)
        self._certificates = certificates
        self._tls = tls
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self.heard: list[bytes] = []
        self.wrong: list[str] = []
        self.pending = b""
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def settings(
        self, protocol: str = "imap", *, security: Security = Security.NONE, seconds: float = 5
    ) -> ServerSettings:
        return ServerSettings(
            protocol=protocol,  # type: ignore[arg-type]
            host="localhost",
            port=self.port,
            security=Security.TLS if self._tls else security,
            username="user",
            secret=Secret("password", "open sesame"),
            timeout_seconds=seconds,
            allow_private=True,
            allow_plaintext=True,
            ca_file=self._certificates.ca_file,
        )

    def _serve(self) -> None:
        for script in self._scripts:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.settimeout(20)
            if self._tls:
                try:
                    sock = self._certificates.server_context().wrap_socket(sock, server_side=True)
                except OSError:
                    sock.close()
                    continue
            try:
                _Conversation(self, sock).play(script)
            except AssertionError as error:
                self.wrong.append(str(error))
            except OSError:
                continue

    def stop(self) -> None:
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=20)
        assert not self.wrong, self.wrong


class _Conversation:
    def __init__(self, server: ScriptedServer, sock: socket.socket) -> None:
        self.server = server
        self.sock = sock
        self.tag = self.before = ""
        self.pending = b""

    def play(self, script: Sequence[Step]) -> None:
        try:
            for step in script:
                self.do(step)
        finally:
            self.server.pending = self.pending
            with contextlib.suppress(OSError):
                self.sock.close()

    def do(self, step: Step) -> None:
        match step:
            case Expect(pattern):
                line = self.take(b"\n").rstrip(b"\r\n")
                self.server.heard.append(line)
                text = line.decode("utf-8", "replace")
                assert re.match(pattern, text, re.IGNORECASE), f"expected {pattern!r}, got {text!r}"
                self.before, self.tag = self.tag, text.partition(" ")[0]
            case Say(text):
                self.sock.sendall(self.filled("".join(f"{line}\r\n" for line in text.split("\n")).encode()))
            case Raw(data):
                self.sock.sendall(self.filled(data))
            case Read(count):
                while len(self.pending) < count:
                    self.fill()
                self.server.heard.append(self.pending[:count])
                self.pending = self.pending[count:]
            case Until(ending):
                self.server.heard.append(self.take(ending))
            case StartTls():
                self.sock = self.server._certificates.server_context().wrap_socket(self.sock, server_side=True)
            case Pause(seconds):
                time.sleep(seconds)
            case Reset():
                # RFC 9293: closing with data that may not linger sends RST.
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self.sock.close()
            case Hangup():
                self.sock.close()

    def filled(self, data: bytes) -> bytes:
        return data.replace(b"{tag}", self.tag.encode()).replace(b"{before}", self.before.encode())

    def take(self, ending: bytes) -> bytes:
        while ending not in self.pending:
            self.fill()
        end = self.pending.index(ending) + len(ending)
        taken, self.pending = self.pending[:end], self.pending[end:]
        return taken

    def fill(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError("the client hung up")
        self.pending += data


ScriptMaker = Callable[..., ScriptedServer]


@pytest.fixture
def scripted(certificates: Certificates) -> Iterator[ScriptMaker]:
    """``scripted([steps], [steps], tls=False)``: a server with one script for each connection."""
    servers: list[ScriptedServer] = []

    def make(*scripts: Sequence[Step], tls: bool = False) -> ScriptedServer:
        servers.append(ScriptedServer(scripts, certificates, tls=tls))
        return servers[-1]

    yield make
    for server in servers:
        server.stop()
