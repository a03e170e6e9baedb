"""What a user does about a conversation rather than with a message: put it off, silence it, keep it on top,
split it, put it together with others.

In: the user and placements they chose. Out: an ``ActionResult`` whose group takes it back, the journal knowing what
the change log does not. Raises ``NotYours`` and ``CannotDo``.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from uuid import uuid4

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailsync.actions import wake
from mailsync.actions.owned import own_placements
from mailsync.actions.verb import verb
from mailsync.announce import announce_folders
from mailsync.errors import CannotDo
from mailsync.models import Placement, Thread
from mailsync.store import acting, changes, deciding, snoozing, specials
from mailsync.store.threads import delete_empty_threads
from mailsync.types import ActionResult, Role

_LONGEST_SNOOZE = timedelta(days=5 * 366)
_NOT_SNOOZED = frozenset({Role.TRASH.value, Role.JUNK.value, Role.DRAFTS.value, Role.SENT.value})


@verb
def snooze(user_id: int, placement_ids: Iterable[int], until: datetime) -> ActionResult:
    """Out of sight until then, when it comes back unread and on top."""
    now = timezone.now()
    if not now < until < now + _LONGEST_SNOOZE:
        raise CannotDo(_("Choose a time that is still to come."), field="until")
    ids = list(placement_ids)
    group = uuid4()
    accounts = {row.account_id: row.account for row in own_placements(user_id, ids)}
    targets = {pk: specials.role_folder(account, Role.SNOOZED, group) for pk, account in accounts.items()}
    placements = own_placements(user_id, ids, to=[folder.pk for folder in targets.values()])
    if any(row.folder.role in _NOT_SNOOZED for row in placements):
        raise CannotDo(_("What lies in Drafts, Sent, Junk or the bin cannot be snoozed."))
    snoozing.put_off(placements, until, targets, group=group)
    left = [(row.folder_id, row.thread_id) for row in placements]
    arrived: list[Placement] = []
    for account_id, target in targets.items():
        mine = [row for row in placements if row.account_id == account_id]
        arrived += changes.record_moves(mine, target, group=group, hold_until=acting.hold_until())
    wake.show(arrived, *left)
    count = len(placements)
    label = ngettext("%(n)d message snoozed", "%(n)d messages snoozed", count) % {"n": count}
    return ActionResult(group, count, label, detail={"until": until.isoformat()})


@verb
def mute(user_id: int, placement_ids: Iterable[int], muted: bool = True) -> ActionResult:
    """New mail of these conversations skips the inbox, and so does what lies there; or no longer."""
    placements = own_placements(user_id, placement_ids)
    threads = _threads(placements, muted=not muted)
    Thread.objects.filter(pk__in=threads).update(muted=muted)
    group = uuid4()
    if muted:
        # What the inbox holds of them goes, also what was not chosen.
        lying = Placement.objects.filter(thread__in=threads, folder__role=Role.INBOX.value, shown=True)
        _count, folders = acting.apply_verb("archive", "", list(lying.values_list("pk", flat=True)), group)
        announce_folders(folders)
        wake.push_soon(row.account_id for row in placements)
    words = (
        ngettext("Conversation muted", "%(n)d conversations muted", len(threads))
        if muted
        else ngettext("Conversation no longer muted", "%(n)d conversations no longer muted", len(threads))
    )
    detail = {"muted": not muted, "threads": threads}
    return ActionResult(group, len(threads), words % {"n": len(threads)}, detail=detail)


@verb
def pin(user_id: int, placement_ids: Iterable[int], pinned: bool = True) -> ActionResult:
    """Keep these conversations on top of their lists, or no longer."""
    placements = own_placements(user_id, placement_ids)
    threads = _threads(placements, pinned=not pinned)
    Thread.objects.filter(pk__in=threads).update(pinned=pinned)
    wake.show(placements)
    words = (
        ngettext("Conversation pinned", "%(n)d conversations pinned", len(threads))
        if pinned
        else ngettext("Conversation no longer pinned", "%(n)d conversations no longer pinned", len(threads))
    )
    detail = {"pinned": not pinned, "threads": threads}
    return ActionResult(uuid4(), len(threads), words % {"n": len(threads)}, detail=detail)


@verb
def merge(user_id: int, placement_ids: Iterable[int]) -> ActionResult:
    """Make these conversations one, and keep them so whatever comes."""
    placements = own_placements(user_id, placement_ids)
    threads = {row.thread_id for row in placements}
    if len({row.account_id for row in placements}) > 1:
        raise CannotDo(_("Conversations of different mailboxes cannot be merged."))
    if len(threads) < 2:
        raise CannotDo(_("Select two or more conversations to merge."))
    label = ngettext("%(n)d conversation merged", "%(n)d conversations merged", len(threads)) % {"n": len(threads)}
    return _decided(placements[0].account_id, deciding.merge(placements[0].account_id, threads), len(threads), label)


@verb
def split(user_id: int, placement_ids: Iterable[int], *, onward: bool = False) -> ActionResult:
    """Give these messages, and what answers them, a conversation of their own; ``onward``: all that came later too."""
    placements = own_placements(user_id, placement_ids)
    if len({row.thread_id for row in placements}) > 1:
        raise CannotDo(_("Choose messages of one conversation to split it."))
    account_id = placements[0].account_id
    decided = deciding.split(account_id, {row.message_id for row in placements}, onward=onward)
    if decided is None:
        raise CannotDo(_("That is the whole conversation: nothing would be left to split it off from."))
    count = decided.moved
    label = ngettext("%(n)d message split off", "%(n)d messages split off", count) % {"n": count}
    return _decided(account_id, decided, count, label)


def _decided(account_id: int, decided: deciding.Decided, count: int, label: str) -> ActionResult:
    wake.show([], *decided.pairs)
    delete_empty_threads(decided.emptied)
    return ActionResult(uuid4(), count, label, detail={"account": account_id, "decided": decided.change})


def _threads(placements: Sequence[Placement], **having: bool) -> list[int]:
    """Their conversations that are to change."""
    wanted = {row.thread_id for row in placements}
    return sorted(Thread.objects.filter(pk__in=wanted, **having).values_list("pk", flat=True))
