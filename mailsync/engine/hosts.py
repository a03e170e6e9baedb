"""What the operator allows of hosts, read from the settings at each connection. The meeting room, no database."""

from django.conf import settings


def is_private_allowed(host: str, port: int) -> bool:
    """May this server be on a private address? ``HERON_ALLOW_PRIVATE_HOSTS``: "all", or host, or host:port."""
    allowed = {word.lower() for word in settings.HERON_ALLOW_PRIVATE_HOSTS}
    return bool(allowed & {"all", host.lower(), f"{host}:{port}".lower()})
