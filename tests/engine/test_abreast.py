"""Batches stored side by side: in order, over connections of their own, each message once."""

import threading

import pytest
from django.db import connection, transaction

from mailsync.engine import record
from mailsync.engine.abreast import abreast
from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.errors import LeaseLost
from mailsync.extract.process import ChildProcess
from mailsync.message.facts import ParsedMessage
from mailsync.message.parse import parse_message
from mailsync.models import Folder, Message, MessageText, RawMessage
from mailsync.store import bodies, leases
from mailsync.store.summary import lock_folders
from mailsync.types import FetchedMessage
from tests.factories import START, make_account, raw_message
from tests.fakes import PullServer

PATIENCE = 20.0


@pytest.mark.django_db(transaction=True)
def test_two_are_worked_on_at_a_time_and_come_out_in_order() -> None:
    both = threading.Barrier(2)
    seen: set[int] = set()

    def work(item: int) -> int:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_backend_pid()")
            row = cursor.fetchone()
        assert row is not None
        seen.add(row[0])
        both.wait(PATIENCE)
        return item * 10

    assert list(abreast(work, range(8), width=2)) == [item * 10 for item in range(8)]
    with connection.cursor() as cursor:
        assert len(seen) == 2, "each thread keeps its connection"
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE pid = ANY(%s) AND state <> 'idle'", [list(seen)])
        assert cursor.fetchone() == (0,)


@pytest.mark.django_db(transaction=True)
def test_what_must_be_alone_has_nothing_beside_it_and_keeps_its_place() -> None:
    running: set[int] = set()
    beside: dict[int, set[int]] = {}

    def work(item: int) -> int:
        running.add(item)
        beside[item] = running - {item}
        if item == 3:
            assert threading.current_thread() is threading.main_thread()
        running.discard(item)
        return item

    assert list(abreast(work, range(6), width=2, alone=lambda item: item == 3)) == list(range(6))
    assert beside[3] == set()


@pytest.mark.django_db(transaction=True)
def test_an_error_is_raised_and_what_had_begun_is_finished() -> None:
    both = threading.Barrier(2)
    done: list[int] = []

    def work(item: int) -> int:
        both.wait(PATIENCE)
        if item == 0:
            raise ValueError("the first")
        done.append(item)
        return item

    with pytest.raises(ValueError, match="the first"):
        list(abreast(work, iter(range(10)), width=2))
    assert done == [1]


@pytest.mark.django_db
def test_inside_a_transaction_the_work_stays_in_it() -> None:
    threads = list(abreast(lambda _: threading.current_thread(), range(3), width=2))
    assert set(threads) == {threading.current_thread()}


def _arrived(uid: int) -> tuple[FetchedMessage, ParsedMessage]:
    raw = raw_message(f"Letter {uid}", f"Text {uid}", Message_ID=f"<{uid}@x>")
    return FetchedMessage(uid, raw, START, flags=None), parse_message(raw)


@pytest.fixture
def server() -> PullServer:
    server = PullServer()
    for number in range(1, 131):
        server.boxes["INBOX"].add(
            raw_message(f"Letter {number}", f"Text {number}\r\n" * 20, Message_ID=f"<{number}@x>")
        )
    return server


@pytest.mark.django_db(transaction=True)
def test_a_mailbox_filled_side_by_side_has_each_message_once(server: PullServer) -> None:
    account = make_account()
    _pull_all(account.pk, server)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(DISTINCT xmin::text) FROM mailsync_rawmessage")
        (commits,) = cursor.fetchone() or (0,)
    assert commits > 1, "more than one batch"
    assert Message.objects.filter(account=account, raw__isnull=False).count() == 130
    assert RawMessage.objects.filter(account=account).count() == 130
    assert MessageText.objects.filter(account=account, complete=True).count() == 130
    assert Folder.objects.get(account=account, role="inbox").bodies_pending == 0


@pytest.mark.django_db(transaction=True)
def test_headers_and_bodies_are_read_by_another_process_while_those_before_are_stored(
    server: PullServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    threads: dict[str, set[str]] = {}

    def noting(room: object, name: str) -> None:
        real = getattr(room, name)

        def noted(*given: object) -> object:
            threads.setdefault(name, set()).add(threading.current_thread().name.partition("_")[0])
            return real(*given)

        monkeypatch.setattr(room, name, noted)

    noting(ChildProcess, "receive")
    for name in ("record_headers", "record_bodies"):
        noting(record, name)
    # With these the messages would be read here.
    monkeypatch.setattr("mailsync.extract.reader._READS", {})
    monkeypatch.setattr("mailsync.engine.folder_pull.INLINE_BODIES", 0)
    monkeypatch.setattr("mailsync.plan.pull.FIRST_CHUNK", 60)
    _pull_all(make_account().pk, server)
    assert threads == {
        "receive": {"ahead"},
        "record_headers": {threading.current_thread().name},
        "record_bodies": {"abreast"},
    }
    assert Message.objects.filter(raw__isnull=False).count() == 130


@pytest.mark.django_db
def test_a_small_mailbox_begins_no_process(monkeypatch: pytest.MonkeyPatch) -> None:
    server = PullServer()
    for path, count in (("INBOX", 20), ("Sent", 3)):
        for n in range(count):
            server.boxes[path].add(raw_message(f"{path} {n}", Message_ID=f"<{path}{n}@x>"))
    asked: list[object] = []
    monkeypatch.setattr(ChildProcess, "send", lambda *given: asked.append(given))
    monkeypatch.setattr(ChildProcess, "receive", lambda _self: asked.append("receive"))
    _pull_all(make_account().pk, server)
    assert asked == []
    assert Message.objects.filter(raw__isnull=False).count() == 23


def _pull_all(account_id: int, server: PullServer) -> None:
    for work in (pull_account, pull_bodies):
        while work(account_id, connect=server.opener) is Outcome.MORE:
            continue


@pytest.fixture
def waiting_folder(server: PullServer, monkeypatch: pytest.MonkeyPatch) -> Folder:
    """The inbox with its headers, without a body."""
    monkeypatch.setattr("mailsync.engine.folder_pull.INLINE_BODIES", 0)
    account = make_account()
    while pull_account(account.pk, connect=server.opener) is Outcome.MORE:
        continue
    assert not RawMessage.objects.filter(account=account).exists()
    return Folder.objects.get(account=account, role="inbox")


@pytest.mark.django_db(transaction=True)
def test_while_one_batch_has_the_folder_the_next_has_its_bytes_in(waiting_folder: Folder) -> None:
    folder = waiting_folder
    lease = leases.claim(folder.account_id, "bodies")
    assert lease is not None
    batch = bodies.BodyBatch(folder.pk, folder.epoch, [1, 2], [_arrived(1), _arrived(2)])
    intake: list[bodies.BodyIntake] = []

    def store() -> None:
        try:
            intake.append(bodies.record_bodies(lease, batch))
        finally:
            connection.close()

    other = threading.Thread(target=store)
    with transaction.atomic():
        lock_folders([folder.pk])
        other.start()
        _wait_for_one_that_waits()
        # Not committed, so not to be seen; but written, and the lease can be prolonged meanwhile.
        assert not RawMessage.objects.exists()
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_relation_size('mailsync_rawmessage'::regclass) > 0")
            assert cursor.fetchone() == (True,)
            cursor.execute("SET LOCAL lock_timeout = '5s'")
        leases.heartbeat(lease)
    other.join(PATIENCE)
    assert len(intake[0].stored) == 2
    assert RawMessage.objects.count() == 2


def _wait_for_one_that_waits() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            DO $$ BEGIN
                FOR turn IN 1..400 LOOP
                    PERFORM pg_stat_clear_snapshot();
                    IF EXISTS (SELECT FROM pg_stat_activity
                                WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))
                                  AND query LIKE '%mailsync_folder%FOR NO KEY UPDATE') THEN RETURN; END IF;
                    PERFORM pg_sleep(0.05);
                END LOOP;
                RAISE EXCEPTION 'nobody waits for the folder';
            END $$
            """
        )


@pytest.mark.django_db(transaction=True)
def test_bytes_that_no_message_wants_are_not_kept(waiting_folder: Folder) -> None:
    folder = waiting_folder
    lease = leases.claim(folder.account_id, "bodies")
    assert lease is not None
    batch = bodies.BodyBatch(folder.pk, folder.epoch, [1, 999], [_arrived(1), _arrived(999)])
    assert len(bodies.record_bodies(lease, batch).stored) == 1
    assert RawMessage.objects.count() == 1
    # The same again, as after a kill: nothing is doubled, nothing taken away.
    assert bodies.record_bodies(lease, batch).stored == ()
    assert RawMessage.objects.count() == 1
    assert Message.objects.filter(raw__isnull=False).count() == 1


@pytest.mark.django_db(transaction=True)
def test_who_has_lost_the_lane_keeps_no_bytes(waiting_folder: Folder) -> None:
    folder = waiting_folder
    stale = leases.claim(folder.account_id, "bodies", seconds=-1)
    assert stale is not None
    assert leases.claim(folder.account_id, "bodies") is not None
    batch = bodies.BodyBatch(folder.pk, folder.epoch, [1], [_arrived(1)])
    with pytest.raises(LeaseLost):
        bodies.record_bodies(stale, batch)
    assert not RawMessage.objects.exists()
    assert not Message.objects.filter(raw__isnull=False).exists()
