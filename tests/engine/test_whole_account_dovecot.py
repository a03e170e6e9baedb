"""All mail of one Dovecot mailbox, copied into another: slice by slice, while the new one is pushed to and pulled."""

import pytest

from mailsync import actions
from mailsync.engine import long_acts
from mailsync.engine.push import push_changes
from mailsync.models import Act
from tests.engine.boxes import dovecot_account
from tests.engine.other_client import assert_same, pull, quoted, theirs
from tests.factories import raw_message
from tests.servers.dovecot import Dovecot, Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]

PATHS = ("INBOX", "Club", "Club/R & D", "Sent")
FLAGS = ("", "\\Seen", "\\Seen \\Flagged", "\\Answered $Work", "")


def test_a_mailbox_moves_house(dovecot: Dovecot, mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_acts, "SLICE_TRANSFERRED", 4)
    with mailbox.client() as client:
        for path in ("Club", "Club/R & D"):
            client.create(quoted(path))
    for path in PATHS:
        for number, flags in enumerate(FLAGS):
            mailbox.append(
                raw_message(f"{path} {number}"), quoted(path)[1:-1], flags=flags, internal_date=1.6e9 + number
            )
    home = dovecot.add_user()
    old = dovecot_account(mailbox)
    new = dovecot_account(home, old.user)
    for account in (old, new):
        pull(account)
    before = theirs(mailbox)
    actions.copy_whole_account(old.user_id, old.pk, new.pk, with_bins=False)
    act = Act.objects.get()
    for _ in range(30):
        more = long_acts.work(act.pk, run_seconds=0)
        push_changes(new.pk)
        pull(new)
        if not more:
            break
    act.refresh_from_db()
    assert (act.state, act.count) == ("done", 20)
    assert theirs(mailbox) == before, "Nothing is done where it comes from."
    there = theirs(home)
    for path in PATHS:
        assert sorted(there[path].values(), key=str) == sorted(before[path].values(), key=str)
    assert_same(new, home)
