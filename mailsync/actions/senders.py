"""What a user does about a sender: block, unblock, sweep up what lies there of them.

In: the user, and an address or messages of theirs. Out: an ``ActionResult`` whose group takes it back, the block and
the rule with it. Raises ``NotYours`` and ``CannotDo``.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal
from uuid import uuid4

from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from mailsync.actions import wake
from mailsync.actions.mail import junk, trash
from mailsync.actions.owned import NotYours, own_folder, own_message, own_placements
from mailsync.actions.rules import ready_rule
from mailsync.actions.verb import verb
from mailsync.errors import CannotDo
from mailsync.message.addresses import is_address
from mailsync.models import Act, BlockedSender
from mailsync.plan.rules import Deed, as_pattern, find_blocked
from mailsync.store.addressed import addresses_of
from mailsync.store.contacts import known_addresses
from mailsync.store.listed import Listing, highest_placement
from mailsync.store.listing import Cursor
from mailsync.store.rules import folders_to_try
from mailsync.store.senders import newest_of
from mailsync.types import ActionResult

MOST_BLOCKED = 5000
_OLD = timedelta(days=10)

Which = Literal["all", "but_latest", "old"]


@verb
def block_sender(user_id: int, pattern: str, *, to_bin: bool = False) -> ActionResult:
    """Send all that comes from this address, or domain, to Junk, or to the bin, from now on."""
    pattern = _read_pattern(user_id, pattern)
    mine = BlockedSender.objects.filter(user_id=user_id)
    if mine.count() >= MOST_BLOCKED:
        raise CannotDo(_("There are 5000 blocked senders already. Unblock some first."), field="pattern")
    _row, is_new = mine.update_or_create(user_id=user_id, pattern=pattern, defaults={"to_bin": to_bin})
    label = _("%(sender)s is blocked") % {"sender": pattern}
    return ActionResult(uuid4(), int(is_new), label, detail={"blocked": [pattern]} if is_new else {})


def _read_pattern(user_id: int, typed: str) -> str:
    """An address or a domain, that is not the user's own."""
    pattern = typed.strip().lower().removeprefix("@")
    is_domain = "@" not in pattern and "." in pattern and is_address(f"a@{pattern}")
    if not (is_domain or is_address(pattern)):
        raise CannotDo(_("Write an address, as name@example.org, or a domain, as example.org."), field="pattern")
    if any(find_blocked(address, {pattern}) for address in addresses_of(user_id)):
        raise CannotDo(_("That is you: your own addresses cannot be blocked."), field="pattern")
    return as_pattern(pattern)


@verb
def block_senders_of(user_id: int, placement_ids: Iterable[int]) -> ActionResult:
    """Block who wrote these, and move these to Junk. Who is a contact is not blocked in passing."""
    rows = own_placements(user_id, placement_ids)
    senders = sorted({row.message.from_address.strip().lower() for row in rows} - {""})
    if not senders:
        raise CannotDo(_("These messages name no sender."))
    known = sorted(known_addresses(user_id, senders))
    if known:
        raise CannotDo(_("%(who)s is one of your contacts. Open the message to block them.") % {"who": known[0]})
    blocked = [pattern for sender in senders if block_sender(user_id, sender).count for pattern in [sender]]
    moved = junk(user_id, [row.pk for row in rows])
    label = (
        _("%(sender)s is blocked") % {"sender": senders[0]}
        if len(senders) == 1
        else ngettext("%(n)d sender blocked", "%(n)d senders blocked", len(senders)) % {"n": len(senders)}
    )
    return ActionResult(moved.group, max(moved.count, len(blocked)), label, detail={"blocked": blocked})


@verb
def block_sender_of(
    user_id: int, message_id: int, placement_ids: Iterable[int], pattern: str, *, to_bin: bool = False
) -> ActionResult:
    """Block the sender of a message that is being read, or their domain, and put the message where the next ones go."""
    own_message(user_id, message_id)
    done = block_sender(user_id, pattern, to_bin=to_bin)
    ids = list(placement_ids)
    if not ids:
        return done
    moved = trash(user_id, ids, group=done.group) if to_bin else junk(user_id, ids)
    return ActionResult(moved.group, max(moved.count, done.count), done.label, detail=done.detail)


def unblock_sender(user_id: int, blocked_id: int) -> None:
    """Twice is no error: the second finds nothing left to do."""
    BlockedSender.objects.filter(user_id=user_id, pk=blocked_id).delete()


@verb
def sweep(
    user_id: int, sender: str, which: Which, name: str, *, folder_id: int | None = None, onward: bool = False
) -> ActionResult:
    """Bin, archive or move what lies in the inboxes from this sender: all, all but the latest, or what is old.

    ``onward``: all that comes from now on goes the same way, by a rule.
    """
    sender = sender.strip().lower()
    if not is_address(sender) or name not in ("trash", "archive", "move"):
        raise CannotDo(_("Choose what is to be done."), field="do")
    target = own_folder(user_id, folder_id or 0) if name == "move" else None
    accounts = [target.account_id] if target else []
    folders = folders_to_try(user_id, accounts, inbox_only=True)
    if not folders:
        raise NotYours("folder")
    detail: dict[str, object] = {}
    if onward:
        deed = Deed(name, str(target.pk) if target else "")
        detail["rule"] = ready_rule(user_id, _("From %(sender)s") % {"sender": sender}, sender, [deed]).pk
    listing = Listing(tuple(folders), sender=sender)
    place = ""
    if which == "old":
        place = str(Cursor(timezone.now() - _OLD, 0))
    elif which == "but_latest":
        latest = newest_of(folders, sender)
        place = str(latest) if latest else ""
    label = _("Mail from %(sender)s is swept up") % {"sender": sender}
    act = Act.objects.create(
        user_id=user_id,
        group=uuid4(),
        verb=name,
        label=label,
        state=Act.State.WORKING,
        listing=listing.as_json(),
        argument=str(target.pk) if target else "",
        place=place,
        highest=highest_placement(listing),
        detail=detail,
        due_at=Now(),
    )
    wake.act_soon(act.pk)
    return ActionResult(act.group, 0, label, act_id=act.pk, detail=detail)
