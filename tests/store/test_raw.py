"""Raw bytes whole and in ranges; rendered bodies kept and found."""

import hashlib

import pytest
from pytest_django.fixtures import DjangoAssertNumQueries

from mailsync.models import Message, RawMessage
from mailsync.store import raw as raw_store
from mailsync.store import raw_intake
from mailsync.store.raw import BodyNotFetched, Range, raw_reader, raw_size, read_ranges, read_raw
from mailsync.store.rendered import body_key, load_rendered, record_rendered
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


def test_ranges_are_those_of_the_bytes() -> None:
    raw = bytes(range(256)) * 40
    message = make_message(make_folder(), raw).message
    read = raw_reader(message)
    assert read_raw(message) == raw
    assert raw_size(message) == len(raw)
    for start, end in ((0, 5), (250, 260), (10_000, 99_999), (7, 7), (9, 3), (20_000, 20_001)):
        assert read(start, end) == raw[start:end]


def test_ranges_of_many_come_in_order_and_in_portions(
    monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    monkeypatch.setattr(raw_store, "_AT_ONCE", 100)
    raws = [bytes([65 + n]) * 60 for n in range(4)]
    ids = [make_message(make_folder(), raw).message.raw_id or 0 for raw in raws]
    wanted = [Range(ids[0], 0, 40), Range(ids[1], 10, 50), Range(0, 0, 9), Range(ids[2], 5, 5), Range(ids[3], 0, 999)]
    with django_assert_num_queries(2):
        found = list(read_ranges(wanted))
    assert found == [raws[0][:40], raws[1][10:50], None, b"", raws[3]]


def test_a_header_alone_has_no_bytes_yet() -> None:
    placement = make_message(make_folder())
    Message.objects.filter(id=placement.message_id).update(raw=None)
    placement.message.refresh_from_db()
    for ask in (read_raw, raw_size, raw_reader):
        with pytest.raises(BodyNotFetched):
            ask(placement.message)


def test_rendered_bodies_are_kept_by_account_and_policy() -> None:
    key, mine, other = body_key(b"<p>hi"), make_account().pk, make_account().pk
    assert load_rendered(mine, key, 1) is None
    record_rendered(mine, key, 1, "<p>höi</p>")
    record_rendered(mine, key, 1, "ignored: whoever came first is right")
    assert load_rendered(mine, key, 1) == "<p>höi</p>"
    assert load_rendered(mine, key, 2) is None
    assert load_rendered(other, key, 1) is None


def test_bytes_that_another_lane_stores_at_the_same_time_are_kept_once(monkeypatch: pytest.MonkeyPatch) -> None:
    account = make_account()
    raws = {
        hashlib.sha256(raw).digest(): raw for raw in (b"Subject: one\r\n\r\nhere\r\n", b"Subject: two\r\n\r\nboth\r\n")
    }
    _, second = raws
    theirs = raw_intake.keep_raw(account.pk, {second: raws[second]})
    # They committed between our look and our COPY.
    monkeypatch.setattr(raw_intake, "_known_raw", lambda account_id, digests: {})
    ours = raw_intake.keep_raw(account.pk, raws)
    assert ours[second] == theirs[second]
    stored = {bytes(row.sha256): (row.pk, bytes(row.data), row.size_bytes) for row in RawMessage.objects.all()}
    assert stored == {digest: (ours[digest], raw, len(raw)) for digest, raw in raws.items()}


def test_bytes_are_written_in_one_order_whatever_the_batch() -> None:
    """Two batches with the same two messages, the other way round, would each wait for the other's row."""
    account = make_account()
    raws = {hashlib.sha256(raw).digest(): raw for raw in (b"one", b"two", b"three", b"four", b"five")}
    ids = raw_intake.keep_raw(account.pk, raws)
    assert sorted(ids, key=ids.__getitem__) == sorted(raws)
