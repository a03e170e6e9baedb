"""What a user does to mail that is there: read, flag, file, throw away, and take it back.

In: the user and placements they chose. Out: an ``ActionResult`` whose group undoes it. The screen shows
the effect at once; the server learns it from the change log. Raises ``NotYours`` for another's id and
``CannotDo`` with a reason where the wish makes no sense.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

from django.utils.translation import ngettext_lazy

from mailsync.actions import wake
from mailsync.actions.owned import NotYours, own_conversation, own_folder, own_message, own_placements
from mailsync.actions.verb import line_for, verb
from mailsync.announce import announce_folders
from mailsync.errors import CannotDo
from mailsync.models import Act, Change, Folder, Message, Placement, Thread, ThreadRow
from mailsync.store import (
    changes,
    copying,
    deciding,
    drafts,
    journal_work,
    ruling,
    search_names,
    snoozing,
    specials,
    undoing,
)
from mailsync.store.acting import hold_until
from mailsync.store.labels import is_atom, take_back
from mailsync.store.locking import Markable
from mailsync.store.marking import differing, mark
from mailsync.store.threads import delete_empty_threads
from mailsync.types import ActionResult, OneConversation, Role

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise as StrPromise

#: Messages that go to another account at a time: each is taken apart and stored anew.
MOST_TRANSFERRED = 200

_READ = ngettext_lazy("%(n)d message marked as read", "%(n)d messages marked as read", "n")
_UNREAD = ngettext_lazy("%(n)d message marked as unread", "%(n)d messages marked as unread", "n")
_FLAGGED = ngettext_lazy("%(n)d message flagged", "%(n)d messages flagged", "n")
_UNFLAGGED = ngettext_lazy("Flag removed from %(n)d message", "Flag removed from %(n)d messages", "n")
_LABELLED = ngettext_lazy("%(n)d message labelled", "%(n)d messages labelled", "n")
_UNLABELLED = ngettext_lazy("Label removed from %(n)d message", "Label removed from %(n)d messages", "n")
_MOVED = ngettext_lazy("%(n)d message moved to %(folder)s", "%(n)d messages moved to %(folder)s", "n")
_COPIED = ngettext_lazy("%(n)d message copied to %(folder)s", "%(n)d messages copied to %(folder)s", "n")
_ARCHIVED = ngettext_lazy("%(n)d message archived", "%(n)d messages archived", "n")
_JUNK = ngettext_lazy("%(n)d message moved to Junk", "%(n)d messages moved to Junk", "n")
_NOT_JUNK = ngettext_lazy("%(n)d message moved to the inbox", "%(n)d messages moved to the inbox", "n")
_BINNED = ngettext_lazy("%(n)d message moved to the bin", "%(n)d messages moved to the bin", "n")
_DELETED = ngettext_lazy("%(n)d message deleted for good", "%(n)d messages deleted for good", "n")


@verb
def mark_read(user_id: int, which: Iterable[int] | OneConversation, read: bool = True) -> ActionResult:
    """Set or clear \\Seen of placements, or of a conversation in a folder."""
    return _mark(user_id, which, "\\Seen", read, _READ if read else _UNREAD)


@verb
def flag(user_id: int, which: Iterable[int] | OneConversation, flagged: bool = True) -> ActionResult:
    """Set or clear \\Flagged, likewise."""
    return _mark(user_id, which, "\\Flagged", flagged, _FLAGGED if flagged else _UNFLAGGED)


def _mark(
    user_id: int, which: Iterable[int] | OneConversation, name: str, on: bool, done: "StrPromise"
) -> ActionResult:
    if isinstance(which, OneConversation):
        rows = own_conversation(user_id, which)
    else:
        rows = [Markable.of(row) for row in own_placements(user_id, which)]
    touched = differing(rows, name, on)
    result = replace(_result(uuid4(), len(touched), done), is_noted=True)
    announce_folders(mark(touched, name, on, group=result.group, line=line_for(user_id, result)))
    wake.push_soon(row.account_id for row in touched)
    return result


@verb
def set_keyword(user_id: int, placement_ids: Iterable[int], keyword: str, on: bool = True) -> ActionResult:
    """Set or clear a keyword (RFC 9051 §2.3.2), which must be an atom: printable, no spaces or quotes."""
    if not is_atom(keyword):
        raise CannotDo("A label has letters, digits, and - _ $ only.", field="keyword")
    group = uuid4()
    add, remove = ([keyword], ()) if on else ((), [keyword])
    touched = changes.record_flags(own_placements(user_id, placement_ids), add=add, remove=remove, group=group)
    wake.show_flags(touched)
    wake.push_soon(row.account_id for row in touched)
    return replace(_result(group, len(touched), _LABELLED if on else _UNLABELLED), detail={"keyword": keyword})


@verb
def move(user_id: int, placement_ids: Iterable[int], folder_id: int) -> ActionResult:
    """Move to a folder. Into another account a copy is filed, and when it is there the original goes to Trash."""
    target, placements = _bound_for(user_id, placement_ids, folder_id)
    group = uuid4()
    near = [row for row in placements if row.account_id == target.account_id]
    count = _move(near, target, group)
    for row, change, _arrived in _transfer([row for row in placements if row not in near], target, group):
        bin_ = specials.role_folder(row.account, Role.TRASH, group)
        if row.folder.role != Role.TRASH:
            _move([row], bin_, group)
            Change.objects.filter(group=group, kind=Change.Kind.MOVE, message_id=row.message_id).update(after=change)
        count += 1
    return _result(group, count, _MOVED, target.name)


@verb
def copy(user_id: int, placement_ids: Iterable[int], folder_id: int) -> ActionResult:
    """Copy to a folder of the same account or of another."""
    target, placements = _bound_for(user_id, placement_ids, folder_id)
    group = uuid4()
    near = [row for row in placements if row.account_id == target.account_id]
    arrived = copying.record_copies(near, target, group=group)
    arrived += [copied for _, _, copied in _transfer([row for row in placements if row not in near], target, group)]
    wake.show(arrived)
    wake.push_soon([target.account_id])
    return _result(group, len(arrived), _COPIED, target.name)


def _bound_for(user_id: int, placement_ids: Iterable[int], folder_id: int) -> tuple[Folder, list[Placement]]:
    target = own_folder(user_id, folder_id)
    if not target.selectable or target.missing_since:
        raise CannotDo(f"“{target.name}” cannot hold messages. Choose another folder.", field="folder")
    return target, own_placements(user_id, placement_ids, to=[target.pk])


def _transfer(
    placements: Sequence[Placement], target: Folder, group: UUID
) -> list[tuple[Placement, Change, Placement]]:
    if len(placements) > MOST_TRANSFERRED:
        raise CannotDo(
            f"At most {MOST_TRANSFERRED} messages go to another account at a time. Choose fewer.", field="folder"
        )
    missing = [row.message_id for row in placements if row.message.raw_id is None]
    if missing:
        for message_id in missing:
            wake.fetch_soon(message_id)
        raise CannotDo("The text of these messages is just being fetched. Try again in a moment.", field="folder")
    made = copying.record_transfers(placements, target, group=group)
    wake.show([arrived for _, _, arrived in made])
    if made:
        wake.push_soon([target.account_id])
    return made


@verb
def archive(user_id: int, placement_ids: Iterable[int]) -> ActionResult:
    """Move to each account's Archive, which is made where there is none."""
    return _move_to_role(user_id, placement_ids, Role.ARCHIVE, _ARCHIVED)


@verb
def junk(user_id: int, placement_ids: Iterable[int], is_junk: bool = True) -> ActionResult:
    """Move to Junk, or back to the inbox, and say so in the registered keywords $Junk and $NotJunk."""
    placements = own_placements(user_id, placement_ids)
    group = uuid4()
    words = ("$Junk", "$NotJunk") if is_junk else ("$NotJunk", "$Junk")
    wake.show_flags(changes.record_flags(placements, add=[words[0]], remove=[words[1]], group=group))
    return _move_to_role(
        user_id,
        [row.pk for row in placements],
        Role.JUNK if is_junk else Role.INBOX,
        _JUNK if is_junk else _NOT_JUNK,
        group,
    )


@verb
def trash(user_id: int, placement_ids: Iterable[int], *, group: UUID | None = None) -> ActionResult:
    """Move to Trash; what lies in Trash already is deleted for good."""
    ids = list(placement_ids)
    placements = own_placements(user_id, ids)
    group = group or uuid4()
    for_good = [row for row in placements if row.folder.role == Role.TRASH]
    count = _expunge(for_good, group)
    rest = [row.pk for row in placements if row.folder.role != Role.TRASH]
    if rest:
        count += _move_to_role(user_id, rest, Role.TRASH, _BINNED, group).count
    return _result(group, count, _DELETED if for_good and not rest else _BINNED)


@verb
def delete_for_good(user_id: int, placement_ids: Iterable[int]) -> ActionResult:
    """Expunge what lies in Trash, Junk or Drafts; elsewhere a message goes to Trash first."""
    placements = own_placements(user_id, placement_ids)
    if any(row.folder.role not in {Role.TRASH, Role.JUNK, Role.DRAFTS} for row in placements):
        raise CannotDo("Only messages in the bin, Junk or Drafts can be deleted for good.")
    group = uuid4()
    return _result(group, _expunge(placements, group), _DELETED)


@verb
def undo(user_id: int, group: UUID) -> bool:
    """Take back what one verb did, but for messages that have changed since, whose number is noted (``missed``).
    False when nothing of it can be taken back any more: deleted for good, or put elsewhere."""
    act = Act.objects.select_for_update().filter(group=group, user_id=user_id).first()
    if act is not None and act.is_long:
        if act.state not in (Act.State.UNDOING, Act.State.UNDONE):
            journal_work.begin_undo(act)
            take_back(user_id, act.verb, act.argument)
            search_names.put_back(user_id, act.detail)
            ruling.forget_made(user_id, act.detail)
            if act.detail.get("threads"):
                wake.show([], *_set_back(user_id, act.detail))
            wake.tell(user_id, "account")
            wake.act_soon(act.pk)
        return True
    mine = list(
        Change.objects.filter(group=group, account__user_id=user_id)
        .exclude(state=Change.State.CANCELLED)
        .order_by("-id")
    )
    if not mine and (act is None or not act.detail):
        raise NotYours("change")
    touched, missed = undoing.take_back_what_can_be(mine)
    if missed and missed == len({change.message_id or change.pk for change in mine}):
        return False
    snoozing.forget(group)
    if act is not None and act.detail.get("threads"):
        touched += _set_back(user_id, act.detail)
    if act is not None and act.detail.get("decided"):
        decided = deciding.take_back(act.detail["account"], act.detail["decided"])
        wake.show([], *decided.pairs)
        delete_empty_threads(decided.emptied)
    if act is not None:
        ruling.forget_made(user_id, act.detail)
        if act.verb == Act.DISCARD and act.state != Act.State.UNDONE:
            draft = drafts.bring_back(user_id, act.detail["draft"])
            wake.tell(user_id, "draft", draft=draft.pk)
    if act is not None and missed:
        act.detail["missed"] = missed
        Act.objects.filter(group=group).update(detail=act.detail)
    Act.objects.filter(group=group).update(state=Act.State.UNDONE)
    wake.show([], *touched)
    wake.push_soon(change.account_id for change in mine)
    for account_id in {change.account_id for change in mine if change.kind in Change.OF_FOLDERS}:
        wake.tell(user_id, "account", account=account_id)
    return True


def _set_back(user_id: int, detail: Mapping[str, Any]) -> list[tuple[int, int]]:
    """Conversations are muted or pinned as they were."""
    before = {name: detail[name] for name in ("muted", "pinned") if name in detail}
    threads = Thread.objects.filter(pk__in=detail["threads"], account__user_id=user_id)
    threads.update(**before)
    return list(ThreadRow.objects.filter(thread__in=threads).values_list("folder_id", "thread_id"))


@verb
def open_message(user_id: int, message_id: int) -> ActionResult:
    """A message is being read: \\Seen wherever it lies, and its body wanted at once if it has not come yet."""
    message = own_message(user_id, message_id)
    if message.raw_id is None:
        wake.fetch_soon(message.pk)
    unseen = Placement.objects.filter(message=message, shown=True, seen=False).values_list("id", flat=True)
    if not unseen:
        return ActionResult(uuid4(), 0, "")
    return mark_read(user_id, list(unseen), True)


def fetch_now(message_id: int) -> None:
    """The body is wanted now: it jumps the queue. Call it for a message that ``access`` has let through."""
    if Message.objects.filter(pk=message_id, raw=None).exists():
        wake.fetch_soon(message_id)


def _move_to_role(
    user_id: int,
    placement_ids: Sequence[int] | Iterable[int],
    role: Role,
    done: "StrPromise",
    group: UUID | None = None,
) -> ActionResult:
    group = group or uuid4()
    ids = list(placement_ids)
    accounts = {row.account_id: row.account for row in _peek(user_id, ids)}
    targets = {account_id: specials.role_folder(account, role, group) for account_id, account in accounts.items()}
    placements = own_placements(user_id, ids, to=[folder.pk for folder in targets.values()])
    count = 0
    for account_id, target in targets.items():
        count += _move([row for row in placements if row.account_id == account_id], target, group)
    return _result(group, count, done)


def _peek(user_id: int, ids: Sequence[int]) -> Iterable[Placement]:
    return Placement.objects.select_related("account").filter(id__in=ids, account__user_id=user_id)


def _move(placements: Sequence[Placement], target: Folder, group: UUID) -> int:
    left = [(row.folder_id, row.thread_id) for row in placements]
    arrived = changes.record_moves(placements, target, group=group, hold_until=hold_until())
    wake.show(arrived, *left)
    return len(arrived)


def _expunge(placements: Sequence[Placement], group: UUID) -> int:
    gone = changes.record_expunges(placements, group=group, hold_until=hold_until())
    wake.show(gone)
    return len(gone)


def _result(group: UUID, count: int, done: "StrPromise", folder: str = "") -> ActionResult:
    return ActionResult(group, count, done % {"n": count, "folder": folder})
