"""What is known of the servers behind an address, in the shape the connect form wants. No network."""

from dataclasses import dataclass

from accounts.providers import provider_for_address, settings_for

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
    incoming = next((server for server in preset.incoming if server.protocol == protocol), None)
    outgoing = preset.outgoing[0] if preset.outgoing else None
    if incoming is None:
        return None
    return Servers(
        provider=provider.key,
        name=provider.name,
        host=incoming.host,
        port=incoming.port,
        security=incoming.security,
        username=incoming.username,
        smtp_host=outgoing.host if outgoing else "",
        smtp_port=outgoing.port if outgoing else usual_port("smtp", "tls"),
        smtp_security=outgoing.security if outgoing else "tls",
        hint=provider.help,
        hint_url=provider.help_url,
        takes_passwords=provider.takes_passwords,
        wants_app_password=provider.wants_app_password,
    )


def lacking(address: str, protocol: str) -> str:
    """The name of the known provider of this address if it has no servers of this protocol, else empty."""
    provider = provider_for_address(address)
    return provider.name if provider is not None and known_servers(address, protocol) is None else ""
