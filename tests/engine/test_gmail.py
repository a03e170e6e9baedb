"""Gmail: one message in many labels is fetched once and known everywhere, and each verb does to it what is meant."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine.push import push_changes
from mailsync.models import AccountSync, Change, Folder, Message, Placement
from tests.engine.gmail import ALL, GMAIL, SPAM, STARRED, TRASH, GmailServer
from tests.engine.in_step import assert_in_step, pull, snapshot
from tests.factories import make_account, raw_message

pytestmark = pytest.mark.django_db

RAW = raw_message("Letter", Message_ID="<letter@x>")


@pytest.fixture
def server() -> GmailServer:
    server = GmailServer("Work", "Work/Plans")
    server.put(RAW, "INBOX", "Work")
    server.put(raw_message("Other"), "INBOX", flags=["\\Seen"])
    return server


@pytest.fixture
def account(server: GmailServer) -> MailAccount:
    account = make_account()
    pull(account, server)
    AccountSync.objects.update(capabilities=list(GMAIL))
    return account


def at(path: str = "INBOX") -> int:
    return Placement.objects.get(message__subject="Letter", folder__path=path, shown=True).pk


def shown() -> set[str]:
    """Where the user sees the letter."""
    return set(Placement.objects.filter(message__subject="Letter", shown=True).values_list("folder__path", flat=True))


def folder(path: str) -> int:
    return Folder.objects.get(path=path).pk


def rest(account: MailAccount, server: GmailServer) -> None:
    for _ in range(3):
        Change.objects.update(hold_until=None, due_at=None)
        push_changes(account.pk, open_source=server.connect)
        pull(account, server)
    assert not Change.objects.filter(finished_at=None).exists()
    assert not Change.objects.exclude(error="").exists()
    assert_in_step(account, server)


def test_a_message_with_many_labels_is_one_message_fetched_once(account: MailAccount, server: GmailServer) -> None:
    assert_in_step(account, server)
    assert Message.objects.count() == server.bodies_given == 2
    assert shown() == {ALL, "INBOX", "Work"}
    assert Message.objects.get(subject="Letter").thread.provider_thread_id
    before = snapshot()
    pull(account, server)
    assert snapshot() == before


VERBS: list[tuple[str, Callable[[MailAccount], object], set[str]]] = [
    ("archived", lambda account: actions.archive(account.user_id, [at()]), {ALL, "Work"}),
    ("trashed", lambda account: actions.trash(account.user_id, [at()]), {TRASH}),
    ("spam", lambda account: actions.junk(account.user_id, [at()]), {SPAM}),
    (
        "relabelled",
        lambda account: actions.move(account.user_id, [at("Work")], folder("Work/Plans")),
        {ALL, "INBOX", "Work/Plans"},
    ),
    (
        "labelled",
        lambda account: actions.copy(account.user_id, [at()], folder("Work/Plans")),
        {ALL, "INBOX", "Work", "Work/Plans"},
    ),
    ("starred", lambda account: actions.flag(account.user_id, [at()]), {ALL, "INBOX", "Work", STARRED}),
]


@pytest.mark.parametrize("is_lost", [False, True], ids=["", "with the reply lost"])
@pytest.mark.parametrize(("name", "verb", "wanted"), VERBS, ids=[name for name, _, _ in VERBS])
def test_each_verb(
    account: MailAccount,
    server: GmailServer,
    name: str,
    verb: Callable[[MailAccount], object],
    wanted: set[str],
    is_lost: bool,
) -> None:
    if is_lost:
        for method in ("move", "copy", "store_flags"):
            server.fail(method, "after")
    verb(account)
    rest(account, server)
    assert server.labels(RAW) == shown() == wanted, name
    assert Message.objects.count() == server.bodies_given == 2, "no body came twice"
    assert not Folder.objects.filter(path="Archive").exists(), "Gmail's archive is All Mail"


def test_archiving_is_shown_once_in_all_mail_and_taken_back(account: MailAccount, server: GmailServer) -> None:
    result = actions.archive(account.user_id, [at()])
    assert shown() == {ALL, "Work"}
    assert Placement.objects.filter(folder__path=ALL, shown=True).count() == 2
    assert actions.undo(account.user_id, result.group)
    assert shown() == {ALL, "INBOX", "Work"}
    result = actions.archive(account.user_id, [at()])
    rest(account, server)
    assert actions.undo(account.user_id, result.group)
    rest(account, server)
    assert server.labels(RAW) == shown() == {ALL, "INBOX", "Work"}


def counted(path: str) -> tuple[int, int]:
    """Lines of the letter in the list of a folder, and messages that the folder counts."""
    total = Folder.objects.get(path=path).total
    return Placement.objects.filter(message__subject="Letter", folder__path=path, shown=True).count(), total


@pytest.mark.parametrize("is_pushed", [False, True], ids=["at once", "after it was done"])
def test_moved_to_a_label_that_it_has_it_is_there_once_and_undo_leaves_that(
    account: MailAccount, server: GmailServer, is_pushed: bool
) -> None:
    result = actions.move(account.user_id, [at()], folder("Work"))
    assert result.count == 1
    assert (shown(), counted("Work"), counted("INBOX")[0]) == ({ALL, "Work"}, (1, 1), 0)
    if is_pushed:
        rest(account, server)
        assert server.labels(RAW) == shown() == {ALL, "Work"}
        assert counted("Work") == (1, 1)
    assert actions.undo(account.user_id, result.group)
    assert (shown(), counted("Work")) == ({ALL, "INBOX", "Work"}, (1, 1))
    rest(account, server)
    assert server.labels(RAW) == shown() == {ALL, "INBOX", "Work"}
    assert Message.objects.count() == server.bodies_given == 2


@pytest.mark.parametrize("is_pushed", [False, True], ids=["at once", "after it was done"])
def test_given_a_label_that_it_has_nothing_is_done_and_undone(
    account: MailAccount, server: GmailServer, is_pushed: bool
) -> None:
    both = [at(), Placement.objects.get(message__subject="Other", folder__path="INBOX").pk]
    result = actions.copy(account.user_id, both, folder("Work"))
    assert counted("Work") == (1, 2)
    if is_pushed:
        rest(account, server)
        assert counted("Work") == (1, 2)
    assert actions.undo(account.user_id, result.group)
    rest(account, server)
    assert server.labels(RAW) == shown() == {ALL, "INBOX", "Work"}
    assert counted("Work") == (1, 1)


def test_what_all_mail_shows_moved_to_a_label_that_it_has(account: MailAccount, server: GmailServer) -> None:
    assert actions.move(account.user_id, [at(ALL)], folder("Work")).count == 1
    assert (shown(), counted("Work")) == ({ALL, "INBOX", "Work"}, (1, 1))
    rest(account, server)
    assert server.labels(RAW) == shown() == {ALL, "INBOX", "Work"}


def test_labels_given_and_taken_elsewhere(account: MailAccount, server: GmailServer) -> None:
    (stored,) = (one for one in server.boxes[ALL].messages.values() if one.raw == RAW)
    server.take(stored, "INBOX")
    server.bring(stored, None, "Work/Plans")
    stored.flags.add("\\Seen")
    rest(account, server)
    assert shown() == {ALL, "Work", "Work/Plans"}
    assert set(Placement.objects.filter(message__subject="Letter", shown=True).values_list("seen", flat=True)) == {True}
    server.bring(stored, ALL, TRASH)
    rest(account, server)
    assert shown() == {TRASH}
    assert server.bodies_given == 2


def test_a_label_made_and_removed_keeps_its_mail(account: MailAccount, server: GmailServer) -> None:
    made = actions.create_folder(account.user_id, account.pk, "New")
    assert made.folder_id is not None
    actions.copy(account.user_id, [at()], made.folder_id)
    rest(account, server)
    assert server.labels(RAW) == {ALL, "INBOX", "Work", "New"}
    del server.boxes["New"]
    pull(account, server)
    Folder.objects.filter(path="New").update(missing_since=timezone.now() - timedelta(days=2))
    pull(account, server)
    assert shown() == {ALL, "INBOX", "Work"}
