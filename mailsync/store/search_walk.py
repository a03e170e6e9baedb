"""The walk of a search down the lists of folders, or of a label in them, from the newest message on. Database room.

In: the parts of a query, and where to begin. Out: SQL that names what of the next placements matches. Whoever asks for
a label walks the lines of its list alone: the oldest mail with a rare one is met as soon as the newest.
"""

from collections.abc import Sequence

from mailsync.models.message import KEYWORDS_OF_PROGRAMS
from mailsync.plan.search_terms import Is, Label, Received, Term
from mailsync.store.listing import Cursor
from mailsync.store.search_near import folders_near
from mailsync.store.search_sql import Condition, midnight

_WALK = """
    WITH walked AS MATERIALIZED (
        SELECT * FROM ({arms}) AS p ORDER BY p.received_at DESC LIMIT {walk}
    )
    SELECT p.received_at, p.message_id, p.id, w.reached, w.count
      FROM (SELECT min(received_at) AS reached, count(*) AS count FROM walked) AS w
      LEFT JOIN (
          SELECT p.* FROM walked p {joined} WHERE {where}
      ) AS p ON true
     ORDER BY p.received_at DESC, p.message_id DESC, p.id DESC
"""
#: Row by row, by their keys: with LIMIT a planner that misjudges the numbers cannot read the tables whole.
_JOINED = {
    "m": "LEFT JOIN LATERAL (SELECT * FROM mailsync_message m WHERE m.id = p.message_id LIMIT 1) AS m ON true",
    "t": "LEFT JOIN LATERAL (SELECT * FROM mailsync_messagetext t WHERE t.message_id = p.message_id LIMIT 1) t ON true",
}
#: One folder's list, in its order; the walk merges as many as are searched and reads no more of each than it takes.
_ARM = """
    (SELECT p.* FROM mailsync_placement p WHERE p.folder_id = {folder} AND p.shown{where}
      ORDER BY p.received_at DESC, p.id DESC LIMIT {walk})
"""
#: Of all these folders' lists what carries a label, in the same order: the top of each range of its own index, merged.
_LABELLED_ARM = """
    (SELECT p.* FROM (
         SELECT l.placement_id FROM unnest({folders}::bigint[]) AS f (id)
          CROSS JOIN unnest({keywords}::text[]) AS k (keyword)
          CROSS JOIN LATERAL (
              SELECT * FROM mailsync_labelled l
               WHERE l.folder_id = f.id AND l.keyword = k.keyword COLLATE "C"{where}
               ORDER BY l.received_at DESC, l.placement_id DESC LIMIT {walk}) AS l
          ORDER BY l.received_at DESC, l.placement_id DESC LIMIT {walk}) AS l
      CROSS JOIN LATERAL (SELECT * FROM mailsync_placement p WHERE p.id = l.placement_id LIMIT 1) AS p)
"""
#: What mail programs note has no lines of its own.
_UNLISTED = frozenset(keyword.lower() for keyword in KEYWORDS_OF_PROGRAMS)


def arms_of(
    folders: Sequence[int],
    parts: Sequence[Term],
    start: Cursor | None,
    condition: Condition,
    size: int,
    *,
    is_ready: bool = False,
) -> list[str]:
    """What to walk: of these folders the newest ``size`` placements from ``start`` on, those that all ``parts`` leave
    as far as an index tells. ``is_ready``: no folder stands in the SQL, so that it is the same for as many others.
    """
    labels = next(filter(None, map(_listed_as, parts)), ())
    row = "l" if labels else "p"
    narrowed = "".join(_narrowing(part, condition, row) for part in parts)
    if start is not None:
        narrowed += f" AND {row}.received_at <= {condition.value(start.at)}"
    if labels:
        named = {"folders": condition.value(list(folders)), "keywords": condition.value(list(labels))}
        return [_LABELLED_ARM.format(**named, where=narrowed, walk=size)]
    near = folders_near(folders, narrowed, condition.values, size)
    names = [condition.value(pk) if is_ready else str(pk) for pk in near]
    return [_ARM.format(folder=name, where=narrowed, walk=size) for name in names]


def walk_sql(arms: Sequence[str], where: str, condition: Condition, size: int) -> str:
    """The walk down the newest ``size`` placements of these arms."""
    return _WALK.format(arms=" UNION ALL ".join(arms), where=where, joined=joined(condition), walk=size)


def joined(condition: Condition) -> str:
    return " ".join(_JOINED[table] for table in sorted(condition.tables))


def _listed_as(part: Term) -> tuple[str, ...]:
    """In lower case, the keywords that a label asked for may stand for, as ``search_sql`` compares them; none where
    lines are not kept of all of them. No keyword has a space (RFC 9051 §9), and one dollar is what is seen in practice.
    """
    if not isinstance(part, Label) or not part.keyword.isascii():
        return ()
    bare = part.keyword.lower().lstrip("$").replace(" ", "_")
    spelled = (bare, f"${bare}")
    return spelled if not _UNLISTED & set(spelled) else ()


def _narrowing(part: Term, condition: Condition, row: str) -> str:
    """Conditions that an index of the lists knows, so that the walk does not even read the others."""
    match part:
        case Is("unread") if row == "p":
            return " AND NOT p.seen"
        case Is("flagged") if row == "p":
            return " AND p.flagged"
        case Received(since, until):
            day, sign = (since, ">=") if since else (until, "<")
            assert day is not None
            return f" AND {row}.received_at {sign} {condition.value(midnight(day, condition.zone))}"
        case _:
            return ""
