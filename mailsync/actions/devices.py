"""Browsers that want to be told of new mail: what they give is judged, then kept. A verb of the screens."""

from urllib.parse import urlsplit

from django.conf import settings

from mailsync.message.push_text import SECRET_BYTES, Subscription, as_bytes, is_point
from mailsync.models.device import LONGEST_ENDPOINT
from mailsync.store.devices import record_device as add_device
from mailsync.store.devices import remove_device

__all__ = ["add_device", "parse_subscription", "remove_device"]


def parse_subscription(endpoint: str, public_key: str, secret: str) -> Subscription | None:
    """What a browser calls a push subscription, or None where it is none. Where it leads is judged at each call."""
    try:
        to = Subscription(endpoint, as_bytes(public_key), as_bytes(secret))
        address = urlsplit(endpoint)
    except ValueError:
        return None
    schemes = {"https"} if settings.HERON_ALLOW_PRIVATE_HOSTS != ["all"] else {"https", "http"}
    if address.scheme not in schemes or not address.hostname or len(endpoint) > LONGEST_ENDPOINT:
        return None
    if not endpoint.isascii() or not endpoint.isprintable():
        return None
    return to if is_point(to.public_key) and len(to.secret) == SECRET_BYTES else None
