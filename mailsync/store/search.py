"""Search: a query in, a page of rows out, newest first, one for each message. Database room.

Two ways lead to a page, and neither reads the mailbox. The **walk** goes down the lists of the folders
from the newest message and tests each, a few hundred at first: what so many have fills a page. What is rarer
in them, the **index** names, and only its messages are read, or the walk goes on where that reads fewer rows
(``plan.search_steps``). A query without any word (``is:unread``, ``larger:10M``) walks on in longer and
longer steps. Junk and bin are left out unless they are asked for.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import connection
from django.utils import timezone

from accounts.ready import prepared_cursor
from mailsync.plan import search_steps
from mailsync.plan.search import parse_query
from mailsync.plan.search_index import is_indexed, loosened, names_a_word, tsquery, without_empty
from mailsync.plan.search_names import label_key
from mailsync.plan.search_terms import (
    Account,
    And,
    In,
    Label,
    MessageId,
    Problem,
    Query,
    Term,
    every,
    names_me,
    walk,
    with_me,
)
from mailsync.store.addressed import addresses_of
from mailsync.store.labels import load_deleted_labels
from mailsync.store.listing import Cursor, Page, message_rows
from mailsync.store.search_sql import ANYWHERE, Condition, Place, named
from mailsync.store.search_walk import arms_of, joined, walk_sql
from mailsync.store.word_forms import WordForms, load_forms, with_forms

_SET_ASIDE = frozenset({"junk", "trash"})
#: Beyond this many the count of what is not searched yet is not worth its time.
_MOST_COUNTED = 100_000
#: Walks over more folders are planned each time: a plan is kept for each number of folders.
_MOST_READY = 30

_INDEX = """
    WITH hit AS MATERIALIZED (
        SELECT m.id FROM {source}
    )
    SELECT k.received_at, k.message_id, k.id FROM (
        SELECT k.* FROM (
            SELECT DISTINCT ON (p.message_id) p.received_at, p.message_id, p.id
              FROM hit
             CROSS JOIN LATERAL (
                 -- OFFSET 0: message by message, by its key, however many the planner expects.
                 SELECT * FROM mailsync_placement p
                  WHERE p.message_id = hit.id AND p.shown AND p.folder_id = ANY(%(folders)s) OFFSET 0
             ) AS p
              {joined}
             WHERE {where}
             ORDER BY p.message_id, p.received_at DESC, p.id DESC
        ) AS k WHERE {after} ORDER BY k.received_at DESC, k.message_id DESC OFFSET 0
    ) AS k {checked}
     ORDER BY k.received_at DESC, k.message_id DESC LIMIT %(limit)s
"""
#: One after the other of what is sorted, until there are enough for a page.
_CHECKED = """
     CROSS JOIN LATERAL (
         SELECT FROM mailsync_messagetext t
          WHERE t.message_id = k.message_id AND t.vector @@ %(checked)s::tsquery OFFSET 0
     ) AS t
"""
#: Which of these messages an earlier page has shown already, by a newer placement that matches too.
_SHOWN = """
    SELECT DISTINCT p.message_id FROM mailsync_placement p {joined}
     WHERE p.message_id = ANY(%(messages)s) AND p.shown AND p.folder_id = ANY(%(folders)s) AND {where}
       AND (p.received_at, p.message_id) >= (%(at)s, %(id)s)
"""
#: A function of the database, so that neither statistics nor a kept plan can make it read the whole table, or the
#: neighbours' texts (migrations 0020 and 0047).
_BY_WORDS = "mailsync_find_texts(%(accounts)s::bigint[], %(words)s::tsquery) AS m(id)"
_BY_NAME = "mailsync_message m WHERE m.account_id = ANY(%(accounts)s) AND m.message_id = %(name)s"
#: The columns of ``Place``. Only while the first pull runs is there mail on the server that has no row here.
_PLACES = """
    SELECT f.id, f.account_id, f.role, f.name, f.path, a.label, a.address, f.total,
           CASE WHEN f.header_cursor = 1 THEN 0 ELSE coalesce(f.exists_seen, 0) END
      FROM accounts_mailaccount a JOIN mailsync_folder f ON f.account_id = a.id
     WHERE a.user_id = %s AND f.missing_since IS NULL
     ORDER BY f.id
"""
_WAITING = """
    SELECT count(*) FROM (
        SELECT FROM mailsync_messagetext t
          JOIN mailsync_placement p ON p.message_id = t.message_id AND p.shown AND p.folder_id = ANY(%s)
         WHERE t.account_id = ANY(%s) AND NOT t.complete LIMIT %s
    ) AS waiting
"""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Of ``total`` messages in the folders searched, ``searched`` were: the rest has no body here or no index yet."""

    searched: int
    total: int

    @property
    def is_complete(self) -> bool:
        return self.searched >= self.total


@dataclass(frozen=True, slots=True)
class Search:
    """A query made ready for one user's mailbox; ``problems`` are those of the words and of the names in them."""

    query: Query
    term: Term | None
    places: tuple[Place, ...]
    problems: tuple[Problem, ...]

    def page(self, before: Cursor | str | None = None, limit: int = 50) -> Page:
        """A page of what was found. An empty query finds nothing."""
        if isinstance(before, str):
            before = Cursor.parse(before)
        if self.term is None or not self.places:
            return Page((), None)
        found = _find(self.term, list(self.places), before, limit + 1)
        rows = message_rows([placement for _, placement in found[:limit]])
        return Page(tuple(rows), found[limit - 1][0] if len(found) > limit else None)

    def newest(self, limit: int, before: Cursor | None = None) -> tuple[list[tuple[Cursor, int]], bool]:
        """Keys and placements of the newest matches older than ``before``, and whether these are all.

        No more than ``limit``, and fewer although there are others, as it never walks on and on.
        """
        if self.term is None or not self.places:
            return [], True
        found, is_all = _newest(self.term, list(self.places), before, limit + 1)
        return found[:limit], is_all and len(found) <= limit

    def coverage(self, *, is_indexed: bool = False) -> Coverage:
        """How much of the folders searched could be looked into; whoever knows that all texts are indexed says so."""
        total = sum(max(place.total, place.on_server) for place in self.places)
        not_here = sum(max(place.on_server - place.total, 0) for place in self.places)
        waiting = 0 if is_indexed else self._count_waiting()
        return Coverage(max(total - not_here - waiting, 0), total)

    def _count_waiting(self) -> int:
        folders = [place.folder_id for place in self.places]
        accounts = sorted({place.account_id for place in self.places})
        with connection.cursor() as cursor:
            cursor.execute(_WAITING, [folders, accounts, _MOST_COUNTED])
            ((waiting,),) = cursor.fetchall()
        return int(waiting)


def search(
    user_id: int,
    query: str,
    folder_ids: Sequence[int] | None = None,
    before: Cursor | str | None = None,
    limit: int = 50,
) -> Page:
    """Messages of this user that match. Junk and bin only when asked for, by folder or by ``in:``."""
    return prepare_search(user_id, query, folder_ids).page(before, limit)


def prepare_search(user_id: int, text: str, folder_ids: Sequence[int] | None = None) -> Search:
    """Parse what was typed and look up the folders and accounts it names. One query; one more for "me", and for the
    other forms of its words."""
    return prepare_searches(user_id, [text], folder_ids)[0]


def prepare_searches(user_id: int, texts: Sequence[str], folder_ids: Sequence[int] | None = None) -> list[Search]:
    """As above, for many queries of one mailbox: no more questions than for one."""
    today = timezone.localdate()
    queries = [parse_query(text, today) for text in texts]
    mine = addresses_of(user_id) if any(names_me(query.term) for query in queries) else ()
    has_labels = any(isinstance(one, Label) for query in queries for one in walk(query.term))
    deleted = load_deleted_labels(user_id) if has_labels else frozenset()
    places = load_places(user_id)
    if folder_ids is not None:
        wanted = set(folder_ids)
        places = [place for place in places if place.folder_id in wanted]
    forms = load_forms([query.term for query in queries], sorted({place.account_id for place in places}))
    keeps_to = folder_ids is not None
    return [_prepare(query, places, mine, forms, deleted, keeps_to=keeps_to) for query in queries]


def _prepare(
    query: Query,
    places: list[Place],
    mine: Sequence[str],
    forms: WordForms,
    deleted: Collection[str],
    *,
    keeps_to: bool,
) -> Search:
    query = replace(query, term=with_me(query.term, mine))
    term = without_empty(query.term)
    names = [found for found in walk(term) if isinstance(found, In | Account)]
    problems = [*query.problems, *(_unknown(name, query.text) for name in names if not named(name, places))]
    labels = [found.keyword for found in walk(term) if isinstance(found, Label)]
    problems += [_deleted(label, query.text) for label in labels if label_key(label) in deleted]
    if not keeps_to and not any(isinstance(name, In) and name.folder.lower() in ANYWHERE for name in names):
        asked = {place for name in names if isinstance(name, In) for place in named(name, places)}
        places = [place for place in places if place.role not in _SET_ASIDE or place in asked]
    rest = []
    for part in term.terms if isinstance(term, And) else (term,) if term else ():
        rest.append(part)
        if isinstance(part, In | Account):
            places = named(part, places)
    return Search(query, with_forms(every(rest), forms), tuple(places), tuple(problems))


def load_places(user_id: int) -> list[Place]:
    """All folders of this user that can be searched, with what they and their accounts are called."""
    with prepared_cursor() as cursor:
        cursor.execute(_PLACES, [user_id])
        return [Place(*row) for row in cursor.fetchall()]


def _unknown(name: In | Account, text: str) -> Problem:
    word = name.folder if isinstance(name, In) else name.name
    kind = "folder" if isinstance(name, In) else "account"
    return Problem(*_place_of(word, text), f"No {kind} searched here is called “{word}”.")


def _deleted(label: str, text: str) -> Problem:
    return Problem(*_place_of(label, text), f"The label “{label}” has been deleted.")


def _place_of(word: str, text: str) -> tuple[int, int]:
    at = max(text.lower().find(word.lower()), 0)
    return at, at + len(word)


def _find(term: Term, places: list[Place], before: Cursor | None, limit: int) -> list[tuple[Cursor, int]]:
    """The keys of a page, and the placement shown for each."""
    parts = term.terms if isinstance(term, And) else (term,)
    names = [part for part in parts if isinstance(part, MessageId)]
    is_selective = any(is_indexed(part) and names_a_word(part) for part in parts)
    if names:
        return _by_index(parts, places, before, limit)
    total = sum(place.total for place in places)
    start, step, walked = before, search_steps.FIRST, 0
    found: dict[int, tuple[Cursor, int]] = {}
    while True:
        more, reached = _by_step(term, parts, places, start, before, step)
        # A message that lies in several folders, with several dates, stands where it is newest.
        for message, key in more.items():
            found.setdefault(message, key)
        if len(found) >= limit or reached is None:
            return list(found.values())[:limit]
        walked += step
        chosen = search_steps.choose_step(walked, len(found), limit, total, has_index=is_selective)
        if chosen is None:
            return _by_index(parts, places, before, limit)
        # A step that ends in the moment where it began was too short for all mail of that moment.
        step = max(chosen, 10 * step) if start is not None and reached.at == start.at else chosen
        start = reached


def _newest(
    term: Term, places: list[Place], before: Cursor | None, limit: int
) -> tuple[list[tuple[Cursor, int]], bool]:
    """As many matches as one walk, or the index, names; and whether there can be no others."""
    parts = term.terms if isinstance(term, And) else (term,)
    if any(isinstance(part, MessageId) for part in parts):
        return _by_index(parts, places, before, limit), True
    found, reached = _by_step(term, parts, places, before, before, search_steps.WALK)
    if reached is not None:
        is_selective = any(is_indexed(part) and names_a_word(part) for part in parts)
        total = sum(place.total for place in places)
        sample = search_steps.choose_sample(search_steps.WALK, len(found), total, has_index=is_selective)
        if sample is None:
            return _by_index(parts, places, before, limit), True
        found, reached = _by_step(term, parts, places, before, before, sample)
    return list(found.values())[:limit], reached is None


def _by_step(
    term: Term, parts: Sequence[Term], places: list[Place], start: Cursor | None, before: Cursor | None, size: int
) -> tuple[dict[int, tuple[Cursor, int]], Cursor | None]:
    """As ``_by_walk``, without what an earlier page has shown."""
    found, reached = _by_walk(term, parts, places, start, before, size)
    if before is not None and found:
        for message in _shown_before(term, places, before, list(found)):
            del found[message]
    return found, reached


def _by_walk(
    term: Term, parts: Sequence[Term], places: list[Place], start: Cursor | None, before: Cursor | None, size: int
) -> tuple[dict[int, tuple[Cursor, int]], Cursor | None]:
    """By message what matches among the next ``size`` placements, and how far that was; None at the folders' end."""
    condition = Condition(places, timezone.get_current_timezone())
    where = condition.sql(term)
    if before is not None:
        where += f" AND (p.received_at, p.message_id) < ({condition.value(before.at)}, {condition.value(before.id)})"
    # What every search begins with is planned once for so many folders; its length stands in it, as a plan that did not
    # know it would be for a tenth of the mailbox.
    is_first = start is None and size == search_steps.FIRST and len(places) <= _MOST_READY
    folders = [place.folder_id for place in places]
    arms = arms_of(folders, parts, start, condition, size, is_ready=is_first)
    sql = walk_sql(arms, where, condition, size)
    rows = read_rows(sql, condition.values, is_ready=is_first)
    _, _, _, reached, count = rows[0]
    is_end = count < size
    found: dict[int, tuple[Cursor, int]] = {}
    for at, message, placement, *_ in rows:
        # Of the moment at which the walk stopped, not all may have been seen: the next step takes it whole.
        if message is not None and (is_end or at > reached):
            found.setdefault(message, (Cursor(at, message), placement))
    return found, None if is_end else Cursor(reached, 0)


def _shown_before(term: Term, places: list[Place], before: Cursor, messages: list[int]) -> list[int]:
    condition = Condition(places, timezone.get_current_timezone())
    where = condition.sql(term)
    values = {
        **condition.values,
        "messages": messages,
        "folders": [place.folder_id for place in places],
        "at": before.at,
        "id": before.id,
    }
    return [message for (message,) in read_rows(_SHOWN.format(where=where, joined=joined(condition)), values)]


def _by_index(
    parts: Sequence[Term], places: list[Place], before: Cursor | None, limit: int
) -> list[tuple[Cursor, int]]:
    """The page of what the text index, or that of Message-IDs, names."""
    condition = Condition(places, timezone.get_current_timezone())
    name = next((part.text for part in parts if isinstance(part, MessageId)), None)
    # What the index of words has answered is not asked again: that would read every text it names.
    rest = every([part for part in parts if name is not None or not is_indexed(part)])
    where = condition.sql(rest) if rest else "true"
    after = "true"
    if before is not None:
        after = f"(k.received_at, k.message_id) < ({condition.value(before.at)}, {condition.value(before.id)})"
    values: dict[str, Any] = {
        **condition.values,
        "limit": limit,
        "folders": [place.folder_id for place in places],
        "accounts": sorted({place.account_id for place in places}),
    }
    checked = ""
    if name is not None:
        source, values["name"] = _BY_NAME, name
    else:
        asked = every([part for part in parts if is_indexed(part)])
        assert asked is not None
        source, values["words"] = _BY_WORDS, tsquery(asked)
        if (loose := loosened(asked)) is not None:
            checked, values["words"], values["checked"] = _CHECKED, loose, values["words"]
    # However many it names, the shape leaves one plan: the function of the words plans its own part for its values.
    sql = _INDEX.format(source=source, where=where, after=after, joined=joined(condition), checked=checked)
    rows = read_rows(sql, values, is_ready=name is None)
    return [(Cursor(at, message), placement) for at, message, placement in rows]


def read_rows(sql: str, values: dict[str, Any], *, is_ready: bool = False) -> list[tuple[Any, ...]]:
    """``is_ready``: planned once for a connection, whatever the values."""
    with prepared_cursor() if is_ready else connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
