"""However large a mailbox, each page reads about as many rows of it.

The database is asked, not the clock, for every page of ``bench.pages``, in a mailbox and in one four times its size.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from bench.pages import make_person, pages, sign_in, visit
from bench.scale import Box, make_texts
from tests.store.big_folder import forget_statistics

SMALL, LARGE = 4_000, 16_000
#: What a page may read more of the larger one; a walk through it reads 12,000 rows more.
MORE_ROWS = 3_000
#: What weighs or tries a window of the newest mail (so many matches, senders or messages) reads no more than this of a
#: mailbox of any size, which the smaller one here does not fill.
WINDOWS = {
    "search, by relevance",
    "facets",
    "facets, rare",
    "mailing lists",
    "new rule",
    "new rule, tried",
    "rule, tried",
}
MOST_OF_A_WINDOW = 30_000
#: All mail is read for it, and where that is much it comes after its page, which says so.
COUNTS_ALL = {"space", "space, counted"}
# Rows of labels follow placements by a trigger, not by a key.
_EMPTY = (
    "TRUNCATE accounts_user, mailsync_message, mailsync_thread, mailsync_labelled, mailsync_labelchange,"
    " mailsync_labeltally CASCADE"
)


@pytest.fixture(scope="module")
def boxes(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[Box]]:
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(_EMPTY)
        vectors = make_texts()
        try:
            made = [make_person(size, vectors) for size in (SMALL, LARGE)]
            cursor.execute("ANALYZE")
            yield made
        finally:
            cursor.execute("DROP TABLE IF EXISTS bench_text")
            cursor.execute(_EMPTY)
            forget_statistics()


@pytest.mark.django_db
@pytest.mark.parametrize("plans", ["auto", "force_generic_plan"])
def test_no_page_walks_a_mailbox(boxes: list[Box], plans: str) -> None:
    """Plans made for each question, and those that are kept, as web processes keep them (``webmail.asgi``)."""
    with connection.cursor() as cursor:
        cursor.execute(f"SET LOCAL plan_cache_mode = {plans}")
    clients, asked = [sign_in(box) for box in boxes], [pages(box) for box in boxes]
    walks = {}
    for name in asked[0]:
        if name in COUNTS_ALL:
            continue
        small, large = (visit(client, paths[name])[1] for client, paths in zip(clients, asked, strict=True))
        if large > (MOST_OF_A_WINDOW if name in WINDOWS else small + MORE_ROWS):
            walks[name] = (small, large)
    assert not walks
    assert set(asked[0]) >= WINDOWS
