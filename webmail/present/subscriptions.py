"""Mailing lists that write to a reader, as the settings list them: what the tables say flows in, lines flow out."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailsync.message.authres import Verdict
from mailsync.models import Message, Unsubscription
from mailsync.store.subscriptions import MOST_COUNTED, Subscription, count_since
from mailsync.store.unsubscriptions import load_unsubscriptions
from mailsync.types import Address
from webmail.present.lists import Farewell, Unsubscribe, present_farewell, ways_left, ways_out

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
        message = self.of.message
        return Address(self.name if self.of.is_shared else message.from_name, message.from_address)

    @property
    def name(self) -> str:
        """A list that several people write to is called by its own name, not by who wrote last."""
        message = self.of.message
        if self.of.is_shared:
            return str(message.facts.get("list_name") or message.facts["list_id"])
        return message.from_name or message.from_address

    @property
    def detail(self) -> str:
        """What else it is called."""
        message = self.of.message
        own, list_name = str(message.facts.get("list_id", "")), str(message.facts.get("list_name", ""))
        more = [own] if self.of.is_shared else [message.from_address, list_name]
        return " · ".join(one for one in more if one and one != self.name)

    @property
    def query(self) -> str:
        """What finds its letters."""
        message = self.of.message
        return f'list:"{message.facts["list_id"]}"' if self.of.is_shared else f"from:{message.from_address}"

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
    return SubscriptionLine(
        one, ways_left(ways, left), farewell, left.asked_at, count_since(one, left.asked_at + GRACE)
    )
