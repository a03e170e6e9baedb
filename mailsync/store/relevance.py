"""Matches of a search by how well they match, the best first. Database room.

In: a search made ready. Out: rows. Only a stretch of the newest matches is weighed at a time, so that the cost is
bounded however many there are; what is older follows, again the best first. A word in the subject counts most, then
people and files, own text, and quoted text least.
"""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from django.db import connection

from mailsync.plan.search_index import is_indexed, names_a_word, tsquery
from mailsync.plan.search_terms import And, Term, every
from mailsync.store.listing import Cursor, Page, message_rows
from mailsync.store.search import Search

#: So many matches are a stretch.
WEIGHED = 1000
#: Weights of D, C, B and A; 1: a long text has many words of any kind. Row by row, by their keys.
_RANKED = """
    SELECT r.rank, r.received_at, r.message_id, r.id FROM (
        SELECT ts_rank('{0.1, 0.3, 0.5, 1.0}', t.vector, %(words)s::tsquery, 1)::float8 AS rank, p.*
          FROM unnest(%(found)s::bigint[]) AS k(id)
         CROSS JOIN LATERAL (
             SELECT p.id, p.received_at, p.message_id FROM mailsync_placement p WHERE p.id = k.id LIMIT 1
         ) AS p
         CROSS JOIN LATERAL (SELECT * FROM mailsync_messagetext t WHERE t.message_id = p.message_id LIMIT 1) AS t
    ) AS r
     WHERE (r.rank, r.received_at, r.message_id) < (%(rank)s::float8, %(at)s, %(message)s)
     ORDER BY r.rank DESC, r.received_at DESC, r.message_id DESC
     LIMIT %(limit)s
"""
#: More than ``ts_rank`` ever gives, and a row above all others.
_BEST, _ABOVE = 1000.0, Cursor(datetime.max.replace(tzinfo=UTC), 0)


@dataclass(frozen=True, slots=True)
class _Start:
    """Where a page begins: in the stretch of matches older than ``top``, behind the row of ``rank`` and ``last``.

    In a ``Cursor`` the last row's keys, with rank and top as its key; one without is the top of a stretch. Keys, no
    number: a row that was archived meanwhile leaves none out.
    """

    top: Cursor | None = None
    rank: float = _BEST
    last: Cursor = _ABOVE

    def after(self, rank: float, last: Cursor) -> Cursor:
        return replace(last, key=f"{rank!r} {self.top}")

    @classmethod
    def parse(cls, before: Cursor | str | None) -> "_Start":
        """The beginning for a mangled link."""
        given = Cursor.parse(before) if isinstance(before, str) else before
        if given is None:
            return cls()
        if not given.key:
            return cls(given)
        rank, _, top = given.key.partition(" ")
        parsed = Cursor.parse(top)
        try:
            number = float(rank)
        except ValueError:
            return cls()
        return cls(parsed, number, given) if parsed is not None and 0 <= number <= _BEST else cls()


def words_of(term: Term | None) -> Term | None:
    """The parts that can be weighed; None for a search without any word."""
    parts = term.terms if isinstance(term, And) else (term,) if term else ()
    return every([part for part in parts if is_indexed(part) and names_a_word(part)])


def load_relevant(search: Search, before: Cursor | str | None = None, limit: int = 50) -> Page:
    """A page of the best matches, which ends with a stretch. Without a word to weigh by, the newest."""
    words = words_of(search.term)
    if words is None:
        return search.page(before=before or None, limit=limit)
    start = _Start.parse(before)
    while True:
        found, is_all = search.newest(WEIGHED, start.top)
        if not found:
            return Page((), None)
        if start.top is None:
            # What arrives while somebody reads does not push others out of the stretch.
            newest = found[0][0]
            start = _Start(Cursor(newest.at, newest.id + 1))
        best = _ranked(tsquery(words, by_language=False), [placement for _, placement in found], start, limit + 1)
        if len(best) > limit:
            rank, last, _ = best[limit - 1]
            following: Cursor | None = start.after(rank, last)
        else:
            following = None if is_all else found[-1][0]
        if best or following is None:
            return Page(tuple(message_rows([placement for _, _, placement in best[:limit]])), following)
        start = _Start(following)


def _ranked(words: str, found: list[int], start: _Start, limit: int) -> list[tuple[float, Cursor, int]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _RANKED,
            {
                "found": found,
                "words": words,
                "rank": start.rank,
                "at": start.last.at,
                "message": start.last.id,
                "limit": limit,
            },
        )
        return [(rank, Cursor(at, message), placement) for rank, at, message, placement in cursor.fetchall()]
