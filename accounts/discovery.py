"""Finding the servers behind an address: an address and ways to ask the network flow in, servers flow out.

Network room, without ORM, through what it is given: a ``Network`` fetches URLs as carefully as strangers' URLs
need, asks DNS, and tries whether a server greets. Whatever comes back was written by others and may be false: host
names and ports are checked for shape here and for address at each connection, only TLS and STARTTLS are taken,
and nobody's password is sent before its owner has seen the server's name.

Rank: our own table, the domain's autoconfig, the public database of providers, SRV records (RFC 6186, RFC 8314),
the owner of its MX; then what its autodiscover says, and the usual names, of which those that greet are kept. All
of a rank's questions are asked at once, and however the network behaves, an answer comes within ``seconds``.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol, TypeVar

import dns.exception
import dns.nameserver
import dns.resolver

from accounts.autoconfig import HOST, ascii_domain, build_autodiscover, parse_autoconfig, parse_autodiscover
from accounts.providers import ProtocolName, Provider, ServerPreset, provider_for_address, provider_for_mx, settings_for

Source = Literal["table", "autoconfig", "database", "srv", "mx", "autodiscover", "guess"]
T = TypeVar("T")

#: All of it. Of this, the usual names have what the other questions leave, and at least a third.
DISCOVERY_SECONDS = 9.0
_DNS_SECONDS = 3.0
_THREADS = 32
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


class Network(Protocol):
    """The questions to the outside; each answers with nothing whatever went wrong, in bounded time."""

    def fetch(self, url: str, body: bytes = b"") -> bytes | None:
        """The content behind a URL, or the answer to ``body`` where there is one."""
        ...

    def srv(self, name: str) -> list[SrvRecord]: ...

    def mx(self, domain: str) -> list[str]: ...

    def greets(self, server: ServerPreset) -> bool:
        """Whether a server of this protocol is there. Nothing is sent to it."""
        ...


@dataclass(frozen=True, slots=True)
class Discovery:
    """What was found, best first. ``provider`` is set where the servers are those of a known one.

    ``guess``: those of the usual names at which a server greets."""

    source: Source
    incoming: tuple[ServerPreset, ...]
    outgoing: tuple[ServerPreset, ...]
    provider: Provider | None = None


class DnsLookup:
    """DNS through the system's resolver, or through servers of the operator's choice, in bounded time."""

    def __init__(self, nameservers: Sequence[str] = ()) -> None:
        try:
            self._resolver = dns.resolver.Resolver(configure=not nameservers)
        except dns.resolver.NoResolverConfiguration:
            # A machine without DNS: every question is answered with nothing.
            self._resolver = dns.resolver.Resolver(configure=False)
        if nameservers:
            self._resolver.nameservers = [
                dns.nameserver.Do53Nameserver(host.strip("[]"), int(port) if port else 53)
                for host, port in (_host_and_port(text) for text in nameservers)
            ]
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


def _host_and_port(text: str) -> tuple[str, str]:
    """
    >>> _host_and_port("192.0.2.1:5353"), _host_and_port("2001:db8::1"), _host_and_port("[2001:db8::1]:53")
    (('192.0.2.1', '5353'), ('2001:db8::1', ''), ('[2001:db8::1]', '53'))
    """
    host, colon, port = text.rpartition(":")
    return (host, port) if colon and (":" not in host or host.endswith("]")) else (text, "")


def discover(
    address: str, network: Network, *, database_url: str = "", seconds: float = DISCOVERY_SECONDS
) -> Discovery | None:
    """The servers of an address; None if it is no address, its provider has none to connect to, or nobody knows any."""
    domain = ascii_domain(address.rpartition("@")[2].strip().lower())
    if "@" not in address or not HOST.match(domain):
        return None
    provider = provider_for_address(address)
    if provider is not None:
        return _of_provider("table", provider, address)
    began = time.monotonic()
    with _threads() as pool:
        exchanges = pool.submit(network.mx, domain)
        records = [pool.submit(network.srv, f"{service}.{domain}") for service, _, _ in _SERVICES]
        documents = [pool.submit(network.fetch, url) for url in _autoconfig_urls(domain)]
        entry = pool.submit(network.fetch, database_url + domain) if database_url else None
        until = began + seconds * 2 / 3
        for document in documents:
            if found := _found("autoconfig", parse_autoconfig(_within(until, document) or b"", address)):
                return found
        if entry and (found := _found("database", parse_autoconfig(_within(until, entry) or b"", address))):
            return found
        if found := _srv([_within(until, answer) or [] for answer in records], address):
            return found
        hosts = [host for name in _within(until, exchanges) or [] if HOST.match(host := name.lower().rstrip("."))]
        if found := _mx(hosts, address, network, database_url, pool, until):
            return found
        until = began + seconds
        # It is told the address, so it is asked where nothing else is known, and at the address's own domain only.
        url = f"https://autodiscover.{domain}/autodiscover/autodiscover.xml"
        outlook = pool.submit(network.fetch, url, build_autodiscover(address))
        guesses = _guesses(domain, hosts[:1], address)
        greetings = [pool.submit(network.greets, server) for server in guesses]
        if found := _found("autodiscover", parse_autodiscover(_within(until, outlook) or b"", address)):
            return found
        there = [server for server, greets in zip(guesses, greetings, strict=True) if _within(until, greets)]
        return _found("guess", there)


@contextmanager
def _threads() -> Iterator[ThreadPoolExecutor]:
    """Threads to ask in. Whoever still waits for the network is left to its own time limit."""
    pool = ThreadPoolExecutor(_THREADS, thread_name_prefix="discovery")
    try:
        yield pool
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _within(until: float, answer: "Future[T | None] | Future[T]") -> T | None:
    """The answer, if it comes in time."""
    with suppress(TimeoutError):
        return answer.result(timeout=max(0.0, until - time.monotonic()))
    return None


def _autoconfig_urls(domain: str) -> tuple[str, ...]:
    """The domain's own word, over HTTPS only; the address itself is not told."""
    return (
        f"https://autoconfig.{domain}/mail/config-v1.1.xml",
        f"https://{domain}/.well-known/autoconfig/mail/config-v1.1.xml",
    )


def _found(source: Source, servers: Sequence[ServerPreset]) -> Discovery | None:
    """Only what mail can be read from counts."""
    incoming = tuple(server for server in servers if server.protocol != "smtp")
    outgoing = tuple(server for server in servers if server.protocol == "smtp")
    return Discovery(source, incoming, outgoing) if incoming else None


def _of_provider(source: Source, provider: Provider, address: str) -> Discovery | None:
    preset = settings_for(provider, address)
    return Discovery(source, preset.incoming, preset.outgoing, provider) if preset.incoming else None


def _srv(answers: Sequence[list[SrvRecord]], address: str) -> Discovery | None:
    """RFC 6186 §3: lowest priority first; a target of "." says that there is no such service."""
    found: list[ServerPreset] = []
    for (_service, protocol, security), records in zip(_SERVICES, answers, strict=True):
        for record in sorted(records, key=lambda record: (record.priority, -record.weight)):
            host = record.host.lower().rstrip(".")
            if 0 < record.port < 65536 and HOST.match(host):
                found.append(ServerPreset(protocol, host, record.port, security, address))
    return _found("srv", found)


def _mx(
    hosts: Sequence[str],
    address: str,
    network: Network,
    database_url: str,
    pool: ThreadPoolExecutor,
    until: float,
) -> Discovery | None:
    """Whose servers take the domain's mail: a known provider, or one that the public database knows."""
    provider = provider_for_mx(hosts)
    if provider is not None:
        return _of_provider("mx", provider, address)
    if not hosts or not database_url:
        return None
    labels = hosts[0].split(".")
    # mx1.mail.hoster.example: by the last three labels and by the last two, as no list of public suffixes is at hand.
    owners = [".".join(labels[-count:]) for count in (3, 2) if count < len(labels)]
    answers = [pool.submit(network.fetch, database_url + owner) for owner in owners]
    for answer in answers:
        if found := _found("mx", parse_autoconfig(_within(until, answer) or b"", address)):
            return found
    return None


def _guesses(domain: str, exchanges: Sequence[str], address: str) -> list[ServerPreset]:
    """The names that most servers have, best first: TLS before STARTTLS (RFC 8314 §3), IMAP before POP3."""
    kinds: tuple[tuple[ProtocolName, str, int, Literal["tls", "starttls"]], ...] = (
        ("imap", "imap", 993, "tls"),
        ("imap", "imap", 143, "starttls"),
        ("pop3", "pop", 995, "tls"),
        ("smtp", "smtp", 465, "tls"),
        ("smtp", "smtp", 587, "starttls"),
    )
    return [
        ServerPreset(protocol, host, port, security, address)
        for protocol, name, port, security in kinds
        for host in dict.fromkeys((f"{name}.{domain}", f"mail.{domain}", domain, *exchanges))
    ]
