"""Whether a message is the first that a person has from its sender. Database room; one query, by indexes.

Silent where it cannot know: while an account is still being filled, older mail may yet come.
"""

from collections.abc import Collection
from typing import Any

from accounts.ready import prepared_cursor
from mailsync.message.addresses import comparable
from mailsync.models import Message

_IS_KNOWN = """
    SELECT EXISTS (SELECT FROM mailsync_message m
                    WHERE m.account_id = ANY(ARRAY(SELECT id FROM accounts_mailaccount WHERE user_id = %(user)s))
                      AND lower(m.from_address) = %(sender)s AND m.thread_id IS DISTINCT FROM %(thread)s)
        OR EXISTS (SELECT FROM mailsync_message m
                    WHERE m.thread_id = %(thread)s AND lower(m.from_address) = ANY(%(mine)s))
        OR EXISTS (SELECT FROM mailsync_contactaddress c WHERE c.user_id = %(user)s AND c.comparable = %(comparable)s)
        OR EXISTS (SELECT FROM mailsync_folder f
                    WHERE f.account_id = %(account)s AND NOT f.is_local AND f.selectable AND f.missing_since IS NULL
                      AND f.header_cursor IS DISTINCT FROM 1)
"""


def is_first_of_sender(user_id: int, message: Message, mine: Collection[str]) -> bool:
    """No other conversation of any of the person's accounts has mail from there, and they have not written in this one.

    ``mine`` are their own addresses in lower case; a sender in their address book is known to them.
    """
    address = message.from_address.lower()
    if not address or address in mine:
        return False
    asked: dict[str, Any] = {
        "user": user_id,
        "sender": address,
        "thread": message.thread_id,
        "mine": list(mine),
        "comparable": comparable(address),
        "account": message.account_id,
    }
    with prepared_cursor() as cursor:
        cursor.execute(_IS_KNOWN, asked)
        ((is_known,),) = cursor.fetchall()
    return not is_known
