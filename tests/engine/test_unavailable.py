"""What a server cannot do just now: one folder, one message, or anything at all."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.errors import MailError, Rejected, TryLater, TryNow, Unavailable
from mailsync.models import AccountSync, Folder, Hole, Message
from mailsync.store.tree import load_tree
from mailsync.types import FetchedHeader, RemoteFolder, SelectedFolder
from tests.engine.filled import filled, inbox
from tests.engine.in_step import assert_in_step, pull
from tests.factories import make_account, raw_message
from tests.fakes import PullServer, PullSource

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    return make_account()


def test_a_folder_that_was_given_up_is_asked_again_by_itself(account: MailAccount) -> None:
    server = filled()
    pull(account, server)
    server.boxes["Sent"].add(raw_message("Sent"))
    Folder.objects.filter(path="Sent").update(parked_at=timezone.now(), failures=5, last_error="no")
    pull(account, server)
    assert Folder.objects.get(path="Sent").total == 0
    Folder.objects.filter(path="Sent").update(parked_at=timezone.now() - timedelta(hours=2))
    refused: list[str] = ["Sent"]
    _shut(server, refused, Rejected("The folder cannot be opened.", code="NOPERM"))
    assert pull_account(account.pk, connect=server.opener) is Outcome.DONE
    sent = Folder.objects.get(path="Sent")
    assert sent.parked_at is not None
    assert timezone.now() - sent.parked_at < timedelta(minutes=1)
    refused.clear()
    Folder.objects.filter(path="Sent").update(parked_at=timezone.now() - timedelta(hours=2))
    pull(account, server)
    assert_in_step(account, server)
    assert not Folder.objects.exclude(parked_at=None, failures=0).exists()


def test_a_folder_that_cannot_be_read_just_now_holds_up_no_other(account: MailAccount) -> None:
    """Seen in practice: NO [SERVERBUG] of Dovecot for one folder whose index is broken, for days."""
    server = filled()
    for path in ("Archive", "Sent"):
        server.boxes[path].add(raw_message(path))
    shut: list[str] = ["INBOX"]
    _shut(server, shut, Unavailable("The mail server cannot do this just now."))
    for _ in range(7):
        assert pull_account(account.pk, connect=server.opener) is Outcome.DONE
    assert pull_bodies(account.pk, connect=server.opener) is Outcome.DONE
    assert Message.objects.filter(raw__isnull=False).count() == 2
    assert AccountSync.objects.get(account=account).failures == 0
    assert (inbox().parked_at, inbox().failures) == (None, 7)
    # Of the inbox its owner is told.
    entry = load_tree(account.user_id)[0]
    assert (entry.health, entry.health_text) == ("failing", "The mail server cannot do this just now.")
    shut.clear()
    pull(account, server)
    assert_in_step(account, server)
    assert load_tree(account.user_id)[0].health == "ok"


@pytest.mark.parametrize("error", [TryLater("The server did not answer."), TryNow("The connection broke.")])
def test_a_folder_at_which_the_line_always_ends_comes_last(account: MailAccount, error: MailError) -> None:
    """Seen in practice: a virtual folder that takes minutes to open, one whose index crashes its server's process."""
    server = filled()
    for path in ("Archive", "Sent"):
        server.boxes[path].add(raw_message(path))
    shut: list[str] = ["INBOX"]
    _shut(server, shut, error)
    for _ in range(4):
        assert pull_account(account.pk, connect=server.opener) is Outcome.FAILED
    assert set(Folder.objects.filter(total=1).values_list("path", flat=True)) == {"Archive", "Sent"}
    assert inbox().parked_at is None
    shut.clear()
    pull(account, server)
    assert_in_step(account, server)
    assert inbox().failures == 0


@pytest.mark.parametrize("what", ["headers", "bodies"])
def test_a_message_that_cannot_be_given_just_now_is_a_hole(account: MailAccount, what: str) -> None:
    """Seen in practice: NO Server Unavailable. 15 of Exchange, for one message of a folder and for good."""
    server = filled(8)
    if what == "bodies":
        pull_account(account.pk, connect=server.opener)
    busy, real = Unavailable("The mail server cannot do this just now."), server.connect

    def connect(given: object) -> PullSource:
        source = real(given)
        for name in ("fetch_headers", "fetch_messages"):
            setattr(source, name, without_three(getattr(source, name)))
        return source

    def without_three(fetch: Any) -> Any:
        def fetch_others(uids: Sequence[int], **more: object) -> Any:
            if 3 in uids:
                raise busy
            return fetch(uids, **more)

        return fetch_others

    server.connect = connect  # type: ignore[method-assign]
    for work in (pull_account, pull_bodies):
        assert work(account.pk, connect=server.opener) is Outcome.DONE
    assert Message.objects.filter(raw__isnull=False).count() == 7
    assert Hole.objects.get().uid == 3
    server.connect = real  # type: ignore[method-assign]
    Hole.objects.update(next_try_at=timezone.now() - timedelta(days=1))  # now() is when the transaction began
    pull(account, server)
    assert_in_step(account, server)


def test_a_server_that_can_give_nothing_just_now_makes_no_holes(account: MailAccount) -> None:
    server = filled(40)
    real, asked = server.connect, []

    def connect(given: object) -> PullSource:
        source = real(given)

        def fetch(uids: Sequence[int]) -> Iterator[FetchedHeader]:
            asked.append(len(uids))
            raise Unavailable("The mail server cannot do this just now.")

        source.fetch_headers = fetch  # type: ignore[assignment, method-assign]
        return source

    server.connect = connect  # type: ignore[method-assign]
    assert pull_account(account.pk, connect=server.opener) is Outcome.DONE
    assert not Hole.objects.exists()
    assert len(asked) < 40
    server.connect = real  # type: ignore[method-assign]
    pull(account, server)
    assert_in_step(account, server)


def _shut(server: PullServer, paths: list[str], error: MailError) -> None:
    """From now on these folders do not open."""
    real = server.connect

    def connect(given: object) -> PullSource:
        source = real(given)
        select = source.select

        def refuse(folder: RemoteFolder, **more: Any) -> SelectedFolder:
            if folder.path in paths:
                raise error
            return select(folder, **more)

        source.select = refuse  # type: ignore[method-assign]
        return source

    server.connect = connect  # type: ignore[method-assign]
