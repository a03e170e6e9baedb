"""The verbs of whoever runs this Heron: kinds of outbound calls shut and opened, what is parked tried again.

In: an administrator's choice; whether it is one is for the views to know. Out: counts.
"""

from dataclasses import dataclass

from django.db.models.functions import Now

from mailsync.models import AccountSync, Change, Folder, Outgoing
from mailsync.protocol import egress
from mailsync.store.egress import load_switches, set_switch


@dataclass(frozen=True, slots=True)
class OutboundKind:
    key: str
    is_shut: bool


def outbound_kinds() -> list[OutboundKind]:
    """Every kind of outbound call there is, with its switch."""
    shut = load_switches()
    return [OutboundKind(kind.value, shut.get(kind.value, False)) for kind in egress.Kind]


def shut_outbound(key: str, is_shut: bool) -> bool:
    """Shut or open one kind; False if there is no such kind."""
    if key not in {kind.value for kind in egress.Kind}:
        return False
    set_switch(key, is_shut)
    return True


def retry_everything() -> int:
    """Folders that are parked, changes and messages that wait for their next try: all due now. Returns how many."""
    folders = Folder.objects.filter(parked_at__isnull=False).update(parked_at=None, failures=0, due_at=Now())
    waiting = Change.objects.filter(finished_at=None, state__in=Change.OPEN, due_at__gt=Now())
    accounts = list(waiting.values_list("account_id", flat=True).distinct())
    changes = waiting.update(due_at=None)
    AccountSync.objects.filter(account_id__in=accounts).update(push_due_at=Now())
    deferred = Outgoing.objects.filter(state=Outgoing.State.DEFERRED, finished_at=None, due_at__gt=Now())
    return folders + changes + deferred.update(due_at=Now())
