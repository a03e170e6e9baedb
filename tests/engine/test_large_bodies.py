"""Messages that a line cannot bring in one go: in pieces, over slices, kills and breaks, through little memory."""

import tracemalloc
from collections.abc import Iterator, Sequence

import pytest

from accounts.models import MailAccount
from mailsync.engine import fetch
from mailsync.engine.pace import Pace
from mailsync.engine.pull import Outcome, fetch_message, pull_account, pull_bodies
from mailsync.engine.session import Session
from mailsync.models import BodyPiece, Folder, Hole, Message
from mailsync.store import leases, pieces
from mailsync.store.raw import read_raw
from mailsync.types import FetchedMessage, FetchedPiece
from tests.factories import START, make_account, raw_message
from tests.fakes import Killed, PullServer, PullSource

pytestmark = pytest.mark.django_db

PIECE = 300
LARGE = raw_message("Large", "".join(f"Line {n} of many\r\n" for n in range(100)), Message_ID="<large@x>")


@pytest.fixture
def account() -> MailAccount:
    return make_account()


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is large on a slow line, made small."""
    for name, value in (("_LEAST_BYTES", 1000), ("_WHOLE_BYTES", 1000)):
        monkeypatch.setattr(f"mailsync.engine.pace.{name}", value)
    for name in ("_LEAST_PIECE_BYTES", "_MOST_PIECE_BYTES"):
        monkeypatch.setattr(f"mailsync.engine.pace.{name}", PIECE)
    monkeypatch.setattr("mailsync.engine.folder_pull.INLINE_BYTES", 1000)


class Line(PullServer):
    """Notes at which offset each piece is asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[int] = []
        self.add("Small one", b"")
        self.boxes["INBOX"].add(LARGE)
        self.add("Small two", b"")

    def add(self, subject: str, _body: bytes) -> None:
        self.boxes["INBOX"].add(raw_message(subject, Message_ID=f"<{subject.replace(' ', '')}@x>"))

    def opener(self, _account: object):  # type: ignore[no-untyped-def]
        return lambda: NotingSource(self)


class NotingSource(PullSource):
    server: Line

    def fetch_piece(self, uid: int, at: int, length: int, *, size_bytes: int) -> FetchedPiece | None:
        self.server.asked.append(at)
        return super().fetch_piece(uid, at, length, size_bytes=size_bytes)


def large() -> Message:
    return Message.objects.get(subject="Large")


def test_small_ones_come_first_and_the_large_one_in_pieces(account: MailAccount, small_pieces: None) -> None:
    server = Line()
    pull_account(account.pk, connect=server.opener)
    assert pull_bodies(account.pk, connect=server.opener) is Outcome.DONE
    assert server.asked == list(range(0, len(LARGE), PIECE))
    assert read_raw(large()) == LARGE
    assert large().preview.startswith("Line 0 of many")
    assert not Message.objects.filter(raw=None).exists()
    assert not BodyPiece.objects.exists()


def test_a_slice_that_ends_loses_no_piece(
    account: MailAccount, small_pieces: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Line()
    pull_account(account.pk, connect=server.opener)
    monkeypatch.setattr(Session, "is_over", property(lambda session: True))
    outcomes = []
    while not outcomes or outcomes[-1] is Outcome.MORE:
        outcomes.append(pull_bodies(account.pk, connect=server.opener))
        assert len(outcomes) < 50, "it never ends"
    assert read_raw(large()) == LARGE
    assert len(outcomes) >= len(LARGE) // PIECE


def test_killed_anywhere_it_goes_on_where_it_was(account: MailAccount, small_pieces: None) -> None:
    server = Line()
    pull_account(account.pk, connect=server.opener)
    for _ in range(50):
        server.asked.clear()
        kept = sum(len(piece.data) for piece in BodyPiece.objects.all())
        server.kill_at = server.steps + 5
        try:
            pull_bodies(account.pk, connect=server.opener)
        except Killed:
            leases.Lease.objects.update(until=START)
            assert not server.asked or server.asked[0] == kept
        else:
            break
    assert read_raw(large()) == LARGE
    assert Message.objects.filter(subject="Large").count() == 1
    assert not BodyPiece.objects.exists()


def test_a_line_that_breaks_twice_at_one_place_makes_a_hole_and_keeps_what_came(
    account: MailAccount, small_pieces: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Line()
    pull_account(account.pk, connect=server.opener)
    real = NotingSource.fetch_piece

    def breaking(self: NotingSource, uid: int, at: int, length: int, *, size_bytes: int) -> FetchedPiece | None:
        if at >= 2 * PIECE:
            server.lethal.add(uid)
        return real(self, uid, at, length, size_bytes=size_bytes)

    monkeypatch.setattr(NotingSource, "fetch_piece", breaking)
    pull_bodies(account.pk, connect=server.opener)
    assert server.asked == [0, PIECE, 2 * PIECE, 2 * PIECE]
    assert Hole.objects.get().reason == "The connection broke."
    assert Message.objects.filter(raw=None).count() == 1
    monkeypatch.undo()
    server.lethal.clear()
    Hole.objects.all().delete()
    Folder.objects.filter(path="INBOX").update(bodies_pending=1)
    server.asked.clear()
    monkeypatch.setattr("mailsync.engine.pace._WHOLE_BYTES", 1000)
    pull_bodies(account.pk, connect=server.opener)
    assert server.asked[0] == 2 * PIECE
    assert read_raw(large()) == LARGE


def test_a_body_that_is_not_given_is_a_hole(account: MailAccount, small_pieces: None) -> None:
    server = Line()
    pull_account(account.pk, connect=server.opener)
    server.lost.add(2)
    pull_bodies(account.pk, connect=server.opener)
    assert Hole.objects.get().uid == 2


def test_two_lanes_never_mix_their_pieces(account: MailAccount, small_pieces: None) -> None:
    server = Line()
    pull_account(account.pk, connect=server.opener)
    inbox = Folder.objects.get(path="INBOX")
    lease = leases.claim(account.pk, "bodies")
    assert lease is not None

    def piece(at: int) -> FetchedPiece:
        return FetchedPiece(2, at, LARGE[at : at + PIECE], is_last=False, internal_date=START)

    assert pieces.keep_piece(lease, inbox.pk, inbox.epoch, piece(0))
    assert not pieces.keep_piece(lease, inbox.pk, inbox.epoch, piece(0))
    assert not pieces.keep_piece(lease, inbox.pk, inbox.epoch, piece(2 * PIECE))
    assert pieces.have_bytes(inbox, 2) == PIECE
    # Whoever opens the message goes on from there.
    fetch_message(large().pk, connect=server.opener)
    assert server.asked[0] == PIECE
    assert read_raw(large()) == LARGE


def test_a_message_passes_through_memory_about_once(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_LEAST_PIECE_BYTES", "_MOST_PIECE_BYTES"):
        monkeypatch.setattr(f"mailsync.engine.pace.{name}", 400_000)
    server = PullServer()
    body = b"\r\n".join([b"QUJD" * 19] * 260_000)
    raw = (
        b"Message-ID: <huge@x>\r\nSubject: Huge\r\nMIME-Version: 1.0\r\nContent-Type: application/pdf\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\n" + body
    )
    assert len(raw) > 2 * fetch.BATCH_BYTES
    server.boxes["INBOX"].add(raw)
    pull_account(account.pk, connect=server.opener)
    tracemalloc.start()
    try:
        pull_bodies(account.pk, connect=server.opener)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    message = Message.objects.get(subject="Huge")
    assert message.raw is not None
    assert message.raw.size_bytes == len(raw)
    assert read_raw(message) == raw
    assert peak < 1.6 * len(raw)


class Clock:
    now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.mark.parametrize(("bytes_per_second", "largest_batch"), [(20_000, 10), (50_000_000, 25)])
def test_a_slow_line_is_asked_for_little_at_once(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch, bytes_per_second: int, largest_batch: int
) -> None:
    clock, asked = Clock(), []
    real = PullSource.fetch_messages

    def slow(self: PullSource, uids: Sequence[int], *, sizes: dict[int, int] | None = None) -> Iterator[FetchedMessage]:
        asked.append(len(uids))
        for message in real(self, uids, sizes=sizes):
            clock.now += len(message.raw) / bytes_per_second
            yield message

    monkeypatch.setattr(fetch, "time", clock)
    monkeypatch.setattr(PullSource, "fetch_messages", slow)
    server = PullServer()
    for n in range(35):
        server.boxes["INBOX"].add(raw_message(f"N{n}", "x" * 78 + "\r\n", Message_ID=f"<n{n}@x>") + b"y" * 100_000)
    monkeypatch.setattr("mailsync.engine.folder_pull.INLINE_BODIES", 0)
    pull_account(account.pk, connect=server.opener)
    pull_bodies(account.pk, connect=server.opener)
    assert not Message.objects.filter(raw=None).exists()
    assert (asked[0], max(asked), sum(asked)) == (10, largest_batch, 35)


@pytest.mark.parametrize(
    ("size_bytes", "seconds", "group", "whole", "piece"),
    [
        (10, 1.0, 1_048_576, 1_048_576, 262_144),  # tells nothing
        (200_000, 20.0, 1_048_576, 1_048_576, 262_144),  # 10 kB/s
        (1_000_000, 10.0, 3_000_000, 1_500_000, 1_000_000),  # 100 kB/s
        (8_000_000, 0.0, 67_108_864, 10_485_760, 1_048_576),  # as fast as it gets
    ],
)
def test_pace(size_bytes: int, seconds: float, group: int, whole: int, piece: int) -> None:
    pace = Pace()
    pace.note(size_bytes, seconds)
    assert (pace.group_bytes, pace.whole_bytes, pace.piece_bytes) == (group, whole, piece)
