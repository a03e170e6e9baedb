"""Mailing lists that write to a reader, as the settings list them: what the tables say flows in, lines flow out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailsync.message.authres import Verdict
from mailsync.models import Message, Unsubscription
from mailsync.store.subscriptions import MOST_COUNTED, Subscription, count_since
from mailsync.store.unsubscriptions import load_unsubscriptions
from mailsync.types import Address
from webmail.present.lists import Farewell, Unsubscribe, present_farewell, ways_out

#: A list has so long to heed a farewell before letters that still come are held against it.
GRACE = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class SubscriptionLine:
    """``since`` letters have come although the list was told to stop, ``GRACE`` ago or longer."""

    of: Subscription
    ways: Unsubscribe
    left: Farewell | None
    asked_at: datetime | None
    since: int

    @property
    def sender(self) -> Address:
        return Address(self.of.message.from_name, self.of.message.from_address)

    @property
    def name(self) -> str:
        return self.of.message.from_name or self.of.message.from_address

    @property
    def count(self) -> str:
        return f"{MOST_COUNTED}+" if self.of.count >= MOST_COUNTED else str(self.of.count)

    @property
    def can_leave(self) -> bool:
        return self.left is None or self.left.failed or self.since > 0


def present_subscriptions(
    user_id: int, found: Iterable[Subscription], verdict_on: Callable[[Message], Verdict]
) -> list[SubscriptionLine]:
    """Those that offer a way out; ``verdict_on`` says whether a letter is from whom it says."""
    offered = [(one, ways) for one in found if (ways := ways_out(one.message, verdict_on(one.message)))]
    left = load_unsubscriptions(user_id, [ways.list_key for _one, ways in offered])
    return [_line(one, ways, left.get(ways.list_key)) for one, ways in offered]


def _line(one: Subscription, ways: Unsubscribe, left: Unsubscription | None) -> SubscriptionLine:
    farewell = present_farewell(left)
    if left is None or farewell is None:
        return SubscriptionLine(one, ways, None, None, 0)
    return SubscriptionLine(one, ways, farewell, left.asked_at, count_since(one.message, left.asked_at + GRACE))
