"""Which browsers are told of new mail, when to look, and what there is to tell. Database room.

New mail in an inbox gives the devices of its person a due time some seconds away: what comes together is told together,
and by then rules, mutes and the junk filter have taken away what is not worth a word.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F, Max
from django.http import HttpRequest
from django.utils import timezone

from accounts import preferences
from accounts.models import User
from accounts.sessions import live_sessions
from mailsync.message.addresses import comparable
from mailsync.message.push_text import Subscription
from mailsync.models import Arrival, Device, Placement, RuleHit
from mailsync.store.contacts import known_addresses

GATHER_SECONDS = 8
#: So many of a person; the oldest gives way.
MOST_DEVICES = 20
#: Longer than one try may take.
_CLAIM = timedelta(minutes=1)
_RETRY_SECONDS = (30, 300, 1800)
#: What is older is no news, however late it came in.
_NEWS = timedelta(days=1)
#: A rule may wait two minutes for the text of a message.
_RULES_TAKE = timedelta(minutes=3)
#: Servers' clocks.
_SKEW = timedelta(minutes=10)
#: More are not counted one by one.
MOST_COUNTED = 100
#: Among so many of the newest those are looked for whom the person knows; of a larger burst the rest is no news.
MOST_SEARCHED = 5_000


@dataclass(frozen=True, slots=True)
class News:
    """``count`` messages nobody has read; who wrote the newest, about what, and where it lies."""

    count: int
    folder_id: int
    sender: str
    subject: str


@dataclass(frozen=True, slots=True)
class Look:
    """What there is to tell, and up to which placement and hit of a rule that is."""

    news: News | None
    told_id: int
    told_hit_id: int


@transaction.atomic
def record_device(user: User, to: Subscription, *, session_key: str, user_agent: str, language: str) -> Device:
    """This browser is told from now on; it has been somebody else's, if it was."""
    newest, hit = (kind.objects.aggregate(id=Max("id"))["id"] or 0 for kind in (Placement, RuleHit))
    device, _ = Device.objects.update_or_create(
        endpoint=to.endpoint,
        defaults={
            "user": user,
            "public_key": to.public_key,
            "secret": to.secret,
            "session_key": session_key,
            "user_agent": user_agent[:300],
            "language": language,
            "told_id": newest,
            "told_hit_id": hit,
            "due_at": None,
            "attempts": 0,
        },
    )
    kept = Device.objects.filter(user=user).order_by("-created_at", "-id").values_list("pk", flat=True)[:MOST_DEVICES]
    Device.objects.filter(user=user).exclude(pk__in=list(kept)).delete()
    return device


def load_devices(user_id: int) -> list[Device]:
    """Those whose session goes on, the newest first."""
    devices = list(Device.objects.filter(user=user_id).order_by("-created_at", "-id"))
    live = live_sessions(device.session_key for device in devices)
    return [device for device in devices if device.session_key in live]


def remove_device(user_id: int, device_id: int) -> bool:
    deleted, _ = Device.objects.filter(user=user_id, pk=device_id).delete()
    return bool(deleted)


def forget_signed_out(*, request: HttpRequest | None, **_signal: object) -> None:
    """A browser signs out, and is told nothing more."""
    key = request.session.session_key if request is not None else None
    if key:
        Device.objects.filter(session_key=key).delete()


def follow_session(*, old: str, new: str, **_signal: object) -> None:
    """A session goes on under another key, and its browser is told as before."""
    Device.objects.filter(session_key=old).update(session_key=new)


def note_new_mail(user_id: int) -> None:
    """Something has come into an inbox of this person."""
    later = timezone.now() + timedelta(seconds=GATHER_SECONDS)
    Device.objects.filter(user=user_id, due_at__isnull=True).update(due_at=later, attempts=0)


def due_devices(*, limit: int = 200) -> list[int]:
    due = Device.objects.filter(due_at__lte=timezone.now())
    return list(due.order_by("due_at").values_list("pk", flat=True)[:limit])


def claim_device(device_id: int) -> Device | None:
    """Take a due device for one try. None when another worker has it, or it is nobody's any more: then it is gone."""
    now = timezone.now()
    taken = Device.objects.filter(pk=device_id, due_at__lte=now).update(due_at=now + _CLAIM, attempts=F("attempts") + 1)
    device = Device.objects.select_related("user").filter(pk=device_id).first() if taken else None
    if device is None:
        return None
    if not device.user.is_active or not live_sessions([device.session_key]):
        device.delete()
        return None
    return device


def waits_for_rules(device: Device) -> bool:
    """Some of what came in is yet to be seen by a rule, which may put it elsewhere; not for longer than that takes."""
    lately = timezone.now() - _RULES_TAKE
    waiting = Arrival.objects.filter(account__user=device.user_id, created_at__gt=lately)
    return waiting.exists()


def look_again(device: Device) -> None:
    later = timezone.now() + timedelta(seconds=GATHER_SECONDS)
    Device.objects.filter(pk=device.pk).update(due_at=later, attempts=0)


def settle(device: Device, told: Look, *, was_told: bool) -> None:
    """All up to there is told, or nothing of it needed to be; what came meanwhile is looked for again."""
    device.told_id, device.told_hit_id = told.told_id, told.told_hit_id
    told_at = timezone.now() if was_told else device.told_at
    # It may have signed out while it was being told.
    Device.objects.filter(pk=device.pk).update(
        told_id=device.told_id, told_hit_id=device.told_hit_id, told_at=told_at, due_at=None, attempts=0
    )
    reminded = Device.objects.filter(pk=device.pk).exclude(snooze_ids=[], follow_up_ids=[])
    if reminded.exists() or look(device).news is not None:
        note_new_mail(device.user_id)


def postpone(device: Device, told: Look) -> None:
    """The service could not take it now. After the last try this news is given up, the device is not."""
    if device.attempts > len(_RETRY_SECONDS):
        Device.objects.filter(pk=device.pk).update(snooze_ids=[], follow_up_ids=[])
        settle(device, told, was_told=False)
        return
    later = timezone.now() + timedelta(seconds=_RETRY_SECONDS[device.attempts - 1])
    Device.objects.filter(pk=device.pk).update(due_at=later)


def look(device: Device) -> Look:
    """What has come into this person's inboxes since, and what a rule tells of, wherever the rule has put it: what is
    still there, unread, and in no muted conversation. Of what a rule does not name, as much as the person wants to
    hear of (``push_about``)."""
    about = preferences.load(device.user).push_about
    values: dict[str, Any] = {
        "user": device.user_id,
        "after": device.told_id,
        "after_hit": device.told_hit_id,
        "since": max(device.created_at - _SKEW, timezone.now() - _NEWS),
        "most": MOST_SEARCHED if about == "known" else MOST_COUNTED,
    }
    with connection.cursor() as cursor:
        cursor.execute(_NEWS_SQL, values)
        rows = cursor.fetchall()
    told_id = max([device.told_id, *(row[0] for row in rows if row[-1] is None)])
    told_hit_id = max([device.told_hit_id, *(row[-1] for row in rows if row[-1] is not None)])
    if about != "all":
        known = known_addresses(device.user_id, [row[4] for row in rows]) if about == "known" else set()
        rows = [row for row in rows if row[-1] is not None or comparable(row[4]) in known]
    if not rows:
        return Look(None, told_id, told_hit_id)
    _id, _message_id, folder_id, name, address, subject, _hit = rows[0]
    count = min(len({row[1] for row in rows}), MOST_COUNTED)
    return Look(News(count, folder_id, name or address, subject), told_id, told_hit_id)


# One bounded range of an index for each inbox, and one for what rules tell of in each account.
_NEWS_SQL = """
WITH news AS (
(SELECT n.*, NULL::bigint AS hit
  FROM accounts_mailaccount a
  JOIN mailsync_folder f ON f.account_id = a.id AND f.role = 'inbox'
 CROSS JOIN LATERAL (
       SELECT p.id, p.folder_id, p.message_id, p.received_at, p.thread_id FROM mailsync_placement p
        WHERE p.folder_id = f.id AND p.shown AND NOT p.seen AND p.id > %(after)s
          AND p.received_at > greatest(%(since)s, a.created_at)
        ORDER BY p.received_at DESC, p.id DESC LIMIT %(most)s) AS n
 WHERE a.user_id = %(user)s
 ORDER BY n.received_at DESC, n.id DESC LIMIT %(most)s)
UNION ALL
(SELECT n.*, h.id AS hit
  FROM accounts_mailaccount a
 CROSS JOIN LATERAL (
       SELECT r.id, r.message_id FROM mailsync_rulehit r
        WHERE r.account_id = a.id AND r.tells AND r.id > %(after_hit)s ORDER BY r.id DESC LIMIT %(most)s) AS h
 CROSS JOIN LATERAL (
       SELECT p.id, p.folder_id, p.message_id, p.received_at, p.thread_id
         FROM (SELECT * FROM mailsync_placement
                WHERE message_id = h.message_id AND shown AND NOT seen OFFSET 0) AS p
         JOIN mailsync_folder f ON f.id = p.folder_id AND f.role NOT IN ('junk', 'trash')
        WHERE p.received_at > greatest(%(since)s, a.created_at)
        ORDER BY p.id DESC LIMIT 1) AS n
 WHERE a.user_id = %(user)s
 ORDER BY n.received_at DESC, n.id DESC LIMIT %(most)s)
)
SELECT n.id, n.message_id, n.folder_id, m.from_name, m.from_address, m.subject, n.hit
  FROM news n
  JOIN mailsync_message m ON m.id = n.message_id
  JOIN mailsync_thread t ON t.id = n.thread_id AND NOT t.muted
  -- What has come back from snooze is no new mail, and told by itself (store/device_reminders.py).
  LEFT JOIN mailsync_snooze s ON s.message_id = n.message_id AND s.woken_at IS NOT NULL
 WHERE s.id IS NULL OR n.hit IS NOT NULL
 ORDER BY n.received_at DESC, n.id DESC
"""
