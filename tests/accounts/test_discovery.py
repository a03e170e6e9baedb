"""Finding servers: the order of the sources, and that nothing odd they say gets through."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from accounts.autoconfig import parse_autoconfig, parse_autodiscover
from accounts.discovery import DnsLookup, SrvRecord, discover
from accounts.providers import ServerPreset
from tests.servers.dns_server import DnsServer
from tests.servers.pages import AUTODISCOVER

CONFIG = """<?xml version="1.0"?>
<clientConfig version="1.1"><emailProvider id="club.example">
  <incomingServer type="pop3"><hostname>pop.club.example</hostname><port>995</port>
    <socketType>SSL</socketType><username>%EMAILLOCALPART%</username></incomingServer>
  <incomingServer type="imap"><hostname>mail.%EMAILDOMAIN%</hostname><port>143</port>
    <socketType>STARTTLS</socketType><username>%EMAILADDRESS%</username></incomingServer>
  <outgoingServer type="smtp"><hostname>mail.club.example</hostname><port>465</port>
    <socketType>SSL</socketType></outgoingServer>
</emailProvider></clientConfig>"""

DATABASE = "https://database.example/v1.1/"


@dataclass
class Network:
    """What there is to find, and what was asked."""

    pages: dict[str, bytes] = field(default_factory=dict)
    records: dict[str, list[SrvRecord]] = field(default_factory=dict)
    exchanges: list[str] = field(default_factory=list)
    greeting: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)
    told: list[str] = field(default_factory=list)

    def fetch(self, url: str, body: bytes = b"") -> bytes | None:
        self.asked.append(url)
        if body:
            self.told.append(url)
        return self.pages.get(url)

    def greets(self, server: ServerPreset) -> bool:
        return f"{server.host}:{server.port}" in self.greeting

    def srv(self, name: str) -> list[SrvRecord]:
        return self.records.get(name, [])

    def mx(self, domain: str) -> list[str]:
        return self.exchanges


def found(network: Network, address: str = "jo@club.example") -> tuple[str, list[str], list[str]]:
    result = discover(address, network, database_url=DATABASE)
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


def test_a_domain_beyond_ascii_is_asked_for_as_it_stands_in_dns() -> None:
    network = Network({"https://autoconfig.xn--bcher-kva.example/mail/config-v1.1.xml": CONFIG.encode()})
    source, incoming, _ = found(network, "jo@Bücher.example")
    assert source == "autoconfig"
    assert incoming[0] == "imap mail.xn--bcher-kva.example:143 starttls jo@Bücher.example"


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
    result = discover("jo@club.example", Network(exchanges=["aspmx.l.google.com"]))
    assert result is not None
    assert result.provider is not None
    assert (result.source, result.provider.key, result.incoming[0].username) == ("mx", "gmail", "jo@club.example")


def test_the_owner_of_the_mx_may_stand_in_the_public_database() -> None:
    network = Network({DATABASE + "hoster.example": CONFIG.encode()}, exchanges=["mx1.eu.hoster.example."])
    source, incoming, _ = found(network)
    assert (source, incoming[0]) == ("mx", "imap mail.club.example:143 starttls jo@club.example")


def test_the_public_database_is_asked_by_domain_alone_and_not_where_the_operator_wants_none() -> None:
    network = Network({DATABASE + "club.example": CONFIG.encode()})
    assert found(network)[0] == "database"
    assert not [url for url in network.asked if "jo@" in url]
    shy = Network({DATABASE + "club.example": CONFIG.encode()})
    assert discover("jo@club.example", shy) is None
    assert not [url for url in shy.asked if "database.example" in url]


def test_of_the_usual_names_those_that_greet_are_kept() -> None:
    network = Network(greeting={"mail.club.example:993", "club.example:587", "mail.club.example:995"})
    assert found(network) == (
        "guess",
        ["imap mail.club.example:993 tls jo@club.example", "pop3 mail.club.example:995 tls jo@club.example"],
        ["club.example:587 starttls"],
    )
    # The server that takes a small domain's mail often has the mailboxes too.
    network = Network(exchanges=["box.host.example"], greeting={"box.host.example:993"})
    assert found(network) == ("guess", ["imap box.host.example:993 tls jo@club.example"], [])


def test_where_nothing_answers_nothing_is_made_up() -> None:
    assert discover("jo@club.example", Network()) is None
    assert discover("jo@club.example", Network(greeting={"mail.club.example:465"})) is None


def test_autodiscover_is_told_the_address_only_where_nothing_else_is_known() -> None:
    url = "https://autodiscover.club.example/autodiscover/autodiscover.xml"
    pages = {url: AUTODISCOVER.format(host="mail.club.example").encode()}
    network = Network(pages)
    assert found(network) == (
        "autodiscover",
        ["imap mail.club.example:993 tls jo@club.example"],
        ["mail.club.example:465 tls"],
    )
    assert network.told == [url]
    network = Network({**pages, DATABASE + "club.example": CONFIG.encode()})
    assert found(network)[0] == "database"
    assert network.told == []


@pytest.mark.parametrize(
    ("old", "new", "servers"),
    [
        ("<SSL>on</SSL>", "<SSL>off</SSL>", []),
        ("<SSL>on</SSL>", "<Encryption>None</Encryption>", []),
        ("<Type>IMAP</Type>", "<Type>EXCH</Type>", ["smtp"]),
        ("mail.club.example", "127.0.0.1", []),
        ("<Port>993</Port><SSL>on</SSL>", "<Port>143</Port><Encryption>TLS</Encryption>", ["imap", "smtp"]),
        ("<Autodiscover", '<!DOCTYPE x [<!ENTITY a "b">]><Autodiscover', []),
    ],
)
def test_odd_autodiscover_answers(old: str, new: str, servers: list[str]) -> None:
    content = AUTODISCOVER.format(host="mail.club.example").replace(old, new).encode()
    assert [server.protocol for server in parse_autodiscover(content, "jo@club.example")] == servers


def test_a_network_that_hangs_is_not_waited_for() -> None:
    over = threading.Event()

    class Hanging(Network):
        def fetch(self, url: str, body: bytes = b"") -> bytes | None:
            over.wait(60)
            return None

    network = Hanging(records={"_imaps._tcp.club.example": [SrvRecord(0, 1, 993, "one.example")]})
    began = time.monotonic()
    try:
        result = discover("jo@club.example", network, database_url=DATABASE, seconds=0.6)
        assert result is not None
        assert result.source == "srv"
        assert discover("jo@club.example", Hanging(), database_url=DATABASE, seconds=0.6) is None
        # Both asked to be short. By the usual time (``DISCOVERY_SECONDS``) they would take fifteen seconds.
        assert time.monotonic() - began < 5
    finally:
        over.set()


@pytest.fixture
def dns_server() -> Iterator[DnsServer]:
    server = DnsServer()
    server.start()
    yield server
    server.stop()


def test_records_of_a_real_name_server(dns_server: DnsServer) -> None:
    dns_server.records = {
        ("_imaps._tcp.club.test", "SRV"): ["10 5 993 two.club.test.", "0 5 993 one.club.test."],
        ("_pop3s._tcp.club.test", "SRV"): ["0 0 0 ."],
        ("club.test", "MX"): ["20 backup.club.test.", "10 mx.club.test."],
    }
    lookup = DnsLookup([dns_server.address])
    assert sorted(lookup.srv("_imaps._tcp.club.test"))[0] == SrvRecord(0, 5, 993, "one.club.test")
    assert lookup.srv("_pop3s._tcp.club.test") == [SrvRecord(0, 0, 0, ".")]
    assert lookup.srv("_imap._tcp.club.test") == []
    assert lookup.mx("club.test") == ["mx.club.test", "backup.club.test"]
    assert lookup.mx("nobody.test") == []


@pytest.mark.parametrize(
    "address", ["", "jo", "jo@", "jo@localhost", "jo@127.0.0.1", "jo@a b.example", "jo@x.example/y"]
)
def test_what_is_no_address_is_not_looked_for(address: str) -> None:
    network = Network()
    assert discover(address, network) is None
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
    servers = parse_autoconfig(CONFIG.replace(old, new).encode(), "jo@club.example")
    assert "imap" not in [server.protocol for server in servers]


def test_too_much_is_refused() -> None:
    assert parse_autoconfig(CONFIG.encode() + b" " * 70_000, "jo@club.example") == []
    assert parse_autoconfig(b"", "jo@club.example") == []
