"""kill -9 of the running Celery worker in the middle of a first pull: after a restart all mail is there, once.

The whole site runs (worker, scheduler, watcher); its only knowledge of the half-done work is what lies in
PostgreSQL. Nothing is told to go on: the scheduler must find out by itself.
"""

import os
import signal
import time
from collections.abc import Callable

import psycopg
import pytest
from psycopg.rows import dict_row

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
#: Asked of the database itself: a Django process for each look would take the worker's time.
COUNTS = """
WITH inbox AS (SELECT p.message_id FROM mailsync_placement p JOIN mailsync_folder f ON f.id = p.folder_id
                WHERE f.account_id = %(account)s AND f.role = 'inbox')
SELECT (SELECT count(*) FROM inbox) AS placed,
       (SELECT count(*) FROM (SELECT 1 FROM inbox JOIN mailsync_message m ON m.id = inbox.message_id
                               GROUP BY m.message_id HAVING count(*) > 1) AS _) AS twice,
       (SELECT count(*) FROM mailsync_message WHERE account_id = %(account)s AND raw_id IS NOT NULL) AS whole,
       (SELECT count(*) FROM mailsync_message WHERE account_id = %(account)s) AS messages,
       (SELECT count(*) FROM mailsync_rawmessage WHERE account_id = %(account)s) AS raw,
       (SELECT coalesce(sum(total), 0)::int FROM mailsync_folder
         WHERE account_id = %(account)s AND role = 'inbox') AS total
"""


def last_line(site: Site, code: str) -> str:
    return site.manage("shell", "-v0", "-c", code).strip().splitlines()[-1]


def counts(site: Site, account: str) -> dict[str, int]:
    with psycopg.connect(site.database_url, row_factory=dict_row) as connection:
        found = connection.execute(COUNTS, {"account": int(account)}).fetchone()
    assert found is not None
    return found


def wait(site: Site, account: str, what: Callable[[dict[str, int]], bool], seconds: float) -> dict[str, int]:
    end = time.monotonic() + seconds
    while not what(found := counts(site, account)):
        assert time.monotonic() < end, f"{found}\n{site.logs()}"
        time.sleep(0.1)
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
