"""Telling one browser of new mail and reminders while no page is open. The meeting room: a device in, words to its
push service out.

The word says how many messages came, and names no sender or subject unless the person wants it to. It is read by
nobody on its way; the browser shows it, or not, where a page of ours is in sight.
"""

import json
import logging
from collections.abc import Callable

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import preferences
from accounts.push_key import load_push_key
from mailsync.errors import MailError, NeedsUser, TryLater
from mailsync.message.push_text import Subscription
from mailsync.models import Device
from mailsync.protocol import web_push
from mailsync.store import device_reminders, devices
from mailsync.store.device_reminders import Reminder

logger = logging.getLogger(__name__)

#: RFC 8030 §7.3; 403 also means that the key it subscribed with is not ours any more (RFC 8292 §4.2).
_GONE = frozenset({403, 404, 410})
#: A service may take texts of some kilobytes; a subject may be longer.
_LONGEST = 200

Send = Callable[[Subscription, str], int]


def _send(to: Subscription, text: str) -> int:
    secure = settings.HERON_BASE_URL if settings.HERON_BASE_URL.startswith("https://") else ""
    return web_push.send(
        to,
        text,
        key=load_push_key(),
        contact=secure,
        allow_private=settings.HERON_ALLOW_PRIVATE_HOSTS == ["all"],
    )


def tell_device(device_id: int, *, send: Send = _send) -> None:
    """One try. Twice is as once: what was told is not news any more."""
    device = devices.claim_device(device_id)
    if device is None:
        return
    if devices.waits_for_rules(device):
        devices.look_again(device)
        return
    look = devices.look(device)
    try:
        _tell(device, look, send)
    except (TryLater, NeedsUser) as error:
        # A service that cannot be reached, or that the administrator has shut: the browser may be told later.
        logger.warning("Device %s could not be told: %s", device.pk, error)
        devices.postpone(device, look)
    except MailError as error:
        logger.warning("Device %s is forgotten: %s", device.pk, error)
        device.delete()


def _tell(device: Device, look: devices.Look, send: Send) -> None:
    """Each reminder is struck off as soon as it is told, so that the next try does not say it again."""
    to = Subscription(device.endpoint, bytes(device.public_key), bytes(device.secret))
    was_told = False
    for reminder in device_reminders.load_reminders(device):
        if reminder.count:
            if not _took(device, look, send(to, reminder_text(device, reminder))):
                return
            was_told = True
        if not device_reminders.strike_off(device, reminder):
            return  # signed out meanwhile
    if look.news is not None:
        if not _took(device, look, send(to, text_of(device, look.news))):
            return
        was_told = True
    devices.settle(device, look, was_told=was_told)


def _took(device: Device, look: devices.Look, status: int) -> bool:
    """Whether the service has it. If not, the device is told later, or never again."""
    if 200 <= status < 300:
        return True
    if status in _GONE:
        device.delete()
    else:
        logger.warning("The push service of device %s answered %s.", device.pk, status)
        devices.postpone(device, look)
    return False


def text_of(device: Device, news: devices.News) -> str:
    """What the worker of the browser reads, see ``static/js/worker.js``."""
    shows_mail = preferences.load(device.user).push_details
    with translation.override(device.language):
        counted = ngettext("%(count)d new message", "%(count)d new messages", news.count) % {"count": news.count}
    title, body = counted, ""
    if shows_mail:
        title = news.sender[:_LONGEST] if news.count == 1 else counted
        body = news.subject[:_LONGEST] if news.count == 1 else f"{news.sender}: {news.subject}"[:_LONGEST]
    url = reverse("folder", args=[news.folder_id])
    return json.dumps({"title": title, "body": body, "url": url, "tag": f"heron-{news.folder_id}"}, ensure_ascii=False)


def reminder_text(device: Device, reminder: Reminder) -> str:
    """As ``text_of``. It leads to the conversation, where it is one."""
    shows_mail = preferences.load(device.user).push_details
    with translation.override(device.language):
        title, told = _reminder_words(reminder)
    title = title % {"count": reminder.count}
    body = ""
    if shows_mail:
        body = told % {"people": reminder.people, "subject": reminder.subject}
    if reminder.thread_id:
        url = reverse("thread", args=[reminder.folder_id, reminder.thread_id])
    elif reminder.kind == "snoozed":
        url = reverse("folder", args=[reminder.folder_id])
    else:
        url = reverse("waiting")
    # Of its own: a reminder takes the place of no other.
    tag = f"heron-{reminder.kind}-{max(reminder.ids)}"
    return json.dumps({"title": title, "body": body[:_LONGEST], "url": url, "tag": tag}, ensure_ascii=False)


def _reminder_words(reminder: Reminder) -> tuple[str, str]:
    """The title and what it is about, with %-places, in the language that is on."""
    if reminder.kind == "snoozed":
        title = ngettext("A message is back from snooze", "%(count)d messages are back from snooze", reminder.count)
        return title, "%(people)s: %(subject)s"
    title = ngettext(
        "Nobody has answered your message", "Nobody has answered %(count)d of your messages", reminder.count
    )
    return title, _("“%(subject)s” to %(people)s")
