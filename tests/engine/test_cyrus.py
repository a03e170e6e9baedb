"""Both ways against a real Cyrus, Fastmail's server: QRESYNC, folders, IDLE and POP3 of another hand than Dovecot's."""

import pytest

from mailsync import actions
from mailsync.models import Folder
from tests.engine import test_pop_dovecot as collecting
from tests.engine import test_two_clients as two_clients
from tests.engine import test_watch_dovecot as watching
from tests.engine.boxes import dovecot_account
from tests.engine.other_client import assert_same, ok, pull, quoted, settle, spoken
from tests.engine.test_real_servers import go_both_ways
from tests.factories import raw_message
from tests.servers.cyrus import Cyrus
from tests.servers.dovecot import Dovecot, Mailbox

pytestmark = pytest.mark.django_db(transaction=True)

start = watching.start


@pytest.fixture
def dovecot(cyrus: Cyrus) -> Dovecot:
    return cyrus


@pytest.fixture
def mailbox(cyrus: Cyrus) -> Mailbox:
    return cyrus.add_user()


def test_both_ways(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with spoken(monkeypatch) as said:
        go_both_ways(dovecot_account(mailbox), mailbox)
    assert any(b"QRESYNC (" in line for line in said)
    assert any(b"UID MOVE" in line for line in said)


def test_both_ways_with_all_folders_below_the_inbox(cyrus_below_inbox: Cyrus) -> None:
    """As a Cyrus is that nobody has set up otherwise: ``INBOX.`` before every name, with dots between."""
    mailbox = cyrus_below_inbox.add_user()
    go_both_ways(dovecot_account(mailbox), mailbox, prefix="INBOX.", delimiter=".")


def test_a_folder_has_an_identity_that_outlasts_its_name(mailbox: Mailbox) -> None:
    """Folders that Cyrus makes in one second have the same UIDVALIDITY, and are told apart all the same."""
    account = dovecot_account(mailbox)
    with mailbox.client() as client:
        for name in ("Plans", "Ideas"):
            ok(client.create(quoted(name)))
        ok(client.append(quoted("Ideas"), "", None, raw_message("An idea")))
    pull(account)
    plans, ideas = (Folder.objects.get(account=account, path=path) for path in ("Plans", "Ideas"))
    assert plans.mailbox_id
    assert plans.mailbox_id != ideas.mailbox_id
    with mailbox.client() as client:
        ok(client.rename(quoted("Ideas"), quoted("Thoughts")))
    pull(account)
    assert_same(account, mailbox)
    thoughts = Folder.objects.get(account=account, path="Thoughts")
    assert (thoughts.pk, thoughts.mailbox_id, thoughts.epoch) == (ideas.pk, ideas.mailbox_id, ideas.epoch)
    # Deleted and made again, all in a moment.
    with mailbox.client() as client:
        ok(client.delete(quoted("Thoughts")))
        ok(client.create(quoted("Thoughts")))
        ok(client.append(quoted("Thoughts"), "(\\Seen)", None, raw_message("Another thought")))
    Folder.objects.filter(account=account).update(deep_scan_at=None)
    pull(account)
    assert_same(account, mailbox)
    thoughts.refresh_from_db()
    assert thoughts.mailbox_id != ideas.mailbox_id


def test_a_name_that_cyrus_refuses(mailbox: Mailbox) -> None:
    account = dovecot_account(mailbox)
    pull(account)
    actions.create_folder(account.user_id, account.pk, 'She said "so"')
    settle(account)
    assert_same(account, mailbox)
    (change,) = account.changes.all()
    assert "Invalid mailbox name" in change.error


@pytest.mark.parametrize("seed", [3, 28])
def test_both_see_the_same_at_rest(dovecot: Dovecot, mailbox: Mailbox, seed: int) -> None:
    two_clients.test_both_see_the_same_at_rest(dovecot, mailbox, seed)


test_an_arrival_makes_the_folder_due_within_a_second = watching.test_an_arrival_makes_the_folder_due_within_a_second
test_everything_comes_by_pop3 = collecting.test_everything_comes_and_a_second_pull_changes_nothing
test_only_what_is_new_is_retrieved = collecting.test_only_what_is_new_is_retrieved
