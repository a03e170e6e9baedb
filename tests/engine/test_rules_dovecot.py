"""Rules on real servers: the server agrees with what a rule did, and a worker that dies in the middle loses nothing."""

import os
import signal
import subprocess
import sys
from email.utils import format_datetime

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import tasks
from mailsync.engine.pop_pull import pull_maildrop
from mailsync.engine.pull import pull_account
from mailsync.engine.push import push_changes
from mailsync.models import Arrival, Placement, RuleHit
from mailsync.store.leases import release_dead
from tests.engine.boxes import dovecot_account, pop_account, shown
from tests.engine.ruled import make_rule
from tests.factories import raw_message
from tests.servers.dovecot import Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]

#: A worker that is killed at a place of our choice.
WORKER = """
import os, signal, sys
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[2]
from mailsync import tasks
from mailsync.engine import rules
from mailsync.store import arrivals
def die(*_):
    os.kill(os.getpid(), signal.SIGKILL)
{place} = die
tasks.pull.pull_account(int(sys.argv[1]))
"""


def make_ruled(mailbox: Mailbox) -> MailAccount:
    mailbox.append(raw_message("Old rota"))
    account = dovecot_account(mailbox)
    pull_account(account.pk)
    make_rule(account.user, "subject:rota", ("label", "$Rota"), "archive")
    return account


def test_what_a_rule_moves_lies_there_on_the_server_too(mailbox: Mailbox) -> None:
    account = make_ruled(mailbox)
    mailbox.deliver(raw_message("New rota"))
    mailbox.deliver(raw_message("Minutes"))
    pull_account(account.pk)
    assert (shown(account), shown(account, "Archive")) == (["Old rota", "Minutes"], ["New rota"])
    push_changes(account.pk)
    pull_account(account.pk)
    assert (len(mailbox.raws()), len(mailbox.raws("Archive"))) == (2, 1)
    assert (shown(account), shown(account, "Archive")) == (["Old rota", "Minutes"], ["New rota"])
    filed = Placement.objects.get(folder__path="Archive", shown=True)
    assert (filed.uid is not None, filed.keywords) == (True, ["$Rota"])


@pytest.mark.parametrize("place", ["rules.run_rules", "arrivals.strike_off"])
def test_a_worker_killed_between_intake_and_rule_is_made_up_for_once(mailbox: Mailbox, place: str) -> None:
    """Before the rules were asked, and after what they said was done but not committed."""
    account = make_ruled(mailbox)
    mailbox.deliver(raw_message("New rota"))
    connection.close()
    worker = subprocess.run(
        [sys.executable, "-c", WORKER.format(place=place), str(account.pk), str(connection.settings_dict["NAME"])],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"},
        timeout=60,
        check=False,
    )
    assert worker.returncode == -signal.SIGKILL
    assert (Arrival.objects.count(), RuleHit.objects.count()) == (1, 0)
    release_dead()
    tasks.rules_run(account.pk)
    pull_account(account.pk)
    tasks.rules_run(account.pk)
    assert (shown(account), shown(account, "Archive")) == (["Old rota"], ["New rota"])
    assert (Arrival.objects.count(), RuleHit.objects.count()) == (0, 1)


def test_pop_mail_is_ruled_too_but_not_what_lay_there_before(mailbox: Mailbox) -> None:
    mailbox.append(raw_message("Old rota", Received="from a by b; Sun, 01 Mar 2026 09:00:00 +0000"))
    account = pop_account(mailbox)
    make_rule(account.user, "subject:rota", "archive")
    pull_maildrop(account)
    assert shown(account) == ["Old rota"]
    now = format_datetime(timezone.now())
    mailbox.deliver(raw_message("New rota", Received=f"from a by b; {now}"))
    pull_maildrop(account)
    assert (shown(account), shown(account, "Archive")) == (["Old rota"], ["New rota"])
    assert not Arrival.objects.exists()
