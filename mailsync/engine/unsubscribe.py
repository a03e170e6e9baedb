"""Leaving a mailing list by one request to its server (RFC 8058). The meeting room: a row in, an HTTPS POST out.

The user clicked; no page is opened, nothing of theirs is sent but the URL that the list itself wrote.
"""

from collections.abc import Callable

from django.conf import settings

from mailsync.announce import announce
from mailsync.errors import MailError, TryLater
from mailsync.models import Unsubscription
from mailsync.protocol import http_get
from mailsync.protocol.egress import Kind
from mailsync.store import unsubscriptions

#: RFC 8058 §3.2: these bytes, as a form; no cookie and no name of the reader go along (§3.1).
CONTENT = b"List-Unsubscribe=One-Click"
HEADERS = {
    "Content-Type": "application/x-www-form-urlencoded",
    "User-Agent": "Mozilla/5.0 (compatible; list unsubscriber)",
    "Accept": "*/*",
}
TIMEOUT_SECONDS = 20.0
#: Of the page that is answered; nobody reads it.
LIMIT_BYTES = 2 * 1024 * 1024

Post = Callable[[str], int]


def _post(url: str) -> int:
    return http_get.post(
        url,
        CONTENT,
        kind=Kind.UNSUBSCRIBE,
        limit_bytes=LIMIT_BYTES,
        timeout_seconds=TIMEOUT_SECONDS,
        headers=HEADERS,
        allow_private=settings.HERON_ALLOW_PRIVATE_HOSTS == ["all"],
    )


def unsubscribe(row_id: int, *, post: Post = _post) -> None:
    """One try. Twice is as once."""
    row = unsubscriptions.claim(row_id)
    if row is None:
        return
    try:
        status = post(row.url)
    except TryLater as error:
        unsubscriptions.postpone(row, str(error))
    except MailError as error:
        unsubscriptions.settle(row, error=str(error))
    else:
        _settle_by_status(row, status)
    announce(row.user_id, "unsubscription", unsubscription=row.pk)


def _settle_by_status(row: Unsubscription, status: int) -> None:
    if 200 <= status < 300:
        unsubscriptions.settle(row)
    elif status == 429 or status >= 500:
        unsubscriptions.postpone(row, f"The list's server answered {status}.")
    else:
        # RFC 8058 §3.1: a sender must not redirect; what stands behind one asks a person for more.
        unsubscriptions.settle(row, error=f"The list's server answered {status}.")
