"""What a person wanted to be reminded of, for the browsers that are told while no page is open. Database room.

Snoozed mail comes back, a message has had no answer in time: each device notes the ids, in the transaction that found
it, and strikes them off once it has told them. New mail is passed by its order (``store/devices.py``); these come from
several workers, and are few. Whether they are still worth a word is asked only when they are told.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from django.db import connection
from django.utils import timezone

from accounts import preferences
from mailsync.models import Device, FollowUp, Placement
from mailsync.store.devices import GATHER_SECONDS
from mailsync.store.outbox import BYTES
from mailsync.types import Role

Kind = Literal["snoozed", "unanswered"]
#: Back from snooze, and away again.
_OUT_OF_SIGHT = (Role.JUNK, Role.TRASH, Role.SNOOZED)


@dataclass(frozen=True, slots=True)
class Reminder:
    """``ids`` are settled with it. ``count`` of them are still worth a word: messages; 0: none is.

    ``people`` and ``subject`` are those of the newest. ``folder_id`` and ``thread_id``: the conversation, where it is
    one and here; else 0, and the folder that the newest lies in, if any.
    """

    kind: Kind
    ids: tuple[int, ...]
    count: int = 0
    people: str = ""
    subject: str = ""
    folder_id: int = 0
    thread_id: int = 0


def note(user_id: int, kind: Kind, ids: Sequence[int]) -> None:
    """The devices of this person are to tell of these. Last in its transaction, as it locks their rows: a device that
    is being told just now waits with its next look until this is seen."""
    if ids:
        _execute(_NOTE, kind, ids, user=user_id, later=timezone.now() + timedelta(seconds=GATHER_SECONDS))


def load_reminders(device: Device) -> list[Reminder]:
    """What this device is to be told, or to strike off untold: read, answered or thrown away meanwhile, or unwanted."""
    snoozed, unanswered = tuple(device.snooze_ids), tuple(device.follow_up_ids)
    if not preferences.load(device.user).push_reminders:
        unwanted = (Reminder("snoozed", snoozed), Reminder("unanswered", unanswered))
        return [one for one in unwanted if one.ids]
    found = []
    if snoozed:
        found.append(_back(device, snoozed))
    if unanswered:
        found.append(_unanswered(device, unanswered))
    return found


def strike_off(device: Device, reminder: Reminder) -> bool:
    """These are told, or need not be. False: the device is not there any more."""
    return bool(_execute(_STRIKE_OFF, reminder.kind, reminder.ids, device=device.pk))


def _execute(sql: str, kind: Kind, ids: Sequence[int], **values: int | datetime) -> int:
    told: dict[str, Any] = {"snoozed": [], "unanswered": [], **values, kind: list(ids)}
    with connection.cursor() as cursor:
        cursor.execute(sql, told)
        return int(cursor.rowcount)


_NOTE = """
UPDATE mailsync_device d
   SET snooze_ids = d.snooze_ids || %(snoozed)s::bigint[],
       follow_up_ids = d.follow_up_ids || %(unanswered)s::bigint[],
       attempts = CASE WHEN d.due_at IS NULL THEN 0 ELSE d.attempts END,
       due_at = coalesce(d.due_at, %(later)s)
  FROM (SELECT id FROM mailsync_device WHERE user_id = %(user)s ORDER BY id FOR UPDATE) AS mine
 WHERE d.id = mine.id
"""
_STRIKE_OFF = """
UPDATE mailsync_device
   SET snooze_ids = ARRAY(SELECT unnest(snooze_ids) EXCEPT SELECT unnest(%(snoozed)s::bigint[])),
       follow_up_ids = ARRAY(SELECT unnest(follow_up_ids) EXCEPT SELECT unnest(%(unanswered)s::bigint[]))
 WHERE id = %(device)s
"""


def _back(device: Device, ids: tuple[int, ...]) -> Reminder:
    """What lies where it is read, unread as it came back, and in no muted conversation."""
    lying = Placement.objects.filter(
        account__user=device.user_id,
        message__snooze__in=ids,
        message__snooze__woken_at__isnull=False,
        shown=True,
        seen=False,
        thread__muted=False,
    ).exclude(folder__role__in=_OUT_OF_SIGHT)
    rows = list(lying.select_related("message").order_by("-received_at", "-id"))
    if not rows:
        return Reminder("snoozed", ids)
    newest = rows[0]
    is_one = len({row.thread_id for row in rows}) == 1
    return Reminder(
        "snoozed",
        ids,
        count=len({row.message_id for row in rows}),
        people=newest.message.from_name or newest.message.from_address,
        subject=newest.message.subject,
        folder_id=newest.folder_id,
        thread_id=newest.thread_id if is_one else 0,
    )


def _unanswered(device: Device, ids: tuple[int, ...]) -> Reminder:
    """What still waits for an answer; an answer, or its writer, has taken away the others."""
    waiting = FollowUp.objects.filter(pk__in=ids, user=device.user_id, told_at__isnull=False)
    letters = waiting.select_related("outgoing").defer(*(f"outgoing__{name}" for name in BYTES))
    rows = list(letters.order_by("-told_at", "-id"))
    if not rows:
        return Reminder("unanswered", ids)
    newest = rows[0].outgoing
    copies = Placement.objects.filter(
        account=newest.account_id, message__message_id=newest.message_id, shown=True
    ).exclude(folder__role__in=_OUT_OF_SIGHT)
    copy = copies.order_by("-id").first() if len(rows) == 1 else None
    return Reminder(
        "unanswered",
        ids,
        count=len(rows),
        people=", ".join(newest.recipients.order_by("id").values_list("address", flat=True)),
        subject=newest.subject,
        folder_id=copy.folder_id if copy is not None else 0,
        thread_id=copy.thread_id if copy is not None else 0,
    )
