"""What the operator allows of hosts, read at each connection: settings and trusted certificates. The meeting room."""

from django.conf import settings

from mailsync.store.certificates import load_pin


def is_private_allowed(host: str, port: int) -> bool:
    """May this server be on a private address? ``HERON_ALLOW_PRIVATE_HOSTS``: "all", or host, or host:port."""
    allowed = {word.lower() for word in settings.HERON_ALLOW_PRIVATE_HOSTS}
    return bool(allowed & {"all", host.lower(), f"{host}:{port}".lower()})


def pinned_certificate(host: str, port: int) -> str:
    """The SHA-256 of the one certificate that an administrator trusts for this server, or ""."""
    return load_pin(host, port)
