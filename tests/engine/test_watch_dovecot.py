"""The watcher on a real Dovecot: an arrival is noticed at once; lines come back; accounts come and go."""

import threading
import time
from collections.abc import Callable, Iterator

import pytest

from accounts.models import MailAccount
from mailsync.engine.pull import pull_account
from mailsync.engine.watch import Watcher
from mailsync.models import AccountSync, Folder
from tests.engine.boxes import dovecot_account
from tests.factories import raw_message
from tests.servers.dovecot import Dovecot, Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]


def wait_for(condition: Callable[[], bool], seconds: float = 10.0) -> float:
    """Seconds until the condition held; fails when it never did."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < seconds, "waited in vain"
        time.sleep(0.02)
    return time.monotonic() - began


class Running:
    def __init__(self, **options: object) -> None:
        self.heard: list[int] = []
        self.stop = threading.Event()
        self.watcher = Watcher(news=self.heard.append, look_seconds=0.1, **options)  # type: ignore[arg-type]
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        from django.db import connections

        try:
            self.watcher.run(self.stop)
        finally:
            connections.close_all()

    def idle_on(self, account: MailAccount) -> bool:
        line = self.watcher.lines.get(account.pk)
        return line is not None and line.source is not None and not line.busy

    def end(self) -> None:
        self.stop.set()
        self.thread.join(timeout=20)
        assert not self.thread.is_alive()


@pytest.fixture
def start() -> Iterator[Callable[..., Running]]:
    running: list[Running] = []

    def make(**options: object) -> Running:
        running.append(Running(**options))
        return running[-1]

    yield make
    for one in running:
        one.end()


def test_an_arrival_makes_the_folder_due_within_a_second(mailbox: Mailbox, start: Callable[..., Running]) -> None:
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    inbox = Folder.objects.get(account=account, role="inbox")
    running = start()
    wait_for(lambda: running.idle_on(account))
    assert running.heard == []
    mailbox.deliver(raw_message("Ring"))
    assert wait_for(lambda: running.heard == [inbox.pk]) < 1.5
    inbox.refresh_from_db()
    assert inbox.due_at is not None
    # More news before the pull adds no second hint.
    mailbox.deliver(raw_message("Ring again"))
    time.sleep(0.5)
    assert running.heard == [inbox.pk]


def test_what_came_while_nobody_watched_is_told_at_once(mailbox: Mailbox, start: Callable[..., Running]) -> None:
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    mailbox.deliver(raw_message("Early"))
    running = start()
    wait_for(lambda: len(running.heard) == 1)


def test_flags_set_while_nobody_watched_are_told_at_once(mailbox: Mailbox, start: Callable[..., Running]) -> None:
    mailbox.deliver(raw_message("Read elsewhere"))
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    with mailbox.client("INBOX") as other:
        other.uid("STORE", "1", "+FLAGS", "(\\Seen)")
    running = start()
    wait_for(lambda: len(running.heard) == 1)


def test_idle_is_renewed_and_goes_on(mailbox: Mailbox, start: Callable[..., Running]) -> None:
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    running = start(renew_seconds=(0.2, 0.3))
    wait_for(lambda: running.idle_on(account))
    time.sleep(1)
    mailbox.deliver(raw_message("After renewals"))
    wait_for(lambda: len(running.heard) == 1)


def test_accounts_come_and_go(dovecot: Dovecot, start: Callable[..., Running]) -> None:
    first = dovecot_account(dovecot.add_user())
    pull_account(first.pk)
    running = start()
    wait_for(lambda: running.idle_on(first))
    second = dovecot_account(dovecot.add_user())
    pull_account(second.pk)
    wait_for(lambda: running.idle_on(second))
    MailAccount.objects.filter(pk=first.pk).update(state="paused")
    wait_for(lambda: first.pk not in running.watcher.lines)
    assert running.idle_on(second)


def test_the_stamp_says_which_accounts_are_watched(
    mailbox: Mailbox, start: Callable[..., Running], monkeypatch
) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr("mailsync.engine.watch.STAMP_SECONDS", 0.1)
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    start()
    wait_for(lambda: AccountSync.objects.get(account=account).watched_at is not None)


def test_a_refused_login_is_not_tried_again_at_once(mailbox: Mailbox, start: Callable[..., Running]) -> None:
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    MailAccount.objects.filter(pk=account.pk).update(username="nobody@example.test")
    running = start()
    wait_for(lambda: account.pk in running.watcher.lines and running.watcher.lines[account.pk].failures == 1)
    time.sleep(0.5)
    assert running.watcher.lines[account.pk].failures == 1
