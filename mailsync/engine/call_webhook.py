"""Telling a person's own program of new mail that a rule is about. The meeting room: a webhook in, HTTPS POSTs out.

Each call goes through the door, to public addresses unless the operator allows others, follows no redirect, and says
of the message what its person chose. What stands in an answer is read by nobody, only its status.
"""

import logging
import time
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from accounts import vault
from mailsync.engine.hosts import is_private_allowed
from mailsync.errors import MailError
from mailsync.message.webhook_text import Told, build_event, build_header, build_headers
from mailsync.models import Message, Webhook, WebhookCall
from mailsync.protocol import http_get
from mailsync.protocol.egress import Kind
from mailsync.store import webhooks
from mailsync.types import Address

logger = logging.getLogger(__name__)

#: One run of calls takes no longer than this and one call more, as a slow receiver holds a worker that others wait
#: for; the rest is the next run's.
_RUN_SECONDS = 10.0
_TIMEOUT_SECONDS = 10.0
_ANSWER_BYTES = 64 * 1024
_PREVIEW_LENGTH = 300
#: By then a text that was to come has come, or is not coming soon.
_TEXT_SECONDS = 120.0
_GONE = 410

Post = Callable[[str, bytes, Mapping[str, str]], int]


def _post(url: str, body: bytes, headers: Mapping[str, str]) -> int:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme.lower() == "https" else 80)
    return http_get.post(
        url,
        body,
        kind=Kind.WEBHOOK,
        limit_bytes=_ANSWER_BYTES,
        timeout_seconds=_TIMEOUT_SECONDS,
        headers=headers,
        allow_private=is_private_allowed(parts.hostname or "", port),
    )


def call_webhook(webhook_id: int, *, post: Post = _post) -> None:
    """Make what calls wait, in their order, until one fails. A call may be made twice, under the same name."""
    hook = webhooks.claim(webhook_id)
    if hook is None:
        return
    until = time.monotonic() + _RUN_SECONDS
    while time.monotonic() < until and (call := webhooks.next_call(hook)) is not None:
        if _waits_for_text(hook, call):
            webhooks.look_again(hook)
            return
        if not _call(hook, call, post):
            return
    webhooks.settle(hook)


def _waits_for_text(hook: Webhook, call: WebhookCall) -> bool:
    is_old = (timezone.now() - call.created_at).total_seconds() > _TEXT_SECONDS
    message = call.message
    return hook.says == Webhook.Says.PREVIEW and message is not None and message.raw_id is None and not is_old


def _call(hook: Webhook, call: WebhookCall, post: Post) -> bool:
    """Whether it was answered."""
    try:
        body = build_event(_told(hook, call), call.created_at)
        status = post(hook.url, body, build_headers(hook.reveal(), str(call.name), int(time.time()), body))
    except MailError as error:
        logger.warning("Webhook %s could not be called: %s", hook.pk, error)
        webhooks.note_failed(hook, call, str(error), None)
        return False
    except vault.VaultError:
        logger.exception("The key of webhook %s cannot be opened.", hook.pk)
        webhooks.note_failed(hook, call, "The key that calls are signed with cannot be opened. Make a new one.", None)
        return False
    if 200 <= status < 300:
        webhooks.note_answered(hook, call, status)
        return True
    logger.warning("Webhook %s answered %s.", hook.pk, status)
    webhooks.note_failed(hook, call, _meaning(status), status, for_good=status == _GONE)
    return False


def _meaning(status: int) -> str:
    if 300 <= status < 400:
        return f"It answered {status}: it leads on to another address, which is not followed. Enter that one."
    if status in (401, 403):
        return f"It answered {status}: it does not let Heron in."
    if status in (404, _GONE):
        return f"It answered {status}: there is nothing at this address."
    return f"It answered {status}."


def _told(hook: Webhook, call: WebhookCall) -> Told | None:
    message = call.message
    if message is None:
        return None
    url = settings.HERON_BASE_URL.rstrip("/") + reverse("message", args=[message.pk])
    says_header = hook.says in (Webhook.Says.HEADER, Webhook.Says.PREVIEW)
    return Told(
        call.rule,
        url,
        header=_header(message) if says_header else None,
        preview=message.preview[:_PREVIEW_LENGTH] if hook.says == Webhook.Says.PREVIEW else None,
    )


def _header(message: Message) -> dict[str, object]:
    return build_header(
        account=message.account.address,
        sender=Address(message.from_name, message.from_address),
        to=[Address(name, address) for name, address in message.recipients.get("to", ())],
        subject=message.subject,
        received_at=message.received_at,
        attachments=message.attachment_count,
    )
