"""Finding servers for an address: ``accounts.discovery`` is given our careful HTTP. The meeting room, no database."""

from accounts.discovery import Discovery, SystemLookup, discover
from mailsync.errors import MailError
from mailsync.protocol import egress, http_get

_CONFIG_BYTES = 64 * 1024
_FETCH_SECONDS = 4.0


def discover_servers(address: str) -> Discovery | None:
    """The servers behind an address, best first; takes some seconds at worst. None if there is nothing to try."""
    try:
        # DNS is asked without a connection of ours, but it is a call to the outside like any other.
        egress.guard(egress.Kind.DISCOVERY)
    except MailError:
        return None
    return discover(address, _fetch, SystemLookup())


def _fetch(url: str) -> bytes | None:
    """The content behind an autoconfig URL, never from a private address; None if there is none."""
    try:
        return http_get.get(
            url,
            kind=egress.Kind.DISCOVERY,
            limit_bytes=_CONFIG_BYTES,
            timeout_seconds=_FETCH_SECONDS,
            accept="text/xml",
            ports=(443,),
        )
    except MailError:
        return None
