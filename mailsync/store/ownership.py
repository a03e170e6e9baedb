"""What is a reader's own: addresses that are "me", colours of labels, lines of messages. Database room; one query."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from accounts.ready import prepared_cursor
from mailsync.message.addresses import comparable


@dataclass(frozen=True, slots=True)
class Owned:
    """``addresses`` in lower case, as they are written and as mail carries them; ``accounts`` how many mailboxes there
    are, ``hues`` by keyword in lower case.

    ``by_message``: all lines of single messages are there (``store.by_message``).
    """

    addresses: frozenset[str]
    accounts: int
    hues: Mapping[str, int]
    by_message: bool


# Asked with nearly every request, so as it is: as a union of querysets it takes longer to write than to answer.
OWNED = """
    SELECT lower(address) AS word, id AS account, NULL::int AS hue FROM accounts_mailaccount WHERE user_id = %(user)s
     UNION SELECT lower(address), account_id, NULL FROM accounts_identity WHERE user_id = %(user)s
     UNION SELECT lower(keyword), NULL, hue FROM mailsync_label WHERE user_id = %(user)s AND hue IS NOT NULL
     UNION SELECT NULL, NULL, NULL FROM mailsync_bymessage WHERE user_id = %(user)s AND wanted AND folder IS NULL
"""


def load_owned(user_id: int) -> Owned:
    with prepared_cursor() as cursor:
        cursor.execute(OWNED, {"user": user_id})
        return owned_of(cursor.fetchall())


def owned_of(found: Iterable[tuple[str | None, int | None, int | None]]) -> Owned:
    """What the rows of ``OWNED`` say."""
    rows = list(found)
    return Owned(
        addresses=frozenset(
            form
            for word, account, _hue in rows
            if word is not None and account is not None
            for form in (word, comparable(word))
        ),
        accounts=len({account for _word, account, _hue in rows if account is not None}),
        hues={word: hue for word, _account, hue in rows if word is not None and hue is not None},
        by_message=any(word is None for word, _account, _hue in rows),
    )
