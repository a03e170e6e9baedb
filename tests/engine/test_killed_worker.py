"""kill -9 of a real worker process in the middle of the first pull: after a restart every message is there once."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable

import pytest
from django.db import connection

from accounts.models import MailAccount
from mailsync.engine.pull import Outcome, pull_account, pull_bodies
from mailsync.models import Folder, Lease, Message, Placement, RawMessage
from mailsync.store.audit import recount, recount_sums
from mailsync.store.leases import release_dead
from tests.engine.boxes import dovecot_account
from tests.factories import raw_message
from tests.servers.dovecot import Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]

COUNT = 1500
#: What a Celery worker runs, in a process of its own; small chunks, so that there is a middle to be killed in.
WORKER = """
import os, sys
import django
from django.conf import settings
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[2]
from mailsync import tasks
from mailsync.engine import fetch
from mailsync.plan import pull
pull.FIRST_CHUNK, pull.CHUNK, fetch.BATCH_COUNT = 100, 100, 20
print("ready", flush=True)
{work}
"""
WORKS = {
    "headers": "tasks.pull.pull_account(int(sys.argv[1]))",
    "bodies": "tasks.pull.pull_account(int(sys.argv[1])); tasks.pull.pull_bodies(int(sys.argv[1]))",
}


@pytest.fixture
def account(mailbox: Mailbox) -> MailAccount:
    mailbox.append_many([raw_message(f"Message {n}", f"Body {n}\r\n" * 20) for n in range(COUNT)])
    return dovecot_account(mailbox)


def start(account: MailAccount, what: str) -> subprocess.Popen[str]:
    name = str(connection.settings_dict["NAME"])
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER.format(work=WORKS[what]), str(account.pk), name],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def kill_when(process: subprocess.Popen[str], condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert process.poll() is None, "the worker ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert process.stdout is not None
    process.stdout.close()


def finish(account: MailAccount) -> None:
    for work in (pull_account, pull_bodies):
        outcome = Outcome.MORE
        while outcome is Outcome.MORE:
            outcome = work(account.pk)
        assert outcome in (Outcome.DONE, Outcome.IDLE)


def test_every_message_is_there_exactly_once(mailbox: Mailbox, account: MailAccount) -> None:
    worker = start(account, "headers")
    kill_when(worker, lambda: 0 < Placement.objects.count() < COUNT)
    after_first = Placement.objects.count()
    assert 0 < after_first < COUNT

    # The dead worker's lane is not free by itself yet; the next one frees it, as its process is no more.
    assert Lease.objects.filter(lane="pull").exists()
    assert pull_account(account.pk) is Outcome.BUSY
    assert release_dead() == 1

    worker = start(account, "bodies")
    kill_when(worker, lambda: 0 < RawMessage.objects.count() < COUNT)
    assert RawMessage.objects.count() < COUNT
    release_dead()
    finish(account)

    inbox = Folder.objects.get(account=account, role="inbox")
    uids = Placement.objects.filter(folder=inbox, shown=True).values_list("uid", flat=True)
    assert sorted(uids) == list(range(1, COUNT + 1))
    subjects = Counter(Message.objects.values_list("subject", flat=True))
    assert subjects == Counter(f"Message {n}" for n in range(COUNT))
    assert Message.objects.filter(raw__isnull=True).count() == 0
    stored = sorted(bytes(raw.data) for raw in RawMessage.objects.all())
    assert stored == sorted(mailbox.raws())
    assert (inbox.total, inbox.unread, inbox.bodies_pending) == (COUNT, COUNT, 0)
    assert [*recount(), *recount_sums()] == []
