"""Finding the servers behind an address: an address and two ways to ask the network flow in, servers flow out.

Network room, without ORM, through what it is given: ``fetch`` gets a URL as carefully as strangers'
URLs need, ``Lookup`` asks DNS. Whatever comes back was written by others and may be false: host names
and ports are checked for shape here and for address at each connection, only TLS and STARTTLS are
taken, and nobody's password is sent before its owner has seen the server's name.

Order: our own table, the domain's autoconfig, SRV records (RFC 6186, RFC 8314), the owner of its MX,
and last the usual names, which are guesses and marked as such.
"""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

import dns.exception
import dns.resolver

from accounts.providers import ProtocolName, Provider, ServerPreset, provider_for_address, provider_for_mx, settings_for

#: A URL to its content, or None whatever went wrong.
Fetch = Callable[[str], bytes | None]
Source = Literal["table", "autoconfig", "srv", "mx", "guess"]

_CONFIG_BYTES = 64 * 1024
_DNS_SECONDS = 3.0
_HOST = re.compile(r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}\Z")
_SERVICES: tuple[tuple[str, ProtocolName, Literal["tls", "starttls"]], ...] = (
    ("_imaps._tcp", "imap", "tls"),
    ("_imap._tcp", "imap", "starttls"),
    ("_pop3s._tcp", "pop3", "tls"),
    ("_submissions._tcp", "smtp", "tls"),
    ("_submission._tcp", "smtp", "starttls"),
)


class SrvRecord(NamedTuple):
    priority: int
    weight: int
    port: int
    host: str


class Lookup(Protocol):
    """The two questions to DNS; each answers with an empty list whatever went wrong."""

    def srv(self, name: str) -> list[SrvRecord]: ...

    def mx(self, domain: str) -> list[str]: ...


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found, best first. ``provider`` is set where the servers are those of a known one."""

    source: Source
    incoming: tuple[ServerPreset, ...]
    outgoing: tuple[ServerPreset, ...]
    provider: Provider | None = None


class SystemLookup:
    """DNS through the system's resolver, in bounded time."""

    def __init__(self) -> None:
        self._resolver = dns.resolver.Resolver()
        self._resolver.lifetime = _DNS_SECONDS

    def srv(self, name: str) -> list[SrvRecord]:
        try:
            answer = self._resolver.resolve(name, "SRV")
        except dns.exception.DNSException:
            return []
        return [SrvRecord(r.priority, r.weight, r.port, r.target.to_text(omit_final_dot=True)) for r in answer]

    def mx(self, domain: str) -> list[str]:
        try:
            answer = self._resolver.resolve(domain, "MX")
        except dns.exception.DNSException:
            return []
        ordered = sorted(answer, key=lambda record: record.preference)
        return [record.exchange.to_text(omit_final_dot=True) for record in ordered]


def discover(address: str, fetch: Fetch, lookup: Lookup) -> Discovery | None:
    """The servers of an address; None if it is no address, or its provider has none to connect to."""
    domain = address.rpartition("@")[2].strip().lower()
    if "@" not in address or not _HOST.match(domain):
        return None
    provider = provider_for_address(address)
    if provider is not None:
        return _of_provider("table", provider, address)
    return (
        _autoconfig(domain, address, fetch)
        or _srv(domain, address, lookup)
        or _mx(domain, address, lookup)
        or _guess(domain, address)
    )


def _of_provider(source: Source, provider: Provider, address: str) -> Discovery | None:
    preset = settings_for(provider, address)
    return Discovery(source, preset.incoming, preset.outgoing, provider) if preset.incoming else None


def _autoconfig(domain: str, address: str, fetch: Fetch) -> Discovery | None:
    """The domain's own word, over HTTPS only; the address itself is not told."""
    for url in (
        f"https://autoconfig.{domain}/mail/config-v1.1.xml",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
    ):
        content = fetch(url)
        found = parse_autoconfig(content, address) if content else None
        if found is not None:
            return found
    return None


def parse_autoconfig(content: bytes, address: str) -> Discovery | None:
    """Servers from an autoconfig file; None for what is none, holds none, or tries something."""
    if len(content) > _CONFIG_BYTES or b"<!DOCTYPE" in content or b"<!ENTITY" in content:
        return None
    try:
        root = ElementTree.fromstring(content)  # noqa: S314  small, and without entities of its own
    except ElementTree.ParseError:
        return None
    incoming = [server for kind in ("imap", "pop3") for server in _servers(root, "incomingServer", kind, address)]
    outgoing = list(_servers(root, "outgoingServer", "smtp", address))
    return Discovery("autoconfig", tuple(incoming), tuple(outgoing)) if incoming else None


def _servers(root: ElementTree.Element, tag: str, kind: str, address: str) -> Iterator[ServerPreset]:
    for node in root.iter(tag):
        if node.get("type", "").lower() != kind:
            continue
        host = _filled(node.findtext("hostname", ""), address).lower().rstrip(".")
        port = node.findtext("port", "").strip()
        security = {"SSL": "tls", "STARTTLS": "starttls"}.get(node.findtext("socketType", "").strip().upper())
        if security and port.isdecimal() and 0 < int(port) < 65536 and _HOST.match(host):
            username = _filled(node.findtext("username", "%EMAILADDRESS%"), address)
            yield ServerPreset(kind, host, int(port), security, username or address)  # type: ignore[arg-type]


def _filled(text: str, address: str) -> str:
    local, _, domain = address.rpartition("@")
    for word, value in (("%EMAILADDRESS%", address), ("%EMAILLOCALPART%", local), ("%EMAILDOMAIN%", domain)):
        text = text.replace(word, value)
    return "".join(char for char in text if char.isprintable()).strip()[:320]


def _srv(domain: str, address: str, lookup: Lookup) -> Discovery | None:
    """RFC 6186 §3: lowest priority first; a target of "." says that there is no such service."""
    found: list[ServerPreset] = []
    for service, protocol, security in _SERVICES:
        records = sorted(lookup.srv(f"{service}.{domain}"), key=lambda record: (record.priority, -record.weight))
        for record in records:
            host = record.host.lower().rstrip(".")
            if 0 < record.port < 65536 and _HOST.match(host):
                found.append(ServerPreset(protocol, host, record.port, security, address))
    incoming, outgoing = _split(found)
    return Discovery("srv", incoming, outgoing) if incoming else None


def _mx(domain: str, address: str, lookup: Lookup) -> Discovery | None:
    provider = provider_for_mx(lookup.mx(domain))
    return _of_provider("mx", provider, address) if provider is not None else None


def _guess(domain: str, address: str) -> Discovery:
    """The names that most servers have; a login tells whether they are there."""
    guesses: Sequence[tuple[ProtocolName, str, int, Literal["tls", "starttls"]]] = (
        ("imap", f"imap.{domain}", 993, "tls"),
        ("imap", f"mail.{domain}", 993, "tls"),
        ("pop3", f"pop.{domain}", 995, "tls"),
        ("smtp", f"smtp.{domain}", 465, "tls"),
        ("smtp", f"smtp.{domain}", 587, "starttls"),
        ("smtp", f"mail.{domain}", 465, "tls"),
    )
    incoming, outgoing = _split([ServerPreset(*guess, address) for guess in guesses])
    return Discovery("guess", incoming, outgoing)


def _split(servers: Sequence[ServerPreset]) -> tuple[tuple[ServerPreset, ...], tuple[ServerPreset, ...]]:
    return (
        tuple(server for server in servers if server.protocol != "smtp"),
        tuple(server for server in servers if server.protocol == "smtp"),
    )
