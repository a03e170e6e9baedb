"""kill -9 of the running Celery worker in the middle of a first pull: after a restart all mail is there, once.

The whole site runs (worker, scheduler, watcher); its only knowledge of the half-done work is what lies in
PostgreSQL. Nothing is told to go on: the scheduler must find out by itself.
"""

import json
import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.browser.site import Site, site
from tests.factories import raw_message
from tests.servers.dovecot import Mailbox

__all__ = ["site"]

COUNT = 1200
CONNECT = """
from accounts.models import User
from mailsync import actions
from mailsync.types import Secret, Security, ServerSettings
user = User.objects.create_user({address!r}, name="Anna")
server = ServerSettings("imap", {host!r}, {port}, Security.TLS, {address!r}, Secret("password", {password!r}))
print(actions.connect_account(user, address={address!r}, incoming=server, outgoing=None).pk)
"""
COUNTS = """
import json
from django.db.models import Count
from mailsync.models import Folder, Message, Placement, RawMessage
placed = Placement.objects.filter(folder__account={account}, folder__role="inbox")
print(json.dumps(dict(
    placed=placed.count(),
    twice=placed.values("message__message_id").annotate(n=Count("id")).filter(n__gt=1).count(),
    whole=Message.objects.filter(account={account}, raw__isnull=False).count(),
    messages=Message.objects.filter(account={account}).count(),
    raw=RawMessage.objects.filter(account={account}).count(),
    total=sum(Folder.objects.filter(account={account}, role="inbox").values_list("total", flat=True)),
)))
"""


def last_line(site: Site, code: str) -> str:
    return site.manage("shell", "-v0", "-c", code).strip().splitlines()[-1]


def counts(site: Site, account: str) -> dict[str, int]:
    found: dict[str, int] = json.loads(last_line(site, COUNTS.format(account=account)))
    return found


def wait(site: Site, account: str, what: Callable[[dict[str, int]], bool], seconds: float) -> dict[str, int]:
    end = time.monotonic() + seconds
    while not what(found := counts(site, account)):
        assert time.monotonic() < end, f"{found}\n{site.logs()}"
    return found


@pytest.mark.dovecot
@pytest.mark.timeout(240)
def test_a_killed_worker_loses_and_doubles_nothing(site: Site, mailbox: Mailbox) -> None:
    mailbox.append_many([raw_message(f"Message {n}", f"Body {n}\r\n" * 2000) for n in range(COUNT)])
    account = last_line(
        site,
        CONNECT.format(
            address=mailbox.address, password=mailbox.password, host=mailbox.imap.host, port=mailbox.imap.port
        ),
    )
    worker = site.children["worker"]
    assert worker.process is not None
    killed_at = wait(site, account, lambda found: found["placed"] > 0, 60)
    os.killpg(worker.process.pid, signal.SIGKILL)
    worker.process.wait()
    assert killed_at["whole"] < COUNT, "the pull was over before the worker was killed"
    left = counts(site, account)
    assert left["twice"] == 0
    worker.start()
    found = wait(site, account, lambda found: found["whole"] == COUNT, 150)
    assert found == {"placed": COUNT, "twice": 0, "whole": COUNT, "messages": COUNT, "raw": COUNT, "total": COUNT}
