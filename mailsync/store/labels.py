"""Labels: the keywords that people give to messages (RFC 9051 §2.3.2), counted, listed, coloured. Database room.

In: a user, or folders that the caller has the right to. Out: frozen counts and pages. What mail programs
note for themselves (``KEYWORDS_OF_PROGRAMS``) is kept out of the index that serves both, so the cost
follows the number of labelled messages and not that of all mail. Keywords do not differ by case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from mailsync.models import Label
from mailsync.models.message import KEYWORDS_OF_PROGRAMS
from mailsync.store.listing import Cursor, Page, message_rows

#: The condition of the index ``placement_labelled``, word for word.
_LABELLED = "p.shown AND NOT (p.keywords <@ %(programs)s::text[])"

_COUNT = f"""
    WITH used AS (
    SELECT lower(k.keyword) AS name, min(k.keyword) AS keyword, count(DISTINCT p.message_id) AS total,
           count(DISTINCT p.message_id) FILTER (WHERE NOT p.seen) AS unread
      FROM accounts_mailaccount a
      JOIN mailsync_placement p ON p.account_id = a.id AND {_LABELLED}
      JOIN mailsync_folder f ON f.id = p.folder_id AND f.missing_since IS NULL AND f.role NOT IN ('junk', 'trash')
     CROSS JOIN LATERAL unnest(p.keywords) AS k (keyword)
     WHERE a.user_id = %(user)s
     GROUP BY lower(k.keyword))
    SELECT coalesce(used.keyword, own.keyword), coalesce(used.total, 0), coalesce(used.unread, 0), own.hue
      FROM used
      FULL JOIN (SELECT * FROM mailsync_label WHERE user_id = %(user)s) own ON lower(own.keyword) = used.name
     WHERE used.name IS NOT NULL OR own.kept
     ORDER BY coalesce(used.name, lower(own.keyword))
"""  # noqa: S608 - nothing but the constant above

_PAGE = f"""
    SELECT p.received_at, p.id FROM mailsync_placement p
     WHERE p.account_id IN (SELECT account_id FROM mailsync_folder WHERE id = ANY(%(folders)s)) AND {_LABELLED}
       AND p.folder_id = ANY(%(folders)s)
       AND EXISTS (SELECT FROM unnest(p.keywords) AS k (keyword) WHERE lower(k.keyword) = lower(%(keyword)s))
       AND (%(at)s::timestamptz IS NULL OR (p.received_at, p.id) < (%(at)s, %(id)s))
     ORDER BY p.received_at DESC, p.id DESC LIMIT %(limit)s
"""  # noqa: S608


def is_atom(keyword: str) -> bool:
    """Whether a server can keep it (RFC 9051 §9, flag-keyword) and our tables too."""
    return 0 < len(keyword) <= 64 and keyword.isascii() and not any(c <= " " or c in '(){%*"\\]\x7f' for c in keyword)


@dataclass(frozen=True, slots=True)
class LabelCount:
    """A keyword in use or kept, as first spelled, and how many messages outside junk and bin carry it.

    ``hue`` is what its owner chose, None for what its name gives.
    """

    keyword: str
    total: int
    unread: int
    hue: int | None = None


def load_labels(user_id: int) -> list[LabelCount]:
    """Every keyword on this user's messages and every label kept, by name.

    Keywords of programs come along where they share a message.
    """
    with connection.cursor() as cursor:
        cursor.execute(_COUNT, {"user": user_id, "programs": list(KEYWORDS_OF_PROGRAMS)})
        return [LabelCount(*row) for row in cursor.fetchall()]


def load_hues(user_id: int) -> dict[str, int]:
    """The colours that this user chose, by keyword in lower case."""
    chosen = Label.objects.filter(user_id=user_id, hue__isnull=False).values_list("keyword", "hue")
    return {keyword.lower(): hue for keyword, hue in chosen if hue is not None}


def carry_over(user_id: int, old: str, new: str) -> None:
    """What was said of a label goes over to its new name; what that name has of its own stays."""
    mine = Label.objects.filter(user_id=user_id)
    before = mine.filter(keyword__iexact=old).first()
    if before is None or old.lower() == new.lower():
        return
    after = mine.filter(keyword__iexact=new).first() or Label(user_id=user_id, keyword=new, hue=before.hue)
    after.kept = after.kept or before.kept
    after.save()
    mine.filter(pk=before.pk).update(kept=False)


def take_back(user_id: int, verb: str, argument: str) -> None:
    """A label that was renamed or deleted everywhere is listed again as it was; other acts leave labels alone."""
    if verb == "relabel":
        old, _space, new = argument.partition(" ")
        carry_over(user_id, new, old)
    elif verb == "unlabel":
        Label.objects.filter(user_id=user_id, keyword__iexact=argument).update(kept=True)


def label_rows(folder_ids: Sequence[int], keyword: str, *, before: Cursor | str | None = None, limit: int = 50) -> Page:
    """A page of the messages in these folders that carry the keyword, newest first."""
    if isinstance(before, str):
        before = Cursor.parse(before)
    values: dict[str, Any] = {
        "folders": sorted(set(folder_ids)),
        "keyword": keyword,
        "programs": list(KEYWORDS_OF_PROGRAMS),
        "at": before and before.at,
        "id": before and before.id,
        "limit": limit + 1,
    }
    with connection.cursor() as cursor:
        cursor.execute(_PAGE, values)
        keys = [Cursor(*row) for row in cursor.fetchall()]
    rows = message_rows([key.id for key in keys[:limit]])
    return Page(tuple(rows), keys[limit - 1] if len(keys) > limit else None)
