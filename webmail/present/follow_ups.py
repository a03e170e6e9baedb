"""What somebody waits to be answered, as its page and the lists show it. Screens room; reads only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from mailsync.models import FollowUp
from webmail.present.people import addresses_line
from webmail.present.spans import Span, spans


@dataclass(frozen=True, slots=True)
class FollowUpCard:
    """``message_id`` is the Sent copy, 0 where it is not here. ``told``: nobody has answered in time."""

    outgoing_id: int
    message_id: int
    title: str
    people: str
    sent_at: datetime
    due_at: datetime
    told: bool

    @property
    def spans(self) -> Sequence[Span]:
        return spans()


@dataclass(frozen=True, slots=True)
class Unanswered:
    """How many messages nobody has answered in time; ``only`` is the one, where it is one."""

    count: int
    only: FollowUpCard | None


def present_follow_up(row: FollowUp, message_id: int = 0) -> FollowUpCard:
    """``row`` comes from ``store.follow_ups``, with its message and its recipients."""
    outgoing = row.outgoing
    return FollowUpCard(
        outgoing.pk,
        message_id,
        outgoing.subject or _("(no subject)"),
        addresses_line([one.address for one in outgoing.recipients.all()]),
        outgoing.departs_at,
        row.due_at,
        row.told_at is not None,
    )
