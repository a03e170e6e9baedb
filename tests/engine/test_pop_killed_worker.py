"""kill -9 of a real worker that collects over POP3: the server has heard no QUIT, and nothing is lost or doubled."""

import pytest

from mailsync.engine.pull import Outcome, pull_account
from mailsync.models import Message, Placement, PopMessage
from mailsync.store.audit import recount, recount_sums
from mailsync.store.leases import release_dead
from mailsync.store.raw import read_raw
from tests.engine.boxes import pop_account
from tests.engine.test_killed_worker import kill_when, start
from tests.factories import raw_message
from tests.servers.dovecot import Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]

COUNT = 400


def test_killed_in_the_middle_and_taken_up(mailbox: Mailbox) -> None:
    raws = [raw_message(f"Message {n}", f"Body {n}\r\n" * 20) for n in range(COUNT)]
    mailbox.append_many(raws)
    account = pop_account(mailbox, leave_on_server="once_stored")
    worker = start(account, "headers")
    kill_when(worker, lambda: PopMessage.objects.count() >= 50)
    stored = PopMessage.objects.count()
    assert 50 <= stored < COUNT
    assert not PopMessage.objects.exclude(state="stored").exists()
    assert len(mailbox.raws()) == COUNT, "Without QUIT nothing was deleted."
    release_dead()
    assert pull_account(account.pk) is Outcome.DONE
    assert Placement.objects.filter(shown=True).count() == COUNT
    assert sorted(read_raw(message) for message in Message.objects.all()) == sorted(raws)
    assert mailbox.raws() == []
    assert [*recount(), *recount_sums()] == []
