"""Messages whose writers wait for an answer: what was sent flows in, who is to be reminded flows out. Database room.

An answer is looked for when new mail has come in, in the transaction that strikes its arrival off, and once more when
the time is over, as an answer may have come into another folder. It is whatever somebody else has written later in the
conversation; names of messages tie it together, so it does not matter whether the Sent copy is here.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Count, Min, Q, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.message.addresses import comparable
from mailsync.message.plain import plain
from mailsync.models import FollowUp, Message, Outgoing, OutgoingRecipient, Placement, Thread, ThreadReference
from mailsync.plan.follow_ups import is_answer
from mailsync.store import device_reminders
from mailsync.store.addressed import addresses_of
from mailsync.store.outbox import BYTES
from mailsync.types import Role

_DAY = timedelta(days=1)
#: So much a mail server's clock may differ from ours.
_CLOCKS = timedelta(minutes=10)
#: Of a conversation the newest; who has had so many later messages without an answer in them has been answered.
_LOOKED_AT = 50


def wait_for(outgoing: Outgoing, days: int, since: datetime | None = None) -> FollowUp:
    """Be reminded after so many days, counted from ``since``, else from when the message leaves."""
    begins = since or outgoing.departs_at
    wish = {"user_id": outgoing.user_id, "days": days, "due_at": begins + days * _DAY, "told_at": None}
    row, _ = FollowUp.objects.update_or_create(outgoing=outgoing, defaults=wish)
    return row


def leaves_at(outgoing: Outgoing) -> None:
    """The message leaves at another time."""
    row = FollowUp.objects.filter(outgoing=outgoing).first()
    if row is not None:
        wait_for(outgoing, row.days, outgoing.due_at)


def wait_no_more(outgoing_id: int) -> None:
    FollowUp.objects.filter(outgoing=outgoing_id).delete()


def load_follow_ups(user_id: int) -> QuerySet[FollowUp]:
    """What nobody has answered first, then what is waited for; the longest first."""
    rows = FollowUp.objects.filter(user_id=user_id).select_related("outgoing__account")
    letters = rows.defer(*(f"outgoing__{name}" for name in BYTES), "outgoing__draft_snapshot")
    return letters.prefetch_related("outgoing__recipients").order_by("told_at", "due_at", "id")


def count_unanswered(user_id: int) -> int | None:
    """How many have not been answered in time; None where nothing is waited for."""
    counts = FollowUp.objects.filter(user_id=user_id).aggregate(all=Count("id"), told=Count("told_at"))
    return counts["told"] if counts["all"] else None


def unanswered(user_id: int) -> QuerySet[FollowUp]:
    return load_follow_ups(user_id).filter(told_at__isnull=False)


def due_users(*, limit: int = 50) -> list[int]:
    """Whose time of waiting is over for some message."""
    due = FollowUp.objects.filter(told_at=None, due_at__lte=Now(), user__is_active=True)
    return list(due.order_by("user_id").values_list("user_id", flat=True).distinct()[:limit])


@transaction.atomic
def remind(user_id: int, *, limit: int = 200) -> list[int]:
    """Note what nobody has answered in time, for devices too; returns the account of each such message. A message that
    has not left yet waits for another day, and one that never will for nothing more."""
    due = FollowUp.objects.select_for_update(skip_locked=True, of=("self",)).select_related("outgoing")
    due = due.filter(user_id=user_id, told_at=None, due_at__lte=Now()).defer(*(f"outgoing__{name}" for name in BYTES))
    told, ids = [], []
    for row in due.order_by("due_at", "id")[:limit]:
        outgoing = row.outgoing
        if outgoing.state in (Outgoing.State.FAILED, Outgoing.State.CANCELLED) or _is_answered(outgoing):
            row.delete()
            continue
        if outgoing.state in (Outgoing.State.ACCEPTED, Outgoing.State.DONE):
            row.told_at = timezone.now()
            told.append(outgoing.account_id)
            ids.append(row.pk)
        else:
            row.due_at = timezone.now() + _DAY
        row.save(update_fields=["told_at", "due_at"])
    device_reminders.note(user_id, "unanswered", ids)
    return told


def settle_answered(account: MailAccount, placements: Sequence[Placement]) -> int:
    """New mail of an account has come in: what it answers is waited for no more. Inside a transaction."""
    if not placements:
        return 0
    rows = FollowUp.objects.filter(user_id=account.user_id, outgoing__account=account.pk).select_related("outgoing")
    waiting = {plain(row.outgoing.message_id): row for row in rows.defer(*(f"outgoing__{name}" for name in BYTES))}
    if not waiting:
        return 0
    threads = {one.thread_id for one in placements}
    wholes = Thread.objects.filter(pk__in=threads, whole__isnull=False).values_list("whole_id", flat=True)
    named = ThreadReference.objects.filter(account=account.pk, thread__in=threads | set(wholes), message_id__in=waiting)
    found = [waiting[name] for name in named.values_list("message_id", flat=True)]
    answered = [row.pk for row in found if _is_answered(row.outgoing)]
    FollowUp.objects.filter(pk__in=answered).delete()
    return len(answered)


def _is_answered(outgoing: Outgoing) -> bool:
    """By what came here after the mail server had taken it: what crossed it is no answer."""
    taken = outgoing.recipients.filter(state__in=OutgoingRecipient.TAKEN).aggregate(first=Min("settled_at"))["first"]
    if taken is None:
        return False
    named = ThreadReference.objects.filter(account=outgoing.account_id, message_id=plain(outgoing.message_id))
    whole = named.values_list("thread_id", flat=True).first()
    if whole is None:
        return False
    mine = {comparable(one) for one in addresses_of(outgoing.user_id)}
    threads = Thread.objects.filter(Q(pk=whole) | Q(whole=whole))
    later = Message.objects.filter(thread__in=threads, created_at__gt=taken)
    # What was there before may come here late, as an account is filled.
    later = later.filter(received_at__gt=taken - _CLOCKS).order_by("-received_at")
    found = list(later.values_list("pk", "from_address", "facts")[:_LOOKED_AT])
    answers = [pk for pk, sender, facts in found if is_answer(sender, facts, mine)]
    junk = Placement.objects.filter(message__in=answers, folder__role=Role.JUNK).values_list("message_id", flat=True)
    return bool(set(answers) - set(junk))
