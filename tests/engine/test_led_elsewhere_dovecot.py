"""An account led from one real Dovecot to another: all its mail stays, in its folders, until its person decides."""

from collections.abc import Iterator

import pytest

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine import long_acts
from mailsync.engine.push import push_changes
from mailsync.models import ONLY_HERE_EPOCH, Act, Folder, Placement
from mailsync.store import led_elsewhere, vanish
from mailsync.types import Secret, Security, ServerSettings
from tests.engine.boxes import dovecot_account
from tests.engine.other_client import pull, quoted, settle, theirs
from tests.factories import raw_message
from tests.servers.certificates import Certificates
from tests.servers.dovecot import Dovecot, Mailbox, running_dovecot

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]

#: As Courier and Cyrus have it: all folders below INBOX, with dots between.
_BELOW_INBOX = """
namespace inbox {
  separator = .
  prefix = INBOX.
  inbox = yes
}
"""


@pytest.fixture(scope="module")
def other_dovecot(certificates: Certificates) -> Iterator[Dovecot]:
    with running_dovecot(certificates, _BELOW_INBOX) as server:
        yield server


@pytest.fixture
def new(other_dovecot: Dovecot) -> Mailbox:
    return other_dovecot.add_user()


@pytest.fixture
def account(mailbox: Mailbox) -> MailAccount:
    """Three letters in the inbox, one in each of the others, all here."""
    with mailbox.client() as client:
        client.create(quoted("Club/R & D"))
    for path, names in (("INBOX", "abc"), ("Club/R & D", "d"), ("Sent", "e"), ("Trash", "f")):
        for name in names:
            mailbox.append(letter(name), quoted(path)[1:-1])
    account = dovecot_account(mailbox)
    pull(account)
    return account


def letter(name: str) -> bytes:
    return raw_message(name, Message_ID=f"<{name}@old.test>", Received="from a by b")


def lead(account: MailAccount, mailbox: Mailbox) -> None:
    """As the form of its servers does; then two rounds, and a month goes by."""
    secret = Secret("password", mailbox.password)
    port = mailbox.server.imap
    there = ServerSettings("imap", "127.0.0.1", port, Security.NONE, mailbox.address, secret)
    actions.update_account(account.user_id, account.pk, incoming=there)
    account.refresh_from_db()
    for _ in range(3):
        pull(account)
        settle(account)
    Placement.objects.filter(gone_phase__gt=0).update(gone_phase=2, gone_at="2020-01-01T00:00:00Z")
    while vanish.purge_gone():
        pass


def here(account: MailAccount) -> dict[str, str]:
    """By folder the names of the letters that it shows."""
    rows = Placement.objects.filter(account=account, shown=True, folder__missing_since=None)
    found: dict[str, str] = {}
    for path, name in rows.order_by("message__subject").values_list("folder__path", "message__subject"):
        found[path] = found.get(path, "") + name
    return found


def only_here(account: MailAccount) -> str:
    rows = Placement.objects.filter(account=account, epoch=ONLY_HERE_EPOCH, shown=True).exclude(folder__role="trash")
    return "".join(sorted(rows.values_list("message__subject", flat=True)))


def there(mailbox: Mailbox) -> dict[str, int]:
    return {path: len(found) for path, found in theirs(mailbox).items() if found}


def test_what_only_the_old_server_had_stays(account: MailAccount, new: Mailbox) -> None:
    new.append(letter("a"))
    new.append(letter("x"))
    before = Folder.objects.get(account=account, path="Club/R & D").pk
    lead(account, new)
    assert here(account) == {"INBOX": "abcx", "INBOX.Club.R & D": "d", "INBOX.Sent": "e", "INBOX.Trash": "f"}
    assert Folder.objects.get(account=account, path="INBOX.Club.R & D").pk == before
    assert there(new) == {"INBOX": 2}, "Nothing goes to the server unasked, but for the empty folders."
    assert "INBOX.Club.R & D" in theirs(new)
    assert only_here(account) == "bcde"
    assert led_elsewhere.count_only_here(account) == 4
    # A mistake that is mended: what is on the server is mail like any other again.
    assert not Folder.objects.filter(account=account).exclude(led_epoch=None).exists()


def test_a_mistake_that_is_mended_leaves_all_as_it_was(account: MailAccount, mailbox: Mailbox, new: Mailbox) -> None:
    before = here(account)
    lead(account, new)
    lead(account, mailbox)
    assert here(account) == before
    assert only_here(account) == ""
    assert not Placement.objects.filter(account=account, kept=True).exists()


def test_mail_moved_on_the_way_is_not_doubled(account: MailAccount, new: Mailbox) -> None:
    """The person has copied it all, and filed one letter elsewhere since."""
    for name in "ac":
        new.append(letter(name))
    new.append(letter("b"), "INBOX.Sent")
    lead(account, new)
    assert here(account)["INBOX"] == "ac"
    assert here(account)["INBOX.Sent"] == "be"
    assert only_here(account) == "de"


def test_it_is_copied_to_the_server_when_its_person_says_so(account: MailAccount, new: Mailbox) -> None:
    lead(account, new)
    actions.copy_home(account.user_id, account.pk)
    work(account)
    assert there(new) == {"INBOX": 3, "INBOX.Club.R & D": 1, "INBOX.Sent": 1}
    assert only_here(account) == ""
    assert here(account)["INBOX"] == "abc"
    assert led_elsewhere.count_only_here(account) == 0
    with pytest.raises(actions.CannotDo, match="is on its server"):
        actions.copy_home(account.user_id, account.pk)


def test_it_is_thrown_away_when_its_person_says_so(account: MailAccount, new: Mailbox) -> None:
    lead(account, new)
    done = actions.throw_away_only_here(account.user_id, account.pk)
    work(account)
    assert here(account) == {"INBOX.Trash": "abcdef"}
    assert actions.undo(account.user_id, done.group)
    work(account)
    assert here(account) == {"INBOX": "abc", "INBOX.Club.R & D": "d", "INBOX.Sent": "e", "INBOX.Trash": "f"}
    assert there(new) == {}


def work(account: MailAccount) -> None:
    act = Act.objects.latest("id")
    for _ in range(20):
        more = long_acts.work(act.pk, run_seconds=0)
        push_changes(account.pk)
        pull(account)
        if not more:
            break
    settle(account)
    pull(account)
    assert not more
