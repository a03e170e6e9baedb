"""What is known of mail providers: an address flows in, servers, sign-in and limits flow out. Pure.

The facts stand in ``providers.toml``, each row with its source; an operator's own file of the same
shape, named by ``HERON_PROVIDERS_FILE``, adds to them and overrides single keys of a row.
"""

import os
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

ProtocolName = Literal["imap", "pop3", "smtp"]
SignIn = Literal["oauth2", "app_password", "password", "bridge_password"]
Confidence = Literal["high", "medium", "low", "unknown"]

_DATA = Path(__file__).with_name("providers.toml")
_TLS_PORTS = frozenset({465, 585, 993, 995})
#: Where a provider's limit of simultaneous connections is not known: Courier's own default, the lowest seen.
DEFAULT_CONNECTIONS = 4
#: Of a provider's limit, this much is used: others send from the same account too.
SHARE_OF_LIMIT = 0.8


@dataclass(frozen=True, slots=True)
class Server:
    """One server of a provider; the first port is the one to try first."""

    protocol: ProtocolName
    host: str
    ports: tuple[int, ...]
    username: Literal["address", "local"] = "address"


@dataclass(frozen=True, slots=True)
class Limits:
    """What a provider allows; None where it is not known. Sending limits are the provider's own, not our share."""

    recipients_per_day: int | None = None
    recipients_per_hour: int | None = None
    recipients_per_message: int | None = None
    messages_per_day: int | None = None
    messages_per_minute: int | None = None
    message_size_bytes: int | None = None
    connections: int = DEFAULT_CONNECTIONS
    idle_seconds: int | None = None
    download_bytes_per_day: int | None = None

    def share(self, limit: int | None) -> int | None:
        """How much of a sending limit to use.

        >>> Limits().share(500)
        400
        """
        return None if limit is None else max(1, int(limit * SHARE_OF_LIMIT))


@dataclass(frozen=True, slots=True)
class Provider:
    """One row. ``key`` is what ``MailAccount.provider`` keeps; ``sign_in`` in the order to offer."""

    key: str
    name: str
    domains: tuple[str, ...]
    mx: tuple[str, ...]
    imap: Server | None
    pop3: Server | None
    smtp: Server | None
    sign_in: tuple[SignIn, ...]
    limits: Limits
    oauth: str = ""
    saves_sent: bool = False
    relay: bool = False
    help_url: str = ""
    help: str = ""
    notes: str = ""
    source: str = ""
    confidence_hosts: Confidence = "unknown"
    confidence_limits: Confidence = "unknown"

    @property
    def takes_passwords(self) -> bool:
        """Whether a typed secret of any kind opens the mailbox, or OAuth alone does."""
        return any(way != "oauth2" for way in self.sign_in)

    @property
    def wants_app_password(self) -> bool:
        """Whether the account's own password is refused and another one must be made for Heron."""
        return "app_password" in self.sign_in and "password" not in self.sign_in


@dataclass(frozen=True, slots=True)
class ServerPreset:
    """A server as a form is filled with it. ``security`` is ``tls`` or ``starttls``."""

    protocol: ProtocolName
    host: str
    port: int
    security: Literal["tls", "starttls"]
    username: str


@dataclass(frozen=True, slots=True)
class Preset:
    """What to try for one address: ``incoming`` in the order of preference (IMAP first)."""

    provider: Provider
    incoming: tuple[ServerPreset, ...]
    outgoing: tuple[ServerPreset, ...]


def provider_for_address(address: str) -> Provider | None:
    """The provider whose domain stands behind the last @, or None.

    >>> provider_for_address("someone@GoogleMail.com").name
    'Gmail'
    """
    domain = address.rpartition("@")[2].strip().rstrip(".").lower()
    return _first(domain, ((provider.domains, provider) for provider in all_providers().values()))


def provider_for_mx(hosts: Iterable[str]) -> Provider | None:
    """The provider that a domain's MX hosts belong to: its own domain, but somebody's servers."""
    for host in hosts:
        found = _first(host.rstrip(".").lower(), ((provider.mx, provider) for provider in all_providers().values()))
        if found is not None:
            return found
    return None


def provider_by_key(key: str) -> Provider | None:
    """The provider a ``MailAccount.provider`` names; None for "" and for one that is no longer known."""
    return all_providers().get(key)


def provider_for_oauth(key: str) -> Provider | None:
    """Whose servers an address of any domain uses that was vouched for by this OAuth provider: the row without
    domains of its own, as that of Microsoft 365, before the first."""
    rows = [provider for provider in all_providers().values() if provider.oauth == key]
    return next((row for row in rows if not row.domains), rows[0] if rows else None)


def provider_by_host(host: str) -> Provider | None:
    """The provider one of whose servers this is: for accounts that were set up by hand."""
    wanted = host.rstrip(".").lower()
    for provider in all_providers().values():
        if any(
            server is not None and server.host == wanted for server in (provider.imap, provider.pop3, provider.smtp)
        ):
            return provider
    return None


def settings_for(provider: Provider, address: str) -> Preset:
    """The servers of this provider as this address uses them; none for a provider without known servers.

    >>> preset = settings_for(provider_by_key("icloud"), "Jo@icloud.com")
    >>> preset.incoming[0].username, preset.outgoing[0].username, preset.outgoing[0].security
    ('Jo', 'Jo@icloud.com', 'starttls')
    """
    return Preset(
        provider=provider,
        incoming=tuple(preset for server in (provider.imap, provider.pop3) for preset in _presets(server, address)),
        outgoing=tuple(_presets(provider.smtp, address)),
    )


def _presets(server: Server | None, address: str) -> Iterable[ServerPreset]:
    if server is None:
        return
    username = address.rpartition("@")[0] if server.username == "local" else address
    for port in server.ports:
        yield ServerPreset(
            server.protocol, server.host, port, "tls" if port in _TLS_PORTS else "starttls", username.strip()
        )


def _first(name: str, patterns: Iterable[tuple[tuple[str, ...], Provider]]) -> Provider | None:
    """The provider with the name itself before one with a pattern for it."""
    by_pattern = None
    for names, provider in patterns:
        if name in names:
            return provider
        if by_pattern is None and any("*" in pattern and _matches(name, pattern) for pattern in names):
            by_pattern = provider
    return by_pattern


def _matches(name: str, pattern: str) -> bool:
    """``yahoo.*`` is yahoo.fr and yahoo.co.uk, but neither yahoo.evil.example nor myyahoo.fr."""
    if not fnmatchcase(name, pattern):
        return False
    return not pattern.endswith(".*") or len(name.removeprefix(pattern[:-1])) <= len("com.au")


@lru_cache(maxsize=4)
def _read(paths: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for path in paths:
        with Path(path).open("rb") as file:
            for key, row in tomllib.load(file).items():
                if isinstance(row, dict):
                    rows[key] = rows.get(key, {}) | row
    return rows


def _paths() -> tuple[str, ...]:
    own = os.environ.get("HERON_PROVIDERS_FILE", "")
    return (str(_DATA), own) if own else (str(_DATA),)


@lru_cache(maxsize=4)
def _load(paths: tuple[str, ...], version: int) -> dict[str, Provider]:
    rows = _read(paths)
    return {key: parse_provider(key, rows.get(key, {}) | _own_rows.get(key, {})) for key in {**rows, **_own_rows}}


def all_providers() -> dict[str, Provider]:
    """Every provider by its key. Raises ``ValueError`` naming the row and what is wrong with it."""
    return _load(_paths(), _own_version)


_own_rows: dict[str, dict[str, Any]] = {}
_own_version = 0


def set_own_rows(rows: dict[str, dict[str, Any]]) -> None:
    """What the administrator of this Heron adds to the files, key by key."""
    global _own_rows, _own_version
    if rows != _own_rows:
        _own_rows, _own_version = rows, _own_version + 1


def built_in_row(key: str) -> dict[str, Any]:
    """A row as the files have it, or an empty one."""
    return dict(_read(_paths()).get(key, {}))


def parse_provider(key: str, row: Mapping[str, Any]) -> Provider:
    """One row of the file. Raises ``ValueError``."""
    known = {
        *("name", "domains", "mx", "imap", "pop3", "smtp", "sign_in", "oauth", "saves_sent", "relay", "help_url"),
        *("help", "notes", "source", "confidence_hosts", "confidence_limits", "imap_username", "pop3_username"),
        *("smtp_username", *Limits.__dataclass_fields__),
    }
    unknown = set(row) - known
    if unknown or "name" not in row or not row.get("sign_in"):
        raise ValueError(f"providers: [{key}] lacks name or sign_in, or has unknown keys: {sorted(unknown)}")

    def server(protocol: ProtocolName) -> Server | None:
        if protocol not in row:
            return None
        host, *ports = row[protocol]
        if not isinstance(host, str) or not ports or not all(isinstance(port, int) for port in ports):
            raise ValueError(f"providers: [{key}] {protocol} must be a host and its ports")
        return Server(protocol, host, tuple(ports), row.get(f"{protocol}_username", "address"))

    texts = ("oauth", "help_url", "help", "notes", "source", "confidence_hosts", "confidence_limits")
    return Provider(
        key=key,
        name=row["name"],
        domains=tuple(row.get("domains", ())),
        mx=tuple(row.get("mx", ())),
        imap=server("imap"),
        pop3=server("pop3"),
        smtp=server("smtp"),
        sign_in=tuple(row["sign_in"]),
        limits=Limits(**{name: row[name] for name in Limits.__dataclass_fields__ if name in row}),
        saves_sent=bool(row.get("saves_sent", False)),
        relay=bool(row.get("relay", False)),
        **{name: row[name] for name in texts if name in row},
    )
