"""Why a message is where it is, and what else was done with it: by rules, blocked senders, its reader, and whom Heron
answered automatically. Newest first. Database room."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from mailsync.models import Act, AutoReplied, Change, Outgoing, RuleHit
from mailsync.plan.rules import Deed


@dataclass(frozen=True, slots=True)
class Why:
    """``rule_id`` is None for what a blocked sender or the reader did, and for a rule that is gone.

    ``count`` is of how many messages Undo would take it back; 0 where it cannot be any more. For an automatic reply
    (``auto_reply``, or ``auto_reply_failed``) ``name`` is who was answered.
    """

    at: datetime
    kind: str
    name: str
    deeds: tuple[Deed, ...]
    rule_id: int | None
    group: UUID | None
    count: int


def load_whys(user_id: int, message_id: int) -> list[Why]:
    """For a message that the caller has the right to; four queries."""
    hits = list(RuleHit.objects.filter(message=message_id).order_by("-at")[:50])
    changed = Change.objects.filter(message=message_id).exclude(state=Change.State.CANCELLED)
    groups = {*(hit.group for hit in hits), *changed.values_list("group", flat=True)}
    acts = {act.group: act for act in Act.objects.filter(user_id=user_id, group__in=groups)}
    whys = [
        Why(
            at=hit.at,
            kind="block" if hit.is_block else "rule",
            name=hit.name,
            deeds=tuple(Deed(*one) for one in hit.deeds),
            rule_id=hit.rule_id,
            group=hit.group,
            count=_may_undo(acts.pop(hit.group, None)),
        )
        for hit in hits
    ]
    whys += [Why(act.created_at, act.verb, act.label, (), None, act.group, _may_undo(act)) for act in acts.values()]
    whys += [
        Why(one.at, "auto_reply_failed" if _has_failed(one) else "auto_reply", one.sent_to, (), None, None, 0)
        for one in AutoReplied.objects.filter(message=message_id).select_related("outgoing").defer("outgoing__raw")
    ]
    return sorted(whys, key=lambda why: why.at, reverse=True)


def _has_failed(one: AutoReplied) -> bool:
    return one.outgoing is not None and one.outgoing.state == Outgoing.State.FAILED


def _may_undo(act: Act | None) -> int:
    return act.count if act is not None and act.state in (Act.State.DONE, Act.State.STOPPED) else 0
