"""However large the folder: a search reads a bounded number of rows, by the walk or by the index.

As in the lists, the database is asked (EXPLAIN ANALYZE), not the clock.
"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from accounts.models import MailAccount
from mailsync.models import Folder, Placement
from mailsync.plan.search_index import loosened, tsquery
from mailsync.plan.search_steps import WALK
from mailsync.store.facets import COUNTED, load_facets
from mailsync.store.relevance import WEIGHED, load_relevant
from mailsync.store.search import Search, prepare_search
from tests.factories import make_account, make_folder
from tests.store.big_folder import fill
from tests.store.test_listing_size import kept_plans as kept_plans  # a fixture
from tests.store.test_listing_size import measure, rows_touched

LARGE = 100_000
#: The address of a mailbox of 300 messages beside it.
SMALL = "small@example.test"
#: A walk reads each placement, its message and its text; a step of it may count rows of a batch ahead.
MOST_WALKED = 2 * WALK + 100
#: Every text says "common"; every third "third"; each fortieth "signed here"; one of 170 is from "person17"; each
#: thousandth says "rare", and one "walked" and one "walks"; each has its own number. Each address ends in "test"; of a
#: thousand one is ann@shop.test, and one shop@ann.test. All are in English, with 100,000 words.
_TEXTS = """
    INSERT INTO mailsync_messagetext (message_id, account_id, vector, complete, version)
    SELECT id, account_id,
           ('''common'':1C ''n' || (id % 1000000) || ''':2C' || CASE WHEN id % 3 = 0 THEN ' ''third'':3C' ELSE '' END
            || CASE WHEN id % 40 = 0 THEN ' ''signed'':5C ''here'':6C' ELSE '' END
            || CASE WHEN id % 170 = 0 THEN ' ''.fperson17'':9B' ELSE '' END
            || CASE WHEN id % 1000 = 0 THEN ' ''rare'':4C' ELSE '' END
            || CASE WHEN id % 1000 = 1 THEN ' ''walked'':4C' WHEN id % 1000 = 2 THEN ' ''walks'':4C' ELSE '' END
            || CASE id % 1000 WHEN 3 THEN ' ''.fann'':10B ''.fshop'':11B' WHEN 4 THEN ' ''.fshop'':10B ''.fann'':11B'
                              ELSE '' END
            || ' ''.ftest'':12B ''.yen'':1')::tsvector, true, 1
      FROM mailsync_message;
    INSERT INTO mailsync_wordform (account_id, language, stem, word)
    SELECT %s, 'en', stem, word FROM (VALUES ('', ''), ('walk', 'walked'), ('walk', 'walks')) AS f(stem, word)
     UNION ALL SELECT %s, 'en', 'stem' || n % 25000, 'stem' || n FROM generate_series(1, 100000) AS n;
    ANALYZE mailsync_messagetext, mailsync_wordform;
"""


@pytest.fixture(scope="module")
def large(django_db_setup: None, django_db_blocker: Any) -> Iterator[Folder]:
    with django_db_blocker.unblock():
        account = make_account()
        folder = fill(account, "INBOX", LARGE)
        for number in range(20):
            make_folder(account, f"Folder {number}")
        fill(account, "Archive", 1000)
        fill(make_account(), "INBOX", 30_000)
        fill(make_account(address=SMALL), "INBOX", 300)
        with connection.cursor() as cursor:
            cursor.execute(_TEXTS.replace("%s", str(account.pk)))
        yield folder
        with connection.cursor() as cursor:
            # Cascades row by row would take longer than making them did.
            cursor.execute("TRUNCATE accounts_user, mailsync_message, mailsync_thread CASCADE")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "count", "most"),
    [
        ("common ", 50, MOST_WALKED),
        ("third ", 50, MOST_WALKED),
        ("common third -rare", 50, MOST_WALKED),
        ('"common n17"', 1, MOST_WALKED),
        ("n17 ", 1, MOST_WALKED),
        # A fortieth of a larger mailbox would be more than the walk that fills a page.
        ('"signed here"', 50, MOST_WALKED),
        ("from:person common ", 50, MOST_WALKED),
        ("from:person17 third ", 50, MOST_WALKED),
        ("from:ann@shop.test", 50, MOST_WALKED),
        ("from:ann@shop.te common", 50, MOST_WALKED),
        ("rare ", 50, MOST_WALKED),
        ("walking ", 50, MOST_WALKED),
        ("walking third ", 50, MOST_WALKED),
        ("rare is:unread", 20, MOST_WALKED),
        ("rare OR n17 ", 50, MOST_WALKED),
        ("absent ", 0, MOST_WALKED),
        ("id:absent@example.test", 0, MOST_WALKED),
        ("is:unread", 50, MOST_WALKED),
        ("is:flagged", 50, MOST_WALKED),
        ("has:attachment", 50, MOST_WALKED),
        ("before:2020-01-02 third", 50, 2 * MOST_WALKED),
    ],
)
def test_a_search_reads_a_bounded_number_of_rows(large: Folder, query: str, count: int, most: int) -> None:
    prepared: Search = prepare_search(large.account.user_id, query)
    page, read = measure(lambda: prepared.page(limit=50))
    assert len(page.rows) >= count
    assert max(read) <= most, (query, read)
    if page.next is not None:
        further, read = measure(lambda: prepared.page(before=page.next, limit=50))
        assert further.rows
        assert max(read) <= most, (query, read)


@pytest.mark.django_db
def test_the_forms_of_a_word_are_looked_up_in_a_bounded_number_of_rows(large: Folder) -> None:
    prepared, read = measure(lambda: prepare_search(large.account.user_id, "walking stems OR another "))
    assert max(read) <= 500, read
    assert prepared.term is not None
    assert "'.yen' & ('walk' | 'walked' | 'walks')" in tsquery(prepared.term)


@pytest.mark.django_db
def test_what_is_not_searched_is_counted_without_reading_the_mailbox(large: Folder) -> None:
    prepared = prepare_search(large.account.user_id, "common")
    coverage, read = measure(prepared.coverage)
    assert coverage.searched == coverage.total == LARGE + 1000
    assert max(read) < 100


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "counted", "is_all"),
    [
        ("common ", 1000, False),
        ("third ", 1000, False),
        ("rare ", 101, True),
        ('"signed here"', 1000, False),
        ("n17 ", 1, True),
        ("absent ", 0, True),
        ("is:unread", 1000, False),
        ("has:attachment", 400, False),
        ("larger:1G", 0, False),
    ],
)
def test_facets_read_a_bounded_number_of_rows(large: Folder, query: str, counted: int, is_all: bool) -> None:
    prepared = prepare_search(large.account.user_id, query)
    loaded, read = measure(lambda: load_facets(prepared))
    assert (min(loaded.counted, counted + 1), loaded.is_all) == (pytest.approx(counted, abs=1), is_all)
    assert len(read) <= 3
    assert max(read) <= 4 * MOST_WALKED, (query, read)
    assert read[-1] <= 2 * COUNTED, "the matches are read by their keys"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("common ", 50),
        ("third ", 50),
        ('"common n17"', 1),
        ("n17 ", 1),
        ("from:person17 third ", 50),
        ("rare ", 50),
        ("walking ", 50),
        ("absent ", 0),
        ("rare is:unread", 50),
        ("is:flagged third ", 50),
    ],
)
def test_kept_plans_of_a_search_read_a_bounded_number_of_rows(
    large: Folder, kept_plans: None, query: str, count: int
) -> None:
    def found() -> int:
        return len(prepare_search(large.account.user_id, query).page().rows)

    assert found() <= count  # the plans are made
    rows, read = rows_touched(found)
    assert rows <= count
    assert (rows > 0) == (count > 0)
    assert read <= 4 * MOST_WALKED, query


#: The worst that statistics could say: to read a table whole seems free, and each entry of an index dear.
_MISJUDGED = "SET LOCAL seq_page_cost = 0; SET LOCAL random_page_cost = 100000; SET LOCAL cpu_index_tuple_cost = 1000"
_READ = (
    "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables"
    " WHERE relname = 'mailsync_messagetext'"
)


@pytest.mark.django_db
@pytest.mark.parametrize(("query", "count"), [("n17 ", 1), ("rare third ", 33), ("rare -common", 0), ("absent ", 0)])
def test_the_words_index_is_read_whatever_the_planner_believes(large: Folder, query: str, count: int) -> None:
    prepared = prepare_search(large.account.user_id, query)
    with connection.cursor() as cursor:
        cursor.execute(_MISJUDGED)
        before = _number(_READ)
        cursor.execute(
            "SELECT count(*) FROM mailsync_find_texts(%s, %s::tsquery)",
            [[large.account_id], tsquery(prepared.term)],
        )
        assert cursor.fetchone() == (count,)
        assert _number(_READ) - before <= 2 * count + 100


@pytest.mark.django_db
@pytest.mark.parametrize("plans", ["auto", "force_generic_plan"])
@pytest.mark.parametrize("query", ["common ", "third ", '"common third"', "from:person17 "])
def test_neighbours_with_much_mail_cost_a_small_mailbox_nothing(large: Folder, query: str, plans: str) -> None:
    small = MailAccount.objects.get(address=SMALL)
    prepared = prepare_search(small.user_id, query)
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL plan_cache_mode TO {plans}")
        for _ in range(8):  # that a plan is kept for all values is decided after some executions
            before = _number(_READ)
            cursor.execute(
                "SELECT count(*) FROM mailsync_find_texts(%s, %s::tsquery)", [[small.pk], tsquery(prepared.term)]
            )
            assert _number(_READ) - before <= 300, query


def _number(sql: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        ((number,),) = cursor.fetchall()
    return int(number)


@pytest.mark.django_db
@pytest.mark.parametrize(("query", "count"), [("common ", 50), ("rare ", 50), ("n17 ", 1), ("absent ", 0)])
def test_the_best_matches_are_weighed_in_a_bounded_number_of_rows(large: Folder, query: str, count: int) -> None:
    prepared = prepare_search(large.account.user_id, query)
    before = None
    for _ in range(2):
        page, read = measure(lambda: load_relevant(prepared, before))  # noqa: B023 — called at once
        assert len(page.rows) == count
        assert max(read) <= 4 * MOST_WALKED, (query, read)
        assert max(read[-2:]) <= 3 * WEIGHED, (query, read)
        before = page.next
        if before is None:
            break
    assert (before is None) == (count < 50)


@pytest.mark.django_db
def test_an_address_is_found_without_gathering_all_that_ends_like_it(large: Folder) -> None:
    """In a mailbox beside it: the end of an address is looked up in everybody's mail, as the beginning of a word."""

    def pages_read(words: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "EXPLAIN (ANALYZE, COSTS off, TIMING off, BUFFERS, FORMAT JSON)"
                " SELECT * FROM mailsync_find_texts(%s, %s::tsquery)",
                [[large.account_id], words],
            )
            ((answer,),) = cursor.fetchall()
        plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
        return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])

    prepared = prepare_search(large.account.user_id, "from:ann@nowhere.test")
    assert prepared.term is not None
    assert prepared.page().rows == ()
    with connection.cursor() as cursor:
        # What has just been written lies in no order, and each search reads all of it.
        cursor.execute("SELECT gin_clean_pending_list('message_text_words')")
    # Sixteen; with all that begins as the address ends, 71 of 130,000 messages, and more of more.
    assert pages_read(loosened(prepared.term) or tsquery(prepared.term)) <= 30


@pytest.mark.django_db
@pytest.mark.parametrize("typed", ["from:ann@shop.test", "from:ann@shop.te", "from:ann@shop.test common"])
def test_who_has_the_words_of_an_address_in_another_order_is_not_found(large: Folder, typed: str) -> None:
    prepared = prepare_search(large.account.user_id, typed)
    before, found = None, []
    for _ in range(3):
        page = prepared.page(before)
        found += [row.placement_id for row in page.rows]
        before = page.next
    messages = Placement.objects.filter(pk__in=found).values_list("message_id", flat=True)
    assert {pk % 1000 for pk in messages} == {3}
    assert (len(messages), before) == (101, None)
