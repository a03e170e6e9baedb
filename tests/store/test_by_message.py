"""Lines of single messages are kept for those who want no conversations: written and removed slice by slice, whoever
changes the wish and whatever becomes of the mail meanwhile."""

import pytest

from accounts import preferences
from accounts.models import MailAccount, User
from mailsync import actions, tasks
from mailsync.models import Act, ByMessage, Folder, MessageRow, Placement
from mailsync.store import by_message
from mailsync.store.listed import Listing
from mailsync.store.ownership import load_owned
from tests.factories import make_account, make_folder, make_message
from tests.forgotten import forget_all
from tests.store.test_message_rows import lines, truth

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker that looks does the work itself."""
    monkeypatch.setattr(tasks.message_rows_tend, "apply_async", lambda ids, **_options: tasks.message_rows_tend(*ids))
    monkeypatch.setattr(tasks.message_rows_tend, "delay", tasks.message_rows_tend)


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> MailAccount:
    """Three folders of three messages, of which one is hidden; slices of two."""
    monkeypatch.setattr(by_message, "SLICE_ROWS", 2)
    monkeypatch.setattr(by_message, "SLICE_REMOVED", 2)
    account = make_account()
    for number in range(3):
        folder = make_folder(account, f"Box {number}")
        for _ in range(3):
            make_message(folder)
    make_message(folder, shown=False)
    return account


def folders(account: MailAccount) -> list[Folder]:
    return list(account.folders.order_by("pk"))


def wish(user: User, *, conversations: bool) -> None:
    user.refresh_from_db()
    preferences.save(user, conversations=conversations)


def test_the_wish_is_noticed_whoever_changes_it(account: MailAccount) -> None:
    other = make_folder()
    make_message(other)
    tasks.maintain()
    assert not MessageRow.objects.exists()
    # As the administrator's pages and a hand in the database do it, which tell nobody.
    User.objects.filter(pk=account.user_id).update(preferences={"conversations": False})
    assert not load_owned(account.user_id).by_message
    tasks.maintain()
    assert lines(account) == truth(account)
    assert len(lines(account)) == 9
    assert load_owned(account.user_id).by_message
    assert by_message.people_to_tend() == []
    wish(account.user, conversations=True)
    tasks.maintain()
    assert not MessageRow.objects.exists()
    assert not ByMessage.objects.exists()
    assert by_message.people_to_tend() == []


@pytest.mark.parametrize("stored", [{}, {"conversations": True}, {"conversations": "x"}, [], 7])
def test_what_is_no_wish_is_none(stored: object) -> None:
    folder = make_folder()
    User.objects.filter(pk=folder.account.user_id).update(preferences=stored)
    assert by_message.people_to_tend() == []
    assert not by_message.tend_message_rows(folder.account.user_id)


def test_a_large_mailbox_goes_on_where_it_was_and_mail_comes_and_goes_meanwhile(account: MailAccount) -> None:
    first, _second, third = folders(account)
    wish(account.user, conversations=False)
    assert by_message.tend_message_rows(account.user_id, slices=2)
    assert 0 < MessageRow.objects.count() < 9
    assert not load_owned(account.user_id).by_message, "lists go by the lines once all are there"
    # Where it has been, where it is yet to come, and from there to here.
    new = [make_message(first), make_message(third)]
    actions.mark_read(account.user_id, [one.pk for one in new])
    ids = Placement.objects.filter(folder=third, shown=True).values_list("pk", flat=True)
    actions.move(account.user_id, list(ids), first.pk)
    made = make_folder(account, "New")
    make_message(made)
    while by_message.tend_message_rows(account.user_id, slices=1):
        pass
    assert lines(account) == truth(account)
    assert load_owned(account.user_id).by_message


def test_a_change_of_mind_half_way_leaves_nothing_stale(account: MailAccount) -> None:
    wish(account.user, conversations=False)
    while by_message.tend_message_rows(account.user_id):
        pass
    wish(account.user, conversations=True)
    assert by_message.tend_message_rows(account.user_id, slices=2)
    assert 0 < MessageRow.objects.count() < 9
    # Not kept any more: these lines say what was.
    actions.mark_read(account.user_id, list(MessageRow.objects.values_list("pk", flat=True)))
    assert lines(account) != truth(account)
    wish(account.user, conversations=False)
    while by_message.tend_message_rows(account.user_id, slices=1):
        assert not load_owned(account.user_id).by_message
    assert lines(account) == truth(account)


def test_lines_stay_while_an_act_goes_by_them(account: MailAccount) -> None:
    wish(account.user, conversations=False)
    while by_message.tend_message_rows(account.user_id):
        pass
    listing = Listing(tuple(folder.pk for folder in folders(account)), sort="sender")
    act = actions.act_on_list(account.user_id, "read", listing, total=9)
    wish(account.user, conversations=True)
    assert not by_message.tend_message_rows(account.user_id)
    assert MessageRow.objects.count() == 9
    assert by_message.people_to_tend() == [account.user_id]
    tasks.act_work(act.act_id)
    assert not Placement.objects.filter(account=account, shown=True, seen=False).exists()
    assert not Act.objects.filter(due_at__isnull=False).exists()
    tasks.maintain()
    assert not MessageRow.objects.exists()


def test_somebody_who_has_left_costs_nothing(account: MailAccount) -> None:
    wish(account.user, conversations=False)
    tasks.maintain()
    actions.delete_account(account.user_id, account.pk)
    forget_all()
    assert not MessageRow.objects.exists()
    assert not by_message.tend_message_rows(999_999_999)
