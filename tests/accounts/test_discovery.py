"""Finding servers: the order of the sources, and that nothing odd they say gets through."""

from dataclasses import dataclass, field

import pytest

from accounts.discovery import SrvRecord, discover, parse_autoconfig

CONFIG = """<?xml version="1.0"?>
<clientConfig version="1.1"><emailProvider id="club.example">
  <incomingServer type="pop3"><hostname>pop.club.example</hostname><port>995</port>
    <socketType>SSL</socketType><username>%EMAILLOCALPART%</username></incomingServer>
  <incomingServer type="imap"><hostname>mail.%EMAILDOMAIN%</hostname><port>143</port>
    <socketType>STARTTLS</socketType><username>%EMAILADDRESS%</username></incomingServer>
  <outgoingServer type="smtp"><hostname>mail.club.example</hostname><port>465</port>
    <socketType>SSL</socketType></outgoingServer>
</emailProvider></clientConfig>"""


@dataclass
class Network:
    """What there is to find, and what was asked."""

    pages: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, list[SrvRecord]] = field(default_factory=dict)
    exchanges: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def fetch(self, url: str) -> bytes | None:
        self.asked.append(url)
        return self.pages.get(url)

    def srv(self, name: str) -> list[SrvRecord]:
        return self.records.get(name, [])

    def mx(self, domain: str) -> list[str]:
        return self.exchanges


def found(network: Network, address: str = "jo@club.example") -> tuple[str, list[str], list[str]]:
    result = discover(address, network.fetch, network)
    assert result is not None
    incoming = [f"{s.protocol} {s.host}:{s.port} {s.security} {s.username}" for s in result.incoming]
    return result.source, incoming, [f"{s.host}:{s.port} {s.security}" for s in result.outgoing]


def test_a_known_provider_is_not_looked_for() -> None:
    network = Network()
    assert found(network, "jo@gmail.com")[:2] == (
        "table",
        ["imap imap.gmail.com:993 tls jo@gmail.com", "pop3 pop.gmail.com:995 tls jo@gmail.com"],
    )
    assert network.asked == []


def test_autoconfig_comes_first_over_https_and_without_the_address() -> None:
    network = Network({"https://club.example/.well-known/autoconfig/mail/config-v1.1.xml": CONFIG.encode()})
    assert found(network) == (
        "autoconfig",
        ["imap mail.club.example:143 starttls jo@club.example", "pop3 pop.club.example:995 tls jo"],
        ["mail.club.example:465 tls"],
    )
    assert all(url.startswith("https://") and "jo" not in url for url in network.asked)


def test_srv_records_by_priority() -> None:
    network = Network(
        records={
            "_imaps._tcp.club.example": [
                SrvRecord(20, 0, 993, "two.club.example."),
                SrvRecord(0, 1, 993, "one.example"),
            ],
            "_pop3s._tcp.club.example": [SrvRecord(0, 0, 0, ".")],
            "_submission._tcp.club.example": [SrvRecord(0, 1, 587, "out.club.example")],
        }
    )
    assert found(network) == (
        "srv",
        ["imap one.example:993 tls jo@club.example", "imap two.club.example:993 tls jo@club.example"],
        ["out.club.example:587 starttls"],
    )


def test_the_owner_of_the_mx() -> None:
    result = discover("jo@club.example", Network().fetch, Network(exchanges=["aspmx.l.google.com"]))
    assert result is not None
    assert result.provider is not None
    assert (result.source, result.provider.key, result.incoming[0].username) == ("mx", "gmail", "jo@club.example")


def test_guesses_come_last_and_are_marked() -> None:
    source, incoming, outgoing = found(Network())
    assert source == "guess"
    assert incoming[0] == "imap imap.club.example:993 tls jo@club.example"
    assert outgoing[0] == "smtp.club.example:465 tls"


@pytest.mark.parametrize(
    "address", ["", "jo", "jo@", "jo@localhost", "jo@127.0.0.1", "jo@a b.example", "jo@x.example/y"]
)
def test_what_is_no_address_is_not_looked_for(address: str) -> None:
    network = Network()
    assert discover(address, network.fetch, network) is None
    assert network.asked == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<?xml", '<!DOCTYPE x [<!ENTITY a "b">]><?xml'),
        ("</clientConfig>", ""),
        ("STARTTLS", "plain"),
        (">143<", ">99999<"),
        (">143<", ">-1<"),
        ("mail.%EMAILDOMAIN%", "127.0.0.1"),
        ("mail.%EMAILDOMAIN%", "localhost"),
        ("mail.%EMAILDOMAIN%", "evil.example/path"),
        ("mail.%EMAILDOMAIN%", "evil.example:25"),
    ],
)
def test_odd_configurations_are_refused(old: str, new: str) -> None:
    result = parse_autoconfig(CONFIG.replace(old, new).encode(), "jo@club.example")
    assert result is None or [server.protocol for server in result.incoming] == ["pop3"]


def test_too_much_is_refused() -> None:
    assert parse_autoconfig(CONFIG.encode() + b" " * 70_000, "jo@club.example") is None
    assert parse_autoconfig(b"", "jo@club.example") is None
