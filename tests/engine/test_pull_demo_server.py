"""Pulling from the demo's mail server: a plain IMAP4rev1 server with neither CONDSTORE nor UIDPLUS."""

import smtplib
import threading
import time
from pathlib import Path

import pytest
from django.db import connections

from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.engine.watch import Watcher
from mailsync.models import Folder, Message, Placement
from tests.factories import make_account, raw_message
from tests.onebox.test_mailserver import ANNA, NOOR, mail_server

pytestmark = pytest.mark.django_db(transaction=True)


def send(port: int, raw: bytes) -> None:
    with smtplib.SMTP("127.0.0.1", port) as client:
        client.login(ANNA, "pw")
        client.sendmail(ANNA, [NOOR], raw)


def test_mail_comes_and_its_arrival_is_heard(tmp_path: Path) -> None:
    with mail_server(tmp_path) as (imap, smtp):
        for n in range(3):
            send(smtp, raw_message(f"Letter {n}"))
        account = make_account(username=NOOR, address=NOOR, host="127.0.0.1", port=imap, password="pw")
        assert pull_account(account.pk) is Outcome.DONE
        assert pull_bodies(account.pk) is Outcome.DONE
        inbox = Folder.objects.get(account=account, role="inbox")
        assert (inbox.total, inbox.unread, inbox.bodies_pending) == (3, 3, 0)
        assert Message.objects.filter(raw__isnull=True).count() == 0
        assert pull_account(account.pk) is Outcome.DONE
        assert Placement.objects.filter(folder=inbox).count() == 3

        heard: list[int] = []
        stop = threading.Event()
        watcher = Watcher(news=heard.append, look_seconds=0.1)

        def watch() -> None:
            try:
                watcher.run(stop)
            finally:
                connections.close_all()

        thread = threading.Thread(target=watch)
        thread.start()
        try:
            deadline = time.monotonic() + 20
            while not any(line.source is not None and not line.busy for line in list(watcher.lines.values())):
                assert time.monotonic() < deadline, "the inbox is not watched"
                time.sleep(0.05)
            send(smtp, raw_message("Ring"))
            while not heard:
                assert time.monotonic() < deadline, "the arrival was not heard"
                time.sleep(0.05)
        finally:
            stop.set()
            thread.join()
        assert pull_account(account.pk) is Outcome.DONE
        assert Message.objects.get(subject="Ring").raw_id is not None
