"""A login that is only tried ends in time, whatever its server says: a person waits, and a thread of the site."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from itertools import repeat
from typing import Literal

import pytest

from mailsync.engine import probe
from mailsync.types import Secret, Security, ServerSettings

Protocol = Literal["imap", "pop3", "smtp"]
_BEGINS: dict[Protocol, bytes] = {"imap": b"* OK ", "pop3": b"+OK ", "smtp": b"220-"}


@contextlib.contextmanager
def saying(first: bytes, again: bytes, *, pause: float = 0.0) -> Iterator[int]:
    """A server that goes on for as long as anybody listens; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            connection, _ = listening.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(first)
                for piece in repeat(again):
                    connection.sendall(piece)
                    time.sleep(pause)

        thread = threading.Thread(target=talk)
        thread.start()
        try:
            yield listening.getsockname()[1]
        finally:
            thread.join()


def server_at(port: int, protocol: Protocol) -> ServerSettings:
    return ServerSettings(
        protocol=protocol,
        host="localhost",
        port=port,
        security=Security.NONE,
        username="ann",
        secret=Secret("password", "hush"),
        allow_private=True,
        allow_plaintext=True,
    )


@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_a_byte_now_and_then_does_not_hold_it(protocol: Protocol, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "LOGIN_SECONDS", 0.6)
    with saying(_BEGINS[protocol], b"x", pause=0.05) as port:
        began = time.monotonic()
        result = probe._probe(server_at(port, protocol))
        took = time.monotonic() - began
        assert (result.ok, result.code) == (False, "timeout")
        told = f"localhost:{port} did not finish within 1 seconds. Check the port, or try again later."
        assert result.message == told
        assert took < 3
        step = probe.examine(server_at(port, protocol))[2]
    assert (step.step, step.result.code) == ("tls", "timeout")


@pytest.mark.parametrize(
    ("protocol", "first", "again"),
    [
        ("imap", b"* OK ready\r\n", b"* OK still here\r\n" * 500),
        ("imap", b"* OK ready\r\n", b"* 1 FETCH (BODY[] {60000}\r\n" + b"x" * 60_000 + b")\r\n"),
        ("pop3", b"+OK ready\r\n+OK\r\n", b"X-AND-MORE\r\n" * 500),
        ("smtp", b"", b"220-and more\r\n" * 500),
    ],
)
def test_words_without_end_are_not_kept(protocol: Protocol, first: bytes, again: bytes) -> None:
    """At the speed of a line they would fill the memory of the site within the time that a login has."""
    with saying(first, again) as port:
        began = time.monotonic()
        assert not probe._probe(server_at(port, protocol)).ok
        assert time.monotonic() - began < 10
