"""Webhooks as their owner arranges them: written, tried, given a new key, removed.

In: the user and what the form says. Out: the webhook. Raises ``NotYours`` and ``CannotDo``.
"""

import secrets
from urllib.parse import urlsplit

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from mailsync.actions import wake
from mailsync.actions.owned import NotYours
from mailsync.engine.hosts import is_private_allowed
from mailsync.errors import CannotDo
from mailsync.message.webhook_text import SECRET_BYTES
from mailsync.models import Webhook
from mailsync.store import webhooks

_MOST = 20


@transaction.atomic
def write_webhook(user_id: int, webhook_id: int | None, *, name: str, url: str, says: str) -> Webhook:
    """A new one, or one changed: what waits for it is told to the new address at once."""
    url, is_new = _checked(url), webhook_id is None
    User.objects.select_for_update().get(pk=user_id)
    mine = Webhook.objects.select_for_update().filter(user_id=user_id)
    hook = Webhook(user_id=user_id) if webhook_id is None else mine.filter(pk=webhook_id).first()
    if hook is None:
        raise NotYours("webhook")
    if is_new and mine.count() >= _MOST:
        raise CannotDo(_("There are 20 webhooks already. Remove one first."), field="name")
    hook.name, hook.says = " ".join(name.split())[:60] or (urlsplit(url).hostname or "")[:60], Webhook.Says(says)
    if is_new:
        hook.set_secret(secrets.token_bytes(SECRET_BYTES))
    elif url != hook.url:
        hook.status, hook.error, hook.failing_since, hook.stopped = None, "", None, False
        hook.called_at, hook.due_at = None, None
    hook.url = url
    hook.save()
    return hook


def _checked(url: str) -> str:
    """Where it leads is judged at each call."""
    url = url.strip().partition("#")[0]
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise CannotDo(_("This is no URL."), field="url") from error
    if parts.scheme not in ("https", "http") or not parts.hostname or not url.isprintable() or " " in url:
        raise CannotDo(_("Enter the whole address, beginning with https://"), field="url")
    if parts.username is not None or parts.password is not None:
        raise CannotDo(_("A user name and a password cannot stand in the address."), field="url")
    if parts.scheme == "http" and not is_private_allowed(parts.hostname, port):
        raise CannotDo(_("Only addresses with https:// are called, as nobody can listen to those."), field="url")
    return url


def try_webhook(user_id: int, webhook_id: int) -> None:
    """A call that says nothing of any mail, at once."""
    hook = _own(user_id, webhook_id)
    webhooks.queue_trial(hook)
    wake.call_soon(hook.pk)


def renew_webhook_key(user_id: int, webhook_id: int) -> None:
    """Calls are signed with a new key from now on."""
    hook = _own(user_id, webhook_id)
    hook.set_secret(secrets.token_bytes(SECRET_BYTES))
    hook.save(update_fields=["ciphertext"])


def remove_webhook(user_id: int, webhook_id: int) -> None:
    """What waits for it is not told; rules that call it are shown as paused. Twice is no error."""
    Webhook.objects.filter(user_id=user_id, pk=webhook_id).delete()


def _own(user_id: int, webhook_id: int) -> Webhook:
    hook = Webhook.objects.filter(user_id=user_id, pk=webhook_id).first()
    if hook is None:
        raise NotYours("webhook")
    return hook
