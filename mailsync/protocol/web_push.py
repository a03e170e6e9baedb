"""A word to a browser that has no page open (RFC 8030): a text flows in, a request to its push service goes out.

Network room; no tables. What goes out is written by ``mailsync.message.push_text``.
"""

import time

from mailsync.message.push_text import Subscription, authorization, encrypt
from mailsync.protocol import http_get
from mailsync.protocol.egress import Kind

#: After a night without a connection nobody needs to be woken for it.
_TTL_SECONDS = 12 * 3600
_TIMEOUT_SECONDS = 15.0
_ANSWER_BYTES = 64 * 1024


def send(to: Subscription, text: str, *, key: bytes, contact: str, allow_private: bool = False) -> int:
    """The status of the service's answer. Raises as ``http_get.post`` does."""
    headers = {
        "Authorization": authorization(to.endpoint, key, contact, time.time()),
        "Content-Encoding": "aes128gcm",
        "Content-Type": "application/octet-stream",
        "TTL": str(_TTL_SECONDS),
        "User-Agent": "Heron",
    }
    return http_get.post(
        to.endpoint,
        encrypt(text.encode(), to),
        kind=Kind.PUSH,
        limit_bytes=_ANSWER_BYTES,
        timeout_seconds=_TIMEOUT_SECONDS,
        headers=headers,
        allow_private=allow_private,
    )
