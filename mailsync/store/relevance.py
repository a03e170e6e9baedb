"""Matches of a search by how well they match, the best first. Database room.

In: a search made ready. Out: rows. Only the newest matches are weighed, so that the cost is bounded however many there
are; a word in the subject counts most, then people and files, own text, and quoted text least.
"""

from django.db import connection

from mailsync.plan.search_index import is_indexed, names_a_word, tsquery
from mailsync.plan.search_terms import And, Term, every
from mailsync.store.listing import Page, message_rows
from mailsync.store.search import Search

#: So many of the newest matches are weighed, and so many of them shown.
WEIGHED, SHOWN = 1000, 100
#: Weights of D, C, B and A; 1: a long text has many words of any kind. Row by row, by their keys.
_RANKED = """
    SELECT k.id
      FROM unnest(%(found)s::bigint[]) WITH ORDINALITY AS k(id, at)
     CROSS JOIN LATERAL (SELECT p.message_id FROM mailsync_placement p WHERE p.id = k.id LIMIT 1) AS p
     CROSS JOIN LATERAL (SELECT * FROM mailsync_messagetext t WHERE t.message_id = p.message_id LIMIT 1) AS t
     ORDER BY ts_rank('{0.1, 0.3, 0.5, 1.0}', t.vector, %(words)s::tsquery, 1) DESC, k.at
     LIMIT %(limit)s
"""


def words_of(term: Term | None) -> Term | None:
    """The parts that can be weighed; None for a search without any word."""
    parts = term.terms if isinstance(term, And) else (term,) if term else ()
    return every([part for part in parts if is_indexed(part) and names_a_word(part)])


def load_relevant(search: Search, limit: int = SHOWN) -> Page:
    """One page, without a next. Without a word to weigh by, the newest."""
    words = words_of(search.term)
    if words is None:
        return search.page(limit=limit)
    found, _is_all = search.newest(WEIGHED)
    with connection.cursor() as cursor:
        cursor.execute(_RANKED, {"found": found, "words": tsquery(words), "limit": limit})
        best = [placement for (placement,) in cursor.fetchall()]
    return Page(tuple(message_rows(best)), None)
