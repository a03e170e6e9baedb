"""What rules and blocked senders do, by the verbs of the screens, and what is written down of it. Database room.

In: deeds and placements of one user, in the caller's transaction. Out: the folders' new counts; an ``Act`` in the
journal that takes it back, and a ``RuleHit`` for each message, which says why it is where it is.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

from mailsync.models import Act, BlockedSender, Placement, Rule, RuleHit, Thread
from mailsync.plan.rules import TELL, WORDS, Deed, changes_mail, in_order
from mailsync.store import acting
from mailsync.store.summary import FolderCounts, join_counts, refresh

_OF_CONVERSATIONS = {"pin": "pinned", "mute": "muted"}


@dataclass(slots=True)
class Applied:
    """The new counts by folder, and what the journal needs to take conversations back."""

    counts: dict[int, FolderCounts] = field(default_factory=dict)
    detail: dict[str, Any] = field(default_factory=dict)


def apply_deeds(deeds: Sequence[Deed], placement_ids: Sequence[int], group: UUID, *, held: bool = False) -> Applied:
    """Marks first, then where it goes. Raises ``CannotDo`` where a folder is gone."""
    done = Applied()
    for deed in in_order(deeds):
        if deed.verb in WORDS:
            continue
        if deed.verb in _OF_CONVERSATIONS:
            counts = _turn_on(_OF_CONVERSATIONS[deed.verb], placement_ids, done)
        else:
            _count, counts = acting.apply_verb(deed.verb, deed.argument, placement_ids, group, held=held)
        done.counts = join_counts(done.counts, counts)
    return done


def _turn_on(column: str, placement_ids: Sequence[int], done: Applied) -> list[FolderCounts]:
    rows = Placement.objects.filter(pk__in=placement_ids).values_list("folder_id", "thread_id")
    pairs = sorted(set(rows))
    threads = Thread.objects.filter(pk__in={thread for _, thread in pairs}, **{column: False})
    turned = sorted(threads.values_list("pk", flat=True))
    Thread.objects.filter(pk__in=turned).update(**{column: True})
    if turned:
        done.detail |= {column: False, "threads": turned}
    return refresh(pairs)


@dataclass(frozen=True, slots=True)
class Author:
    """On whose account it is done: a rule, or a blocked sender (``rule_id`` None)."""

    name: str
    deeds: tuple[Deed, ...]
    rule_id: int | None = None


def treat(user_id: int, author: Author, placements: Sequence[Placement]) -> dict[int, FolderCounts]:
    """Do it to new mail and write it down, as an act of its own where there is anything to take back."""
    group = uuid4()
    done = apply_deeds(author.deeds, [one.pk for one in placements], group)
    if changes_mail(author.deeds):
        Act.objects.create(
            user_id=user_id,
            group=group,
            verb="rule" if author.rule_id else "block",
            label=author.name,
            count=len(placements),
            detail=done.detail,
        )
    note_hits(author, placements, group, tells=any(deed.verb == TELL for deed in author.deeds))
    return done.counts


def note_hits(author: Author, placements: Sequence[Placement], group: UUID, *, tells: bool = False) -> None:
    """``tells``: the person's devices are told of these."""
    deeds = [[deed.verb, deed.argument] for deed in author.deeds]
    RuleHit.objects.bulk_create(
        RuleHit(
            account_id=one.account_id,
            rule_id=author.rule_id,
            message_id=one.message_id,
            name=author.name,
            is_block=author.rule_id is None,
            deeds=deeds,
            group=group,
            tells=tells,
        )
        for one in placements
    )


def forget_made(user_id: int, detail: Mapping[str, Any]) -> None:
    """An act is taken back that blocked senders, or made a rule."""
    BlockedSender.objects.filter(user_id=user_id, pattern__in=detail.get("blocked", ())).delete()
    Rule.objects.filter(user_id=user_id, pk=detail.get("rule", 0)).delete()
