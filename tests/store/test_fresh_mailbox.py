"""Just filled, before PostgreSQL has counted anything: a list still reads by keys alone.

Statistics come from autovacuum, a minute or more after a large mailbox has been fetched; until then the planner knows
of none, or those of the nearly empty tables.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from mailsync.models import Folder
from mailsync.store.listing import Cursor, list_rows
from tests.factories import make_account
from tests.store.big_folder import fill, uncounted_tables
from tests.store.test_listing_size import MOST_ROWS, VARIANTS, measure


@pytest.fixture(scope="module", params=["none", "of a few rows"])
def filled(request: pytest.FixtureRequest, django_db_setup: None, django_db_blocker: Any) -> Iterator[Folder]:
    with django_db_blocker.unblock(), uncounted_tables():
        account = make_account()
        if request.param == "of a few rows":
            fill(account, "Few", 20, by_message=True)
        fill(account, "Archive", 1000, analyze=False, by_message=True)
        yield fill(account, "INBOX", 30_000, analyze=False, by_message=True)


@pytest.mark.django_db
@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: "-".join(name for name, on in variant.items() if on))
def test_a_list_reads_by_keys(filled: Folder, variant: dict[str, bool]) -> None:
    folders = list(Folder.objects.filter(account=filled.account).values_list("pk", flat=True))
    for chosen in ([filled.pk], folders):
        first, read = measure(lambda chosen=chosen: list_rows(chosen, **variant))
        assert max(read) <= MOST_ROWS * len(chosen), read
        middle = Cursor(first.rows[-1].received_at, first.rows[-1].placement_id)
        _, read = measure(lambda chosen=chosen, middle=middle: list_rows(chosen, before=middle, **variant))
        assert max(read) <= MOST_ROWS * len(chosen), read
