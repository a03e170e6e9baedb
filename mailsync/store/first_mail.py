"""What a person knows of who writes to them: whether a message is the first from its sender, and where their contacts
write from. Database room; one query for messages that are opened together, by indexes.

Silent where it cannot know: while an account is still being filled, older mail may yet come.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.ready import prepared_cursor
from mailsync.message.addresses import comparable
from mailsync.models import Message
from mailsync.store.contacts import MOST_DOMAINS, contact_domains, domains_of

#: Addresses in the book of ``%(user)s``.
CONTACTS = f"ARRAY(SELECT comparable FROM mailsync_contactaddress WHERE user_id = %(user)s LIMIT {MOST_DOMAINS})"  # noqa: S608


def has_written(*, sender: str, thread: str, mine: str, account: str) -> str:
    """The condition that there is other mail of a sender's, or none can be told, of expressions in SQL: the sender's
    and the reader's addresses in lower case, the message's conversation and account. ``%(user)s`` is the reader.

    A sender's mail is a range in order of the index by account and sender. Of a plain ``=`` a planner that takes the
    sender for a frequent one expects it anywhere, and reads everybody's messages until it has met one."""
    return f"""(
        EXISTS (SELECT FROM accounts_mailaccount o, LATERAL (
                    SELECT FROM mailsync_message s
                     WHERE s.account_id = o.id AND lower(s.from_address) BETWEEN {sender} AND {sender}
                       AND s.thread_id IS DISTINCT FROM {thread}
                     ORDER BY lower(s.from_address) LIMIT 1) other
                 WHERE o.user_id = %(user)s)
        OR EXISTS (SELECT FROM mailsync_message s
                    WHERE s.thread_id = {thread} AND lower(s.from_address) = ANY({mine}))
        OR EXISTS (SELECT FROM mailsync_folder s
                    WHERE s.account_id = {account} AND NOT s.is_local AND s.selectable AND s.missing_since IS NULL
                      AND s.header_cursor IS DISTINCT FROM 1)
    )"""  # noqa: S608  expressions are ours


# What is the same for all senders of a conversation is asked once.
_ARE_KNOWN = f"""
    SELECT w.sender,
           {has_written(sender="w.sender", thread="%(thread)s", mine="%(mine)s", account="%(account)s")}
           OR EXISTS (SELECT FROM mailsync_contactaddress c
                       WHERE c.user_id = %(user)s AND c.comparable = w.comparable),
           CASE WHEN %(asks_contacts)s AND w.place = 1 THEN {CONTACTS} END
      FROM unnest(%(senders)s::text[], %(comparables)s::text[]) WITH ORDINALITY AS w (sender, comparable, place)
"""  # noqa: S608


#: What an account's provider found out about others of a sender's messages: as many as it takes to see a habit.
_OTHERS = """
    SELECT ARRAY(SELECT jsonb_array_elements_text(s.facts -> 'authentication_results')) FROM mailsync_message s
     WHERE s.account_id = %(account)s AND lower(s.from_address) BETWEEN %(sender)s AND %(sender)s
       AND s.id <> %(message)s
     ORDER BY lower(s.from_address) LIMIT 20
"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What was asked about the sender of one message beside something else: ``has_written``, and ``CONTACTS``."""

    message_id: int
    has_written: bool
    contacts: Sequence[str]


class Senders:
    """Asked about the senders of several messages, for one request. ``mine`` are the person's own addresses in lower
    case; ``heard`` is what is known beforehand, ``together`` the messages that will be asked about."""

    def __init__(
        self, user_id: int, mine: Collection[str], heard: Heard | None = None, together: Sequence[Message] = ()
    ) -> None:
        self._user_id, self._mine, self._heard, self._together = user_id, mine, heard, together
        self._known: dict[tuple[int, str], bool] = {}
        self._domains = domains_of(heard.contacts) if heard else None

    def contact_domains(self) -> set[str]:
        """The domains that the person's contacts write from. A query, unless a sender has been asked about."""
        if self._domains is None:
            self._domains = contact_domains(self._user_id)
        return self._domains

    def is_first(self, message: Message) -> bool:
        """No other conversation of any of the person's accounts has mail from there, and they have not written in this
        one. A sender in their address book is known to them."""
        address = message.from_address.lower()
        if not address or address in self._mine:
            return False
        heard = self._heard
        # Of a longer address book not all has come.
        if heard and heard.message_id == message.pk and len(heard.contacts) < MOST_DOMAINS:
            return not heard.has_written and comparable(address) not in heard.contacts
        if (message.thread_id, address) not in self._known:
            self._ask(message)
        return not self._known[message.thread_id, address]

    def other_results(self, message: Message) -> list[list[str]]:
        """The Authentication-Results (RFC 8601) of up to twenty other messages of its sender in its account, topmost
        first; of those that have some. A query."""
        asked: dict[str, Any] = {"account": message.account_id, "sender": message.from_address.lower()}
        with prepared_cursor() as cursor:
            cursor.execute(_OTHERS, asked | {"message": message.pk})
            return [results for (results,) in cursor.fetchall() if results]

    def _ask(self, message: Message) -> None:
        """About the sender of this message, and of those of its conversation that are to come."""
        mates = [one for one in self._together if one.thread_id == message.thread_id]
        senders = list(dict.fromkeys(one.from_address.lower() for one in (message, *mates)))
        asked: dict[str, Any] = {
            "user": self._user_id,
            "senders": senders,
            "comparables": [comparable(address) for address in senders],
            "thread": message.thread_id,
            "mine": list(self._mine),
            "account": message.account_id,
            "asks_contacts": self._domains is None,
        }
        with prepared_cursor() as cursor:
            cursor.execute(_ARE_KNOWN, asked)
            for sender, is_known, contacts in cursor.fetchall():
                self._known[message.thread_id, sender] = is_known
                if contacts is not None:
                    self._domains = domains_of(contacts)
