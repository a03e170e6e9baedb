"""What a webhook is told, and how it is signed (Standard Webhooks, standardwebhooks.com). Pure.

In: what is known of a message, and how much of it may be said. Out: the bytes of a POST and its headers.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from mailsync.types import Address

#: As the standard writes a key down, so that its libraries take it as it stands.
_PREFIX = "whsec_"
SECRET_BYTES = 32
_MOST_RECIPIENTS = 50


@dataclass(frozen=True, slots=True)
class Told:
    """``header`` and ``preview`` are None where they are not to be said."""

    rule: str
    url: str
    header: Mapping[str, Any] | None = None
    preview: str | None = None


def build_header(
    *,
    account: str,
    sender: Address,
    to: Sequence[Address],
    subject: str,
    received_at: datetime,
    attachments: int,
) -> dict[str, Any]:
    """What a call says of a message whose header may be told; of many recipients the first."""
    return {
        "account": account,
        "from": {"name": sender.name, "address": sender.address},
        "to": [{"name": one.name, "address": one.address} for one in to[:_MOST_RECIPIENTS]],
        "subject": subject,
        "received_at": received_at.isoformat(),
        "attachments": attachments,
    }


def as_text(secret: bytes) -> str:
    return _PREFIX + base64.b64encode(secret).decode("ascii")


def build_event(told: Told | None, at: datetime) -> bytes:
    """The body of a call; of one that is only a trial where nothing is told."""
    if told is None:
        event: dict[str, Any] = {"type": "test", "timestamp": at.isoformat(), "data": {}}
    else:
        data: dict[str, Any] = {"rule": told.rule, "url": told.url, **(told.header or {})}
        if told.preview is not None:
            data["preview"] = told.preview
        event = {"type": "message.received", "timestamp": at.isoformat(), "data": data}
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


def build_headers(secret: bytes, name: str, seconds: int, body: bytes) -> dict[str, str]:
    """The receiver signs ``name.seconds.body`` with the same key and compares, and refuses what is old or was there.

    >>> build_headers(b"key", "id", 1, b"{}")["webhook-signature"]
    'v1,5PVmP2AfJGwnp9flV+flrzfukNWA9zyUdqvI+IQalVs='
    """
    signed = hmac.new(secret, f"{name}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return {
        "Content-Type": "application/json",
        "User-Agent": "Heron",
        "webhook-id": name,
        "webhook-timestamp": str(seconds),
        "webhook-signature": "v1," + base64.b64encode(signed).decode("ascii"),
    }
