"""What is known of the servers behind an address, in the shape the connect form wants. No network."""

from collections.abc import Sequence
from dataclasses import dataclass

from accounts.discovery import Discovery
from accounts.providers import Provider, ServerPreset, provider_for_address, provider_for_oauth, settings_for

#: Ports where TLS begins at once (RFC 8314 §3); 585 was secure IMAP before 993 and some people still have it.
TLS_PORTS = frozenset({465, 585, 993, 995})


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers of a provider for one address. ``hint`` says what to know before signing in, or is empty."""

    provider: str
    name: str
    host: str
    port: int
    security: str
    username: str
    smtp_host: str
    smtp_port: int
    smtp_security: str
    hint: str = ""
    hint_url: str = ""
    takes_passwords: bool = True
    wants_app_password: bool = False
    #: The key of the registration by whose sign-in page the mailbox may be opened; empty where there is none.
    oauth: str = ""


def security_of_port(port: int) -> str:
    """How a connection on this port is protected: TLS from the start, or STARTTLS."""
    return "tls" if port in TLS_PORTS else "starttls"


def usual_port(protocol: str, security: str) -> int:
    """The registered port: implicit TLS first (RFC 8314 §3), else the clear port that STARTTLS begins on."""
    return {"imap": (993, 143), "pop3": (995, 110), "smtp": (465, 587)}[protocol][security != "tls"]


def known_servers(address: str, protocol: str = "imap") -> Servers | None:
    """The servers for this address, or None when its provider is not known or has none of this protocol."""
    provider = provider_for_address(address)
    if provider is None:
        return None
    preset = settings_for(provider, address)
    return _servers(provider, preset.incoming, preset.outgoing, protocol)


def oauth_servers(address: str, key: str, protocol: str = "imap") -> Servers | None:
    """The servers for an address whose owner signed in by the provider of that registration.

    An address at a domain of one's own belongs to whoever vouched for it: Google, Microsoft 365."""
    provider = provider_for_address(address)
    if provider is None or provider.oauth != key:
        provider = provider_for_oauth(key)
    if provider is None:
        return None
    preset = settings_for(provider, address)
    return _servers(provider, preset.incoming, preset.outgoing, protocol)


def found_servers(found: Discovery, protocol: str = "imap") -> Servers | None:
    """What the network said, in the same shape; None if it named no server of this protocol."""
    return _servers(found.provider, found.incoming, found.outgoing, protocol)


def _servers(
    provider: Provider | None, incoming: Sequence[ServerPreset], outgoing: Sequence[ServerPreset], protocol: str
) -> Servers | None:
    """The first server of each kind; they come best first."""
    reading = next((server for server in incoming if server.protocol == protocol), None)
    sending = outgoing[0] if outgoing else None
    if reading is None:
        return None
    return Servers(
        provider=provider.key if provider else "",
        name=provider.name if provider else "",
        host=reading.host,
        port=reading.port,
        security=reading.security,
        username=reading.username,
        smtp_host=sending.host if sending else "",
        smtp_port=sending.port if sending else usual_port("smtp", "tls"),
        smtp_security=sending.security if sending else "tls",
        hint=provider.help if provider else "",
        hint_url=provider.help_url if provider else "",
        takes_passwords=provider.takes_passwords if provider else True,
        wants_app_password=provider.wants_app_password if provider else False,
        oauth=provider.oauth if provider and "oauth2" in provider.sign_in else "",
    )


def lacking(address: str, protocol: str) -> str:
    """The name of the known provider of this address if it has no servers of this protocol, else empty."""
    provider = provider_for_address(address)
    return provider.name if provider is not None and known_servers(address, protocol) is None else ""
