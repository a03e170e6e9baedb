"""A large batch plans anew before it is stored and counts after it, to stay linear; an everyday pull does neither."""

import time
from datetime import UTC, datetime
from typing import Any, cast

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailsync.engine.fetch import BodyFetch, HeaderFetch
from mailsync.engine.reading import read_bodies, read_headers
from mailsync.engine.record import record_bodies, record_headers
from mailsync.engine.session import Session
from mailsync.store import leases
from mailsync.store.intake import CursorMove
from mailsync.store.statistics import MANY_ROWS
from mailsync.types import FetchedHeader, FetchedMessage, Flags
from tests.factories import make_account, make_folder, raw_message

NOW = datetime(2026, 3, 1, tzinfo=UTC)


def kinds(queries: CaptureQueriesContext) -> list[str]:
    """What was asked of the database, as far as it matters here, in its order; repeated once."""
    known = {
        "DISCARD PLANS": "plan anew",
        'UPDATE "mailsync_folder"': "store",
        "pg_stat_get_mod_since_analyze": "count",
    }
    found = [name for one in queries for part, name in known.items() if part in one["sql"]]
    return [name for at, name in enumerate(found) if found[at - 1 : at] != [name]]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("messages", "expected"), [(MANY_ROWS, ["plan anew", "store", "count"]), (MANY_ROWS - 1, ["store"])]
)
def test_the_database_is_kept_in_step_with_a_large_batch(messages: int, expected: list[str]) -> None:
    account = make_account()
    folder = make_folder(account)
    lease = leases.claim(account.pk, "pull")
    assert lease is not None
    session = Session(account, lease, cast(Any, None), cast(Any, None), time.monotonic() + 60)
    raws = {uid: raw_message() for uid in range(1, messages + 1)}
    headers = tuple(FetchedHeader(uid, len(raw), NOW, raw, Flags.parse([])) for uid, raw in raws.items())
    with CaptureQueriesContext(connection) as queries:
        assert (
            record_headers(session, folder, read_headers(HeaderFetch(tuple(raws), headers)), CursorMove()) == messages
        )
    assert kinds(queries) == expected
    whole = tuple(FetchedMessage(uid, raw, NOW, Flags.parse([])) for uid, raw in raws.items())
    with CaptureQueriesContext(connection) as queries:
        assert len(record_bodies(session, folder, read_bodies(BodyFetch(tuple(raws), whole)))) == messages
    assert kinds(queries) == expected
