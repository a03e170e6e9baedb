"""A remote picture of a message → a harmless copy of it. Screens room; the network lies behind ``mailsync.protocol``.

Fetched by our server, so that its owner learns neither who reads nor where; written anew, so that
only pixels reach the browser; kept for some days by the hash of its URL, so that a second look asks nobody.
"""

import hashlib
import logging
from dataclasses import dataclass

from django.core.cache import cache

from mailsync.errors import MailError
from mailsync.protocol import http_get
from mailsync.protocol.egress import Kind
from webmail.render import RenderFailed, neutralise_picture
from webmail.render.raster import picture_type
from webmail.turns import end_turn

LIMIT_BYTES = 10 * 1024 * 1024
TIMEOUT_SECONDS = 5.0
KEPT_SECONDS = 3 * 24 * 3600
#: A picture that could not be had is not asked for again at once.
MISS_SECONDS = 120
#: Larger copies are fetched again rather than kept in memory.
KEPT_BYTES = 2 * 1024 * 1024
ACCEPT = "image/webp,image/png,image/jpeg,image/gif;q=0.9,image/*;q=0.5"
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    content_type: str
    data: bytes


def fetch_picture(url: str) -> Picture | None:
    """The picture behind a URL, or None when there is none to be had."""
    key = "picture:" + hashlib.sha256(url.encode()).hexdigest()
    kept = cache.get(key)
    if kept is not None:
        return Picture(*kept) if kept else None
    end_turn()  # a letter has dozens of pictures, and their server may be slow
    try:
        data = neutralise_picture(
            http_get.get(
                url, kind=Kind.PICTURES, limit_bytes=LIMIT_BYTES, timeout_seconds=TIMEOUT_SECONDS, accept=ACCEPT
            )
        )
    except (MailError, RenderFailed) as error:
        log.info("picture not fetched: %s", error)
        cache.set(key, (), MISS_SECONDS)
        return None
    found = Picture(picture_type(data) or "application/octet-stream", data)
    if len(data) <= KEPT_BYTES:
        cache.set(key, (found.content_type, found.data), KEPT_SECONDS)
    return found
