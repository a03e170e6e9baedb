"""The watcher over many TLS connections, and where IDLE fails: a line that dies in silence, a server without IDLE."""

import gc
import os
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connections
from django.utils import timezone

from accounts.models import MailAccount
from mailsync.engine.connect import incoming_settings
from mailsync.engine.watch import Watcher
from mailsync.models import AccountSync, Folder
from mailsync.protocol import imap
from mailsync.store import schedule
from tests.factories import make_account, make_folder
from tests.servers.certificates import Certificates
from tests.servers.idling import IdlingServer

pytestmark = pytest.mark.django_db(transaction=True)

_KNOWN = {"uidvalidity": 1, "uidnext_seen": 4, "highestmodseq": 3, "exists_seen": 3, "header_cursor": 1}


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.02)


@pytest.fixture
def server(certificates: Certificates) -> Iterator[IdlingServer]:
    server = IdlingServer(certificates.server_context())
    server.start()
    yield server
    server.stop()


@pytest.fixture
def watch(certificates: Certificates) -> Iterator[Callable[..., "Running"]]:
    running: list[Running] = []

    def start(**options: object) -> Running:
        running.append(Running(certificates, **options))
        return running[-1]

    yield start
    for one in running:
        one.stop.set()
        one.thread.join(20)
        assert not one.thread.is_alive()


class Running:
    """A watcher in a thread; ``heard`` are the folders that became due, in order."""

    def __init__(self, certificates: Certificates, *, timeout_seconds: float = 20, **options: object) -> None:
        def dial(account: MailAccount) -> Callable[[], imap.ImapSource]:
            settings = replace(
                incoming_settings(account), ca_file=certificates.ca_file, timeout_seconds=timeout_seconds
            )
            return lambda: imap.connect(settings)

        self.heard: list[int] = []
        self.stop = threading.Event()
        self.watcher = Watcher(news=self.heard.append, look_seconds=0.1, dial=dial, **options)  # type: ignore[arg-type]
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            self.watcher.run(self.stop)
        finally:
            connections.close_all()

    def idle(self) -> int:
        return sum(line.source is not None and not line.busy for line in list(self.watcher.lines.values()))


def inbox_at(server: IdlingServer, name: str) -> Folder:
    account = make_account(host="localhost", port=server.port, security="tls", username=name, address=f"{name}@x.test")
    return make_folder(account, **_KNOWN)


def test_an_arrival_on_any_of_many_is_heard_and_no_other(server: IdlingServer, watch: Callable[..., "Running"]) -> None:
    inboxes = [inbox_at(server, f"box{n}") for n in range(40)]
    running = watch()
    wait_for(lambda: running.idle() == len(inboxes))
    for place in (39, 0, 17):
        server.arrive(f"box{place}")
        wait_for(lambda: inboxes[place].pk in running.heard)  # noqa: B023 (waited for here)
    assert running.heard == [inboxes[place].pk for place in (39, 0, 17)]
    assert running.idle() == len(inboxes)


def test_a_loop_that_goes_round_shows_it(watch: Callable[..., "Running"], tmp_path: Path) -> None:
    alive = tmp_path / "alive"
    watch(alive=alive)
    wait_for(alive.exists)
    os.utime(alive, (0, 0))
    wait_for(lambda: alive.stat().st_mtime > 0)


def test_an_idle_line_keeps_little(server: IdlingServer, watch: Callable[..., "Running"]) -> None:
    for n in range(5):
        inbox_at(server, f"box{n}")
    running = watch()
    wait_for(lambda: running.idle() == 5)
    gc.collect()
    for line in running.watcher.lines.values():
        assert line.source is not None
        wire = line.source._session.wire
        assert not wire.responses
        assert not wire.untagged_responses
        assert len(wire._pending) == 0
        assert sum(map(len, line.source.transcript)) < 5000


def test_a_line_that_died_in_silence_is_found_and_what_came_meanwhile_is_told(
    server: IdlingServer, watch: Callable[..., "Running"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailsync.engine.watch._FIRST_WAIT", 0.1)
    inbox = inbox_at(server, "box")
    running = watch(renew_seconds=(1.0, 1.2), timeout_seconds=1.5)
    wait_for(lambda: running.idle() == 1)
    server.silence("box")
    server.arrive("box")
    wait_for(lambda: running.heard == [inbox.pk])
    wait_for(lambda: running.idle() == 1)
    assert server.boxes["box"].logins >= 2
    # The new line hears as the old one did.
    Folder.objects.filter(pk=inbox.pk).update(due_at=None)
    server.arrive("box")
    wait_for(lambda: len(running.heard) >= 2)


def test_a_server_without_idle_is_left_to_polling(
    certificates: Certificates, watch: Callable[..., "Running"], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mailsync.engine.watch.STAMP_SECONDS", 0.1)
    server = IdlingServer(certificates.server_context(), capabilities="IMAP4rev1 UIDPLUS")
    server.start()
    try:
        inbox = inbox_at(server, "box")
        running = watch()
        wait_for(lambda: any(line.failures for line in running.watcher.lines.values()))
        (line,) = running.watcher.lines.values()
        # Not asked again for an hour, never stamped as watched, and so polled as often as any.
        assert line.source is None
        assert line.due > time.monotonic() + 1800
        AccountSync.objects.filter(account=inbox.account_id).update(active_at=timezone.now())
        schedule.record_success(inbox.account_id)
        sync = AccountSync.objects.get(account=inbox.account_id)
        assert sync.watched_at is None
        assert sync.due_at is not None
        assert sync.due_at < timezone.now() + timedelta(seconds=1.2 * schedule.ACTIVE)
    finally:
        server.stop()
