"""What a person knows of who writes to them: whether a message is the first from its sender, and where their contacts
write from. Database room; one query a message, by indexes.

Silent where it cannot know: while an account is still being filled, older mail may yet come.
"""

from collections.abc import Collection
from typing import Any

from accounts.ready import prepared_cursor
from mailsync.message.addresses import comparable
from mailsync.models import Message
from mailsync.store.contacts import MOST_DOMAINS, contact_domains, domains_of

_IS_KNOWN = """
    SELECT EXISTS (SELECT FROM mailsync_message m
                    WHERE m.account_id = ANY(ARRAY(SELECT id FROM accounts_mailaccount WHERE user_id = %(user)s))
                      AND lower(m.from_address) = %(sender)s AND m.thread_id IS DISTINCT FROM %(thread)s)
        OR EXISTS (SELECT FROM mailsync_message m
                    WHERE m.thread_id = %(thread)s AND lower(m.from_address) = ANY(%(mine)s))
        OR EXISTS (SELECT FROM mailsync_contactaddress c WHERE c.user_id = %(user)s AND c.comparable = %(comparable)s)
        OR EXISTS (SELECT FROM mailsync_folder f
                    WHERE f.account_id = %(account)s AND NOT f.is_local AND f.selectable AND f.missing_since IS NULL
                      AND f.header_cursor IS DISTINCT FROM 1),
           CASE WHEN %(asks_domains)s
                THEN ARRAY(SELECT comparable FROM mailsync_contactaddress WHERE user_id = %(user)s LIMIT %(most)s) END
"""


class Senders:
    """Asked about the senders of several messages, for one request. ``mine`` are the person's own addresses in lower
    case."""

    def __init__(self, user_id: int, mine: Collection[str]) -> None:
        self._user_id, self._mine = user_id, mine
        self._domains: set[str] | None = None

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
        asked: dict[str, Any] = {
            "user": self._user_id,
            "sender": address,
            "thread": message.thread_id,
            "mine": list(self._mine),
            "comparable": comparable(address),
            "account": message.account_id,
            "asks_domains": self._domains is None,
            "most": MOST_DOMAINS,
        }
        with prepared_cursor() as cursor:
            cursor.execute(_IS_KNOWN, asked)
            ((is_known, addresses),) = cursor.fetchall()
        if addresses is not None:
            self._domains = domains_of(addresses)
        return not is_known
