"""Sixty spellings of places that are nobody's to reach, refused at every door: IMAP, POP3, SMTP, pictures, tokens."""

import http.server
import socket
import threading
from collections.abc import Iterator

import pytest

from mailsync.errors import MailError, NeedsUser
from mailsync.protocol import egress, http_get, imap, pop3, smtp
from mailsync.types import Secret, Security, ServerSettings

SPELLINGS = [
    # This machine, in every notation that a C library reads.
    *("127.0.0.1", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "0177.1", "017700000001"),
    *("127.0.0.1.", "127.127.127.127", "localhost", "LOCALHOST", "localhost.", "0", "0.0.0.0", "0x0", "00.0"),
    *("[::1]", "::1", "0:0:0:0:0:0:0:1", "[::]", "::", "::127.0.0.1"),
    *("::ffff:127.0.0.1", "[::ffff:7f00:1]", "::ffff:0:0", "0000:0000:0000:0000:0000:ffff:7f00:0001"),
    # Private networks, carriers' networks, link-local.
    *("10.0.0.1", "10.1", "167772161", "0xa000001", "172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1"),
    *("0xc0a80001", "100.64.0.1", "169.254.1.1", "fe80::1", "fc00::1", "fd12:3456::1", "fec0::1"),
    # Services that tell a machine in a data centre its secrets.
    *("169.254.169.254", "0xa9fea9fe", "2852039166", "::ffff:169.254.169.254", "fd00:ec2::254", "100.100.100.200"),
    # IPv6 that carries a forbidden IPv4 address inside.
    *("64:ff9b::7f00:1", "64:ff9b::a00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a00:1::", "2001:0:4136:e378::1"),
    # For many, for documents, for nobody.
    *("224.0.0.1", "ff02::1", "255.255.255.255", "192.0.2.1", "198.51.100.1", "2001:db8::1", "240.0.0.1", "198.18.0.1"),
]


def settings_of(protocol: str, host: str) -> ServerSettings:
    secret = Secret("password", "never sent")
    return ServerSettings(protocol, host, 993, Security.TLS, "anna", secret, timeout_seconds=2)  # type: ignore[arg-type]


DOORS = {
    "imap": lambda host: imap.connect(settings_of("imap", host)),
    "pop3": lambda host: pop3.connect(settings_of("pop3", host)),
    "smtp": lambda host: smtp.connect(settings_of("smtp", host)),
    "pictures": lambda host: http_get.get(
        f"http://{bracketed(host)}/", kind=egress.Kind.PICTURES, limit_bytes=9, timeout_seconds=2
    ),
    "tokens": lambda host: http_get.post_form(
        f"https://{bracketed(host)}/token", {}, kind=egress.Kind.OAUTH, limit_bytes=9, timeout_seconds=2
    ),
}


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host and not host.startswith("[") else host


@pytest.fixture(autouse=True)
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a connection was made")

    monkeypatch.setattr(egress.socket, "create_connection", refuse)


def test_there_are_sixty_and_none_twice() -> None:
    assert len(SPELLINGS) >= 60
    assert len(SPELLINGS) == len(set(SPELLINGS))


@pytest.mark.parametrize("host", SPELLINGS)
def test_every_spelling_is_refused_at_every_door(host: str) -> None:
    for name, door in DOORS.items():
        with pytest.raises(MailError) as caught:
            door(host)
        assert isinstance(caught.value, NeedsUser), (name, caught.value)
        assert caught.value.code in ("forbidden_host", "unknown_host"), (name, caught.value)


def test_a_name_that_changes_its_mind_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """DNS rebinding: public when it is judged, private when it is connected to. It is asked once."""
    answers = iter(["93.184.215.14", "127.0.0.1"])
    reached: list[str] = []

    def resolve(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (next(answers), 993))]

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        reached.append(address[0])
        raise ConnectionRefusedError

    monkeypatch.setattr(egress.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(egress.socket, "create_connection", connect)
    with pytest.raises(NeedsUser):
        imap.connect(settings_of("imap", "rebinding.example"))
    assert reached == ["93.184.215.14"]


@pytest.fixture
def redirecting() -> Iterator[tuple[int, list[str]]]:
    """A server that sends everybody to ``places[0]``."""
    places: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", places[0])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield server.server_address[1], places
    server.shutdown()
    server.server_close()
    thread.join(5)


@pytest.mark.parametrize("place", ["http://169.254.169.254/", "http://[::1]/", "http://2130706433/", "//10.0.0.1/"])
def test_a_redirect_inside_is_refused(
    redirecting: tuple[int, list[str]], monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    port, places = redirecting
    places.append(place)
    first = [("93.184.215.14", port)]

    def resolve(host: str, *_: object, **__: object) -> list[object]:
        if host == "pictures.example":
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", first[0])]
        return REAL_LOOKUP(host, *_, **__)

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        assert address[0] == "93.184.215.14", "the redirect was followed"
        sock = socket.socket()
        sock.connect(("127.0.0.1", port))
        return sock

    monkeypatch.setattr(egress.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(egress.socket, "create_connection", connect)
    with pytest.raises(NeedsUser) as caught:
        http_get.get("http://pictures.example/", kind=egress.Kind.PICTURES, limit_bytes=9, timeout_seconds=5)
    assert caught.value.code == "forbidden_host"


REAL_LOOKUP = socket.getaddrinfo
