"""What is a reader's own: addresses that are "me", and the colours they gave to labels. Database room; one query."""

from collections.abc import Mapping
from dataclasses import dataclass

from accounts.ready import prepared_cursor


@dataclass(frozen=True, slots=True)
class Owned:
    """``addresses`` in lower case, ``accounts`` how many mailboxes there are, ``hues`` by keyword in lower case."""

    addresses: frozenset[str]
    accounts: int
    hues: Mapping[str, int]


# Asked with nearly every request, so as it is: as a union of querysets it takes longer to write than to answer.
_OWNED = """
    SELECT lower(address), id, NULL::int FROM accounts_mailaccount WHERE user_id = %(user)s
     UNION SELECT lower(address), account_id, NULL FROM accounts_identity WHERE user_id = %(user)s
     UNION SELECT lower(keyword), NULL, hue FROM mailsync_label WHERE user_id = %(user)s AND hue IS NOT NULL
"""


def load_owned(user_id: int) -> Owned:
    with prepared_cursor() as cursor:
        cursor.execute(_OWNED, {"user": user_id})
        rows = cursor.fetchall()
    return Owned(
        addresses=frozenset(text for text, account, _hue in rows if account is not None),
        accounts=len({account for _text, account, _hue in rows if account is not None}),
        hues={text: hue for text, _account, hue in rows if hue is not None},
    )
