"""However large the folder: a page runs the same few queries, and each reads a bounded number of rows.

The database is asked (EXPLAIN ANALYZE), not the clock: rows that each step of a plan read, those it
filtered away included.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext

from mailsync.actions.mail import mark_read
from mailsync.models import Folder, Message, Placement
from mailsync.store.first_mail import Senders
from mailsync.store.listing import Cursor, Filter, Sort, list_rows, load_conversation, load_tree
from mailsync.store.outline import STRETCH_ROWS, load_outline
from mailsync.types import OneConversation
from tests.factories import make_account, make_folder
from tests.store.big_folder import fill, forget_statistics

LARGE = 100_000
LIMIT = 50
#: A page of 51 keys, each row met in its index and in up to four joined tables, with room for a batch.
MOST_ROWS = 8 * (LIMIT + 1)
#: The folders of all accounts here: a table this small may be read whole. No list of messages is as short.
SMALL_TABLE = 5000


@pytest.fixture(scope="module")
def large(django_db_setup: None, django_db_blocker: Any) -> Iterator[Folder]:
    with django_db_blocker.unblock():
        account = make_account()
        folder = fill(account, "INBOX", LARGE, by_message=True)
        fill(account, "Archive", 1000, by_message=True)
        yield folder
        user = account.user
        with connection.cursor() as cursor:
            # Cascades row by row would take longer than making them did.
            cursor.execute("TRUNCATE accounts_user, mailsync_message, mailsync_thread CASCADE")
        forget_statistics()
        assert not type(user).objects.filter(pk=user.pk).exists()


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for child in plan.get("Plans", ()):
        yield from nodes(child)


def rows_read(sql: str) -> int:
    """The most rows that any step of the plan read: returned and filtered away, over all its loops."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS off, FORMAT JSON) {sql}")
        ((answer,),) = cursor.fetchall()
    plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    read = []
    for node in nodes(plan):
        removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
        read.append((node["Actual Rows"] + removed) * node["Actual Loops"])
    return int(max(read))


def measure(work: Callable[[], Any]) -> tuple[Any, list[int]]:
    """The result, and the rows that each of its queries read."""
    with CaptureQueriesContext(connection) as captured:
        result = work()
    return result, [rows_read(query["sql"]) for query in captured.captured_queries]


VARIANTS: list[dict[str, Any]] = [
    *({"by_conversation": True}, {"by_conversation": False}),
    *({"by_conversation": True, "unread_only": True}, {"by_conversation": False, "unread_only": True}),
    *({"by_conversation": True, "flagged_only": True}, {"by_conversation": False, "flagged_only": True}),
    *({"by_conversation": True, "to_me_only": True}, {"by_conversation": False, "to_me_only": True}),
    *({"by_conversation": True, "sort": Sort.OLDEST}, {"by_conversation": False, "sort": Sort.OLDEST}),
    *({"by_conversation": True, "sort": sort} for sort in (Sort.SENDER, Sort.SUBJECT, Sort.LARGEST)),
    *({"by_conversation": False, "sort": sort} for sort in (Sort.SENDER, Sort.SUBJECT, Sort.LARGEST)),
]


@pytest.mark.django_db
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_a_page_reads_a_bounded_number_of_rows(large: Folder, variant: dict[str, Any]) -> None:
    before = None
    for _ in range(3):
        page, read = measure(lambda cursor=before: list_rows([large.pk], before=cursor, limit=LIMIT, **variant))
        assert len(page.rows) == LIMIT
        assert len(read) == 1
        assert max(read) <= MOST_ROWS
        before = page.next
    deep = list_rows([large.pk], before=None, limit=1, **variant)
    assert deep.next is not None


@pytest.mark.django_db
def test_a_page_deep_in_the_folder_costs_what_the_first_one_costs(large: Folder) -> None:
    middle = Cursor(datetime(2020, 1, 5, tzinfo=UTC), 0)
    for by_conversation in (True, False):
        page, read = measure(lambda by=by_conversation: list_rows([large.pk], by_conversation=by, before=middle))
        assert len(page.rows) == LIMIT
        assert len(read) == 1
        assert max(read) <= MOST_ROWS


@pytest.mark.django_db
@pytest.mark.parametrize("by_conversation", [True, False], ids=["conversations", "messages"])
@pytest.mark.parametrize("sort", [Sort.SENDER, Sort.SUBJECT, Sort.LARGEST], ids=str)
def test_a_sorted_list_is_read_by_ranges_wherever_it_is(large: Folder, sort: Sort, by_conversation: bool) -> None:
    cache.clear()
    outline, read = measure(lambda: load_outline([large.pk], Filter(by_conversation), sort))
    assert (outline.count, len(outline.ends), len(read)) == (LARGE, LARGE // STRETCH_ROWS, 1)
    # Half of the folder is from one sender, and begins somewhere in the middle: its rows are no single key.
    for at in (0, 250, 700, len(outline.ends) - 2):
        stretch: dict[str, Any] = {"before": outline.ends[at], "until": outline.ends[at + 1], "limit": 200}
        stretch |= {"by_conversation": by_conversation, "sort": sort}
        page, read = measure(lambda asked=stretch: list_rows([large.pk], **asked))
        assert (len(page.rows), page.next) == (STRETCH_ROWS, None)
        assert max(read) <= 16 * (STRETCH_ROWS + 1)


@pytest.mark.django_db
@pytest.mark.parametrize("sort", list(Sort), ids=str)
@pytest.mark.parametrize("narrowed", ["unread_only", "flagged_only", "to_me_only", "files_only"])
@pytest.mark.parametrize("by_conversation", [True, False], ids=["conversations", "messages"])
def test_a_filter_and_an_order_together_read_no_folder(
    large: Folder, sort: Sort, narrowed: str, by_conversation: bool
) -> None:
    asked: dict[str, Any] = {narrowed: True, "sort": sort, "limit": LIMIT, "by_conversation": by_conversation}
    before = None
    for _ in range(2):
        page, read = measure(lambda cursor=before: list_rows([large.pk], before=cursor, **asked))
        assert len(page.rows) == LIMIT
        assert max(read) <= MOST_ROWS
        before = page.next


@pytest.mark.django_db
def test_what_a_filter_leaves_stands_in_the_order_asked_for(large: Folder) -> None:
    page = list_rows([large.pk], by_conversation=True, unread_only=True, sort=Sort.LARGEST, limit=LIMIT)
    assert all(row.unread for row in page.rows)
    after = list_rows([large.pk], by_conversation=True, unread_only=True, sort=Sort.LARGEST, before=page.next)
    keys = [(row.received_at, row.placement_id) for row in (*page.rows, *after.rows)]
    assert keys == sorted(keys, reverse=True)


@pytest.mark.django_db
def test_merged_folders_read_a_page_of_each(large: Folder) -> None:
    folders = [folder.pk for folder in Folder.objects.filter(account=large.account)]
    asked: list[dict[str, Any]] = [{"by_conversation": True}, {"by_conversation": False, "sort": Sort.SENDER}]
    for one in asked:
        page, read = measure(lambda asked=one: list_rows(folders, limit=LIMIT, **asked))
        assert len(page.rows) == LIMIT
        assert len(read) == 1
        assert max(read) <= MOST_ROWS * len(folders)


@pytest.mark.django_db
def test_the_tree_and_a_conversation_read_no_folder(large: Folder) -> None:
    for n in range(20):
        make_folder(large.account, f"Box {n}")
    _, read = measure(lambda: load_tree(large.account.user_id))
    assert len(read) == 3
    assert max(read) <= SMALL_TABLE
    row = list_rows([large.pk], by_conversation=True, limit=1).rows[0]
    _, read = measure(lambda: load_conversation(large.account.user_id, row.thread_id))
    assert len(read) == 1
    assert max(read) <= SMALL_TABLE


@pytest.mark.django_db
@pytest.mark.parametrize(
    "which", [Filter(True), Filter(False), Filter(True, unread_only=True)], ids=["conversations", "messages", "unread"]
)
def test_a_stretch_is_read_by_its_keys_wherever_it_lies(large: Folder, which: Filter) -> None:
    cache.clear()
    outline, read = measure(lambda: load_outline([large.pk], which))
    rows = LARGE // 5 if which.unread_only else LARGE
    assert outline.count == rows
    assert len(outline.ends) == rows // STRETCH_ROWS
    assert len(read) == 1
    assert load_outline([large.pk], which) == outline
    for at in (0, len(outline.ends) // 2, len(outline.ends) - 2):
        page, read = measure(
            lambda at=at: list_rows(
                [large.pk],
                by_conversation=which.by_conversation,
                unread_only=which.unread_only,
                before=outline.ends[at],
                until=outline.ends[at + 1],
                limit=200,
            )
        )
        assert len(page.rows) == STRETCH_ROWS
        assert page.next is None
        assert max(read) <= 8 * (STRETCH_ROWS + 1)
    page = list_rows([large.pk], by_conversation=which.by_conversation, unread_only=which.unread_only, limit=200)
    ends = [page.rows[STRETCH_ROWS - 1].received_at, page.rows[-1].received_at]
    parsed = [Cursor.parse(end) for end in outline.ends[:2]]
    assert [end.at for end in parsed if end] == ends


@pytest.mark.django_db
def test_an_outline_walks_the_index_and_no_table(large: Folder) -> None:
    cache.clear()
    with CaptureQueriesContext(connection) as captured:
        assert load_outline([large.pk], Filter(True)).count == LARGE
    (query,) = captured.captured_queries
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off")  # A live table is vacuumed.
        cursor.execute(f"EXPLAIN (FORMAT JSON) {query['sql']}")
        ((answer,),) = cursor.fetchall()
    plan = (json.loads(answer) if isinstance(answer, str) else answer)[0]["Plan"]
    assert {node["Node Type"] for node in nodes(plan)} == {"Subquery Scan", "WindowAgg", "Index Only Scan"}
    folders = [folder.pk for folder in Folder.objects.filter(account=large.account)]
    assert load_outline(folders, Filter(True)).count == LARGE + 1000


@pytest.fixture
def kept_plans(db: None) -> Iterator[None]:
    """Plans are made once and kept whatever the numbers are, as in web processes (``webmail.asgi``)."""
    with connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        yield
        cursor.execute("RESET plan_cache_mode")


def rows_touched(work: Callable[[], Any]) -> tuple[Any, int]:
    """The result, and the rows of tables that were read for it, by whichever plan it really had: one that is kept for a
    prepared statement is not what EXPLAIN tells of the same statement with its values in it."""

    def read() -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables")
            return int(cursor.fetchone()[0])

    before = read()
    return work(), read() - before


@pytest.mark.django_db
@pytest.mark.parametrize("variant", VARIANTS, ids=str)
def test_kept_plans_read_a_bounded_number_of_rows(large: Folder, kept_plans: None, variant: dict[str, Any]) -> None:
    before = None
    for _ in range(3):
        page, read = rows_touched(lambda at=before: list_rows([large.pk], before=at, limit=LIMIT, **variant))
        assert len(page.rows) == LIMIT
        assert LIMIT <= read <= MOST_ROWS
        before = page.next


@pytest.mark.django_db
def test_opening_and_marking_by_kept_plans_read_no_folder(large: Folder, kept_plans: None) -> None:
    user_id = large.account.user_id
    placements = list(Placement.objects.filter(folder=large).order_by("-received_at")[:3])
    for placement in placements:
        _, read = rows_touched(lambda one=placement: load_conversation(user_id, one.thread_id))
        assert 1 <= read <= 200
        _, read = rows_touched(lambda one=placement: mark_read(user_id, [one.pk], not one.seen))
        assert 1 <= read <= 200
        row = OneConversation(placement.folder_id, placement.thread_id)
        _, read = rows_touched(lambda row=row, one=placement: mark_read(user_id, row, one.seen))
        assert 1 <= read <= 200
    _, read = rows_touched(lambda: load_tree(user_id))
    assert 1 <= read <= SMALL_TABLE


@pytest.mark.django_db
@pytest.mark.parametrize("sender", ["ada@example.test", "first@example.test"])
def test_opening_beside_a_large_mailbox_of_somebody_else_reads_none_of_it(large: Folder, sender: str) -> None:
    """Whether a sender has written before is asked of the reader's own mail by its index, also where one sender has
    sent nearly all mail of everybody."""
    folder = fill(make_account(), "INBOX", 100)
    placement = Placement.objects.filter(folder=folder).order_by("-received_at")[0]
    Message.objects.filter(pk=placement.message_id).update(from_address=sender)
    conversation, read = rows_touched(lambda: load_conversation(folder.account.user_id, placement.thread_id))
    assert conversation.heard is not None
    assert 1 <= read <= 300
    (message,) = (one.message for one in conversation.messages)
    _, read = rows_touched(lambda: Senders(folder.account.user_id, {"me@example.test"}).is_first(message))
    assert 1 <= read <= 300
