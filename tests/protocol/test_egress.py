"""Which addresses may be reached: tables of what a name can lead to, and one lookup for one connection."""

import socket
from typing import Any

import pytest

from mailsync.errors import NeedsUser
from mailsync.protocol.egress import Kind, ascii_host, is_forbidden, open_socket


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.0.0.1", "172.16.0.1", "172.31.255.255"),
        *("192.168.1.1", "169.254.169.254", "100.64.0.1", "192.0.0.1", "192.0.2.1", "198.18.0.1", "198.51.100.1"),
        *("203.0.113.1", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255", "192.88.99.1"),
        *("::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::ffff:0:127.0.0.1"),
        *("fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1"),
        *("64:ff9b::7f00:1", "64:ff9b::8.8.8.8", "64:ff9b:1::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "100::1"),
        *("2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.1", "0", "[::1]"),
        *("", "localhost", "example.org", "1.2.3.4.5", "not an address"),
    ],
)
def test_forbidden(address: str) -> None:
    assert is_forbidden(address)


@pytest.mark.parametrize(
    "address",
    [
        "93.184.215.14",
        "8.8.8.8",
        "::ffff:8.8.8.8",
        "2606:4700:4700::1111",
        "2a00:1450:4001::1",
        "1.1.1.1",
        "0x08080808",
    ],
)
def test_allowed(address: str) -> None:
    assert not is_forbidden(address)


def resolve_to(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Make every name lead to these addresses; the list grows with each lookup."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *args: Any, **kwargs: Any) -> list[Any]:
        asked.append(host)
        return [
            (socket.AF_INET6 if ":" in a else socket.AF_INET, socket.SOCK_STREAM, 6, "", (a, port)) for a in addresses
        ]

    monkeypatch.setattr("mailsync.protocol.egress.socket.getaddrinfo", getaddrinfo)
    return asked


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("93.184.215.14", "10.0.0.1"), ("2606:4700::1", "::1")])
def test_one_private_address_among_them_is_enough(monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]) -> None:
    def never(*args: Any, **kwargs: Any) -> Any:
        raise AssertionError("no connection may be tried")

    resolve_to(monkeypatch, *addresses)
    monkeypatch.setattr("mailsync.protocol.egress.socket.create_connection", never)
    with pytest.raises(NeedsUser, match=r"evil\.example:993 leads to a private address") as caught:
        open_socket("evil.example", 993, 1, kind=Kind.MAIL)
    assert caught.value.code == "forbidden_host"


@pytest.mark.parametrize("host", ["0x7f.1", "2130706433", "127.1", "[::1]", "localhost", "localhost."])
def test_no_spelling_of_this_machine_gets_through(host: str) -> None:
    with pytest.raises(NeedsUser) as caught:
        open_socket(host, 993, 1, kind=Kind.MAIL)
    assert caught.value.code == "forbidden_host"


def test_the_name_is_looked_up_once_and_the_judged_address_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolve_to(monkeypatch, "93.184.215.14")
    reached: list[Any] = []

    def create_connection(address: Any, timeout: float) -> socket.socket:
        reached.append(address)
        return socket.socket()

    monkeypatch.setattr("mailsync.protocol.egress.socket.create_connection", create_connection)
    open_socket("imap.example.org", 993, 5, kind=Kind.MAIL).close()
    assert asked == ["imap.example.org"]
    assert reached == [("93.184.215.14", 993)]


def test_a_dead_first_address_does_not_hide_the_second(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        resolve_to(monkeypatch, "127.0.0.2", "127.0.0.1")
        with open_socket("two.example", port, 5, allow_private=True, kind=Kind.MAIL) as sock:
            assert sock.getpeername()[0] == "127.0.0.1"
            assert sock.gettimeout() == 5


def test_a_closed_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NeedsUser, match=f"refused the connection at port {port}") as caught:
        open_socket("localhost", port, 2, allow_private=True, kind=Kind.MAIL)
    assert caught.value.code == "refused"
    assert caught.value.may_pass


def test_silence_is_a_time_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(*args: Any, **kwargs: Any) -> Any:
        raise TimeoutError("timed out")

    resolve_to(monkeypatch, "127.0.0.1")
    monkeypatch.setattr("mailsync.protocol.egress.socket.create_connection", slow)
    with pytest.raises(NeedsUser, match="did not answer at port 993 within 2 seconds") as caught:
        open_socket("slow.example", 993, 2, allow_private=True, kind=Kind.MAIL)
    assert caught.value.code == "timeout"


def test_an_unknown_name_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr("mailsync.protocol.egress.socket.getaddrinfo", unknown)
    with pytest.raises(NeedsUser, match=r"no server called nowhere\.example") as caught:
        open_socket("nowhere.example", 993, 2, kind=Kind.MAIL)
    assert caught.value.code == "unknown_host"


def test_a_name_that_nobody_could_look_up_is_not_called_misspelt(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_answer(*args: Any, **kwargs: Any) -> Any:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr("mailsync.protocol.egress.socket.getaddrinfo", no_answer)
    with pytest.raises(NeedsUser, match="could not be looked up just now") as caught:
        open_socket("imap.gmail.com", 993, 2, kind=Kind.MAIL)
    assert "spelling" not in str(caught.value)


@pytest.mark.parametrize("host", ["", " ", "a b", "user@host", "http://x", "a" * 300, "x\r\ny", "-\u2024.example"])
def test_what_is_no_name_is_refused(host: str) -> None:
    with pytest.raises(NeedsUser) as caught:
        ascii_host(host)
    assert caught.value.code == "unknown_host"


@pytest.mark.parametrize("port", [0, -1, 70000])
def test_what_is_no_port_is_refused(port: int) -> None:
    with pytest.raises(NeedsUser):
        open_socket("example.org", port, 1, kind=Kind.MAIL)


def test_names_in_any_script() -> None:
    assert ascii_host(" IMAP.Bücher.example. ") == "imap.xn--bcher-kva.example"
