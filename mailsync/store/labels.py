"""Labels: the keywords that people give to messages (RFC 9051 §2.3.2), counted, listed, coloured. Database room.

In: a user, or folders that the caller has the right to. Out: frozen counts and pages. Both are read from rows that the
database keeps of labelled mail (``mailsync.models.label``): counts cost as much as there are labels, a page as much as
its rows, and neither has anything of what mail programs note for themselves (``KEYWORDS_OF_PROGRAMS``). A message that
lies in several folders, as all of Gmail's does, is counted once and listed once. Keywords do not differ by case.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts.ready import prepared_cursor
from mailsync.models import Label
from mailsync.plan.search_names import label_key
from mailsync.store.label_counts import PENDING
from mailsync.store.listing import Cursor, Page, message_rows

# OFFSET 0: account by account, by its key, whatever the planner expects.
_COUNT = f"""
    WITH mine AS (
        SELECT id FROM accounts_mailaccount WHERE user_id = %(user)s
    ), aside AS (
        SELECT coalesce(array_agg(f.id), '{{}}') AS ids FROM mine
         CROSS JOIN LATERAL (SELECT * FROM mailsync_folder f WHERE f.account_id = mine.id OFFSET 0) AS f
         WHERE f.missing_since IS NOT NULL OR f.role IN ('junk', 'trash')
    ), touched AS (
        SELECT c.* FROM mine
         CROSS JOIN LATERAL (SELECT * FROM mailsync_labelchange c WHERE c.account_id = mine.id OFFSET 0) AS c
    ), {PENDING}, tally AS (
        SELECT keyword, spelled, folder_ids, unread_ids, sum(messages) AS messages FROM (
            SELECT t.keyword, t.spelled, t.folder_ids, t.unread_ids, t.messages FROM mine
             CROSS JOIN LATERAL (SELECT * FROM mailsync_labeltally t WHERE t.account_id = mine.id OFFSET 0) AS t
             UNION ALL
            SELECT keyword, spelled, folder_ids, unread_ids, messages FROM pending) AS part
         GROUP BY keyword, spelled, folder_ids, unread_ids
    ), used AS (
        SELECT keyword AS name, min(spelled) AS keyword, sum(messages)::bigint AS total,
               coalesce(sum(messages) FILTER (WHERE NOT unread_ids <@ aside.ids), 0)::bigint AS unread
          FROM tally CROSS JOIN aside WHERE messages > 0 AND NOT folder_ids <@ aside.ids
         GROUP BY keyword
    )
    SELECT coalesce(used.keyword, own.keyword), coalesce(used.total, 0), coalesce(used.unread, 0), own.hue
      FROM used
      FULL JOIN (SELECT * FROM mailsync_label WHERE user_id = %(user)s) own
        ON lower(own.keyword COLLATE "C") = used.name
     WHERE used.name IS NOT NULL OR own.kept
     ORDER BY coalesce(used.name, lower(own.keyword COLLATE "C"))
"""  # noqa: S608 - nothing but constants
# Where in some folders a message carries a keyword. OFFSET 0: by the keys of both tables, as to the planner any other
# condition may look like the better one to begin with.
_CARRIED = """
    (SELECT o.* FROM (SELECT * FROM mailsync_placement o WHERE o.message_id = {message} OFFSET 0) AS o
      CROSS JOIN LATERAL (
          SELECT FROM mailsync_labelled l
           WHERE l.placement_id = o.id AND l.keyword = lower(%(keyword)s COLLATE "C") OFFSET 0) AS l
      WHERE o.folder_id = ANY(%(folders)s))
"""
# The top of each folder's range, merged; how many is written out, as a plan made without knowing it may read a label
# whole. ``again``: the message has been listed already, where it lies in another of the folders.
_PAGE = f"""
    SELECT k.received_at, k.placement_id, EXISTS (
               SELECT FROM {_CARRIED.format(message="p.message_id")} AS o
                WHERE (o.received_at, o.id) > (k.received_at, k.placement_id)) AS again
      FROM (
          SELECT l.* FROM unnest(%(folders)s::bigint[]) AS f(id) CROSS JOIN LATERAL (
              SELECT * FROM mailsync_labelled l
               WHERE l.folder_id = f.id AND l.keyword = lower(%(keyword)s COLLATE "C"){{after}}
               ORDER BY l.received_at DESC, l.placement_id DESC LIMIT {{limit:d}}) AS l
           ORDER BY l.received_at DESC, l.placement_id DESC LIMIT {{limit:d}}) AS k
     CROSS JOIN LATERAL (SELECT * FROM mailsync_placement p WHERE p.id = k.placement_id LIMIT 1) AS p
     ORDER BY k.received_at DESC, k.placement_id DESC
"""  # noqa: S608 - nothing but constants
_AFTER = " AND (l.received_at, l.placement_id) < (%(at)s, %(id)s)"
_PLACEMENTS = f"""
    SELECT o.id FROM unnest(%(messages)s::bigint[]) AS m(id)
     CROSS JOIN LATERAL {_CARRIED.format(message="m.id")} AS o
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
    """Every keyword on this user's messages and every label kept, by name."""
    with prepared_cursor() as cursor:
        cursor.execute(_COUNT, {"user": user_id})
        return [LabelCount(*row) for row in cursor.fetchall()]


def load_hues(user_id: int) -> dict[str, int]:
    """The colours that this user chose, by keyword in lower case."""
    chosen = Label.objects.filter(user_id=user_id, hue__isnull=False).values_list("keyword", "hue")
    return {keyword.lower(): hue for keyword, hue in chosen if hue is not None}


def load_deleted_labels(user_id: int) -> frozenset[str]:
    """What was deleted, or renamed, and no message has any more; as ``label_key`` spells them."""
    gone = Label.objects.filter(user_id=user_id, kept=False).values_list("keyword", flat=True)
    deleted = frozenset(label_key(keyword) for keyword in gone)
    return deleted - {label_key(one.keyword) for one in load_labels(user_id)} if deleted else deleted


def delete(user_id: int, keyword: str) -> None:
    """Out of the column. Its row stays, for its colour and so that a search for it can say why it finds nothing."""
    if not Label.objects.filter(user_id=user_id, keyword__iexact=keyword).update(kept=False):
        Label.objects.bulk_create([Label(user_id=user_id, keyword=keyword)], ignore_conflicts=True)


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
    at = Cursor.parse(before) if isinstance(before, str) else before
    keys: list[Cursor] = []
    is_end = False
    while len(keys) <= limit and not is_end:
        found = _page(folder_ids, keyword, at, limit + 1)
        keys += [Cursor(*key) for *key, again in found if not again]
        is_end = len(found) <= limit
        at = Cursor(*found[-1][:2]) if found else at
    rows = message_rows([key.id for key in keys[:limit]])
    return Page(tuple(rows), keys[limit - 1] if len(keys) > limit else None)


def _page(folder_ids: Sequence[int], keyword: str, before: Cursor | None, limit: int) -> list[tuple[Any, ...]]:
    values: dict[str, Any] = {"folders": sorted(set(folder_ids)), "keyword": keyword}
    if before is not None:
        values |= {"at": before.at, "id": before.id}
    with prepared_cursor() as cursor:
        cursor.execute(_PAGE.format(after=_AFTER if before is not None else "", limit=limit), values)
        found: list[tuple[Any, ...]] = cursor.fetchall()
    return found


def placements_labelled(folder_ids: Sequence[int], keyword: str, message_ids: Sequence[int]) -> list[int]:
    """Where in these folders these messages carry the keyword: an act on a label's list is one on all of them."""
    values: dict[str, Any] = {"folders": list(folder_ids), "keyword": keyword, "messages": list(message_ids)}
    with connection.cursor() as cursor:
        cursor.execute(_PLACEMENTS, values)
        return [row[0] for row in cursor.fetchall()]
