"""However large the mailbox, and before PostgreSQL has counted it: the next bodies to fetch are found at their price.

The database is asked (EXPLAIN ANALYZE), not the clock, as in ``test_listing_size``.
"""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailsync.store.bodies import wanted_bodies
from tests.factories import make_account
from tests.store.big_folder import fill, uncounted_tables
from tests.store.test_listing_size import rows_read

LIMIT = 500


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("analyze", [False, True])
def test_the_next_bodies_are_read_in_their_order_without_the_rest(*, analyze: bool) -> None:
    with uncounted_tables():
        account = make_account()
        folder = fill(account, "INBOX", 20_000, analyze=analyze)
        fill(account, "Archive", 2000, analyze=analyze)
        with CaptureQueriesContext(connection) as queries:
            wanted = wanted_bodies(folder, limit=LIMIT)
        read = sum(rows_read(one["sql"]) for one in queries)
    assert [one.uid for one in wanted] == list(range(20_000, 20_000 - LIMIT, -1))
    # Each row met in the index of what has no body, in its placement, and at its hole and its pieces; the other
    # folder's rows of the same days are passed over.
    assert read <= 6 * LIMIT
