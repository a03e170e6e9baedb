"""Search: words, "phrases", -exclusions, from: and subject: over the text index. Database room.

In: a user and what they typed. Out: a page of rows, newest first, one for each message (its
placement in the folders asked for, the newest of them where there are several).
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from mailsync.store.listing import Cursor, Page, message_rows

#: Words of one field: ``from:ada``, ``subject:"lunch on friday"``.
_FIELD = re.compile(r'\b(from|to|subject):(?:"([^"]*)"|(\S+))', re.IGNORECASE)
#: The weight under which the index keeps each field; see ``store.text_index``.
_WEIGHTS = {"from": "B", "to": "B", "subject": "A"}

_SEARCH = """
    SELECT k.received_at, k.id FROM (
        SELECT DISTINCT ON (p.message_id) p.received_at, p.id
          FROM mailsync_messagetext t
          JOIN mailsync_message m ON m.id = t.message_id
          JOIN mailsync_placement p ON p.message_id = t.message_id AND p.shown
          JOIN mailsync_folder f ON f.id = p.folder_id AND f.missing_since IS NULL
          JOIN accounts_mailaccount a ON a.id = t.account_id
         WHERE a.user_id = %(user)s AND {where}
         ORDER BY p.message_id, p.received_at DESC, p.id DESC
    ) AS k
     WHERE %(at)s::timestamptz IS NULL OR (k.received_at, k.id) < (%(at)s, %(id)s)
     ORDER BY k.received_at DESC, k.id DESC LIMIT %(limit)s
"""


@dataclass(frozen=True, slots=True)
class Query:
    """What was typed, taken apart: free words as websearch text, and (field, words) pairs."""

    words: str
    fields: tuple[tuple[str, str], ...]

    @classmethod
    def parse(cls, text: str) -> "Query":
        """
        >>> Query.parse('from:ada lunch')
        Query(words='lunch', fields=(('from', 'ada'),))
        """
        text = text.replace("\x00", " ")
        fields = tuple((name.lower(), quoted or word) for name, quoted, word in _FIELD.findall(text))
        return cls(" ".join(_FIELD.sub(" ", text).split()), fields)


def search(
    user_id: int,
    query: str,
    folder_ids: Sequence[int] | None = None,
    before: Cursor | str | None = None,
    limit: int = 50,
) -> Page:
    """Messages of this user that match; an empty query finds nothing. Junk and trash only when asked for by folder."""
    if isinstance(before, str):
        before = Cursor.parse(before)
    parsed = Query.parse(query)
    where: list[str] = []
    values: dict[str, Any] = {"user": user_id, "limit": limit + 1}
    if parsed.words:
        where.append("t.vector @@ websearch_to_tsquery('simple', unaccent(%(words)s))")
        values["words"] = parsed.words
    for number, (field, words) in enumerate(parsed.fields):
        terms = [f"'{term}':*{_WEIGHTS[field]}" for term in re.findall(r"\w+", words)]
        if terms:
            where.append(f"t.vector @@ unaccent(%(field{number})s)::tsquery")
            values[f"field{number}"] = " & ".join(term.lower() for term in terms).replace(":*b", ":*B")
        if field == "from":
            where.append(f"position(lower(%(plain{number})s) IN lower(m.from_name || ' ' || m.from_address)) > 0")
            values[f"plain{number}"] = words
    if not where:
        return Page((), None)
    if folder_ids is None:
        where.append("f.role NOT IN ('junk', 'trash')")
    else:
        where.append("p.folder_id = ANY(%(folders)s)")
        values["folders"] = list(folder_ids)
    values |= {"at": before and before.at, "id": before and before.id}
    with connection.cursor() as cursor:
        cursor.execute(_SEARCH.format(where=" AND ".join(where)), values)
        keys = [Cursor(*row) for row in cursor.fetchall()]
    rows = message_rows([key.id for key in keys[:limit]])
    return Page(tuple(rows), keys[limit - 1] if len(keys) > limit else None)
