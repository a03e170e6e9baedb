"""All mail of an account, copied to another one from its page."""

import pytest
from django.test import Client

from accounts.models import MailAccount, User
from mailsync.actions.whole_account import plan_whole_copy
from mailsync.engine import long_acts
from mailsync.errors import CannotDo
from mailsync.models import Act, Change, Folder, Placement
from tests.factories import make_account, make_folder, make_message, make_user, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def old(anna: User) -> MailAccount:
    """Courier's way: all folders below INBOX."""
    account = make_account(anna, address="anna@old.test")
    for path, role, count in (
        ("INBOX", "inbox", 2),
        ("INBOX.Sent", "sent", 1),
        ("INBOX.Trash", "trash", 1),
        ("INBOX.Club", "", 0),
        ("INBOX.Club.2024/5", "", 3),
        ("INBOX.Empty", "", 0),
    ):
        folder = make_folder(account, path, role=role, delimiter=".", name=path.rsplit(".", 1)[-1])
        for number in range(count):
            make_message(folder, subject=f"{path} {number}", seen=True)
    return account


@pytest.fixture
def new(anna: User) -> MailAccount:
    account = make_account(anna, address="anna@new.test")
    make_folder(account)
    make_folder(account, "Sent Items", role="sent")
    return account


def finish() -> Act:
    act = Act.objects.get(verb="copy")
    while long_acts.work(act.pk):
        pass
    act.refresh_from_db()
    return act


def shown(account: MailAccount) -> dict[str, int]:
    rows = Placement.objects.filter(account=account, shown=True).values_list("folder__path", flat=True)
    return {path: list(rows).count(path) for path in rows}


def test_all_mail_goes_to_the_other_account_with_its_folders(
    browser: Client, old: MailAccount, new: MailAccount
) -> None:
    path = f"/settings/accounts/{old.pk}/transfer/"
    page = " ".join(browser.get(path).text.split())
    # There is but one other account; the bin stays.
    assert "Copy 6 messages" in page
    assert "INBOX.Trash" not in page
    assert "INBOX.Empty" not in page
    assert browser.post(path, {"to": new.pk}).status_code == 302
    assert "Copy 6 messages" not in browser.get(path).text, "It is under way."
    assert "Stop and take back" in browser.get(path).text
    act = finish()
    assert (act.state, act.count) == ("done", 6)
    assert shown(new) == {"INBOX": 2, "Sent Items": 1, "Club/2024_5": 3}
    assert shown(old) == {"INBOX": 2, "INBOX.Sent": 1, "INBOX.Trash": 1, "INBOX.Club.2024/5": 3}
    assert Folder.objects.get(account=new, path="Club/2024_5").unread == 0
    page = browser.get(f"{path}list").text
    assert "6 messages copied" in page
    assert "hx-get" not in page
    # Once more finds the folders that were made.
    page = browser.get(path).text
    assert '<span class="chip h260">new</span>' not in page


def test_the_bin_goes_along_if_wished_and_all_is_taken_back(
    browser: Client, old: MailAccount, new: MailAccount
) -> None:
    path = f"/settings/accounts/{old.pk}/transfer/"
    assert "Copy 7 messages" in " ".join(browser.get(f"{path}?to={new.pk}&bins=1").text.split())
    browser.post(path, {"to": new.pk, "bins": "1"})
    act = finish()
    assert act.count == 7
    browser.post("/undo/", {"group": str(act.group), "next": path})
    finish()
    assert shown(new) == {}
    assert sum(shown(old).values()) == 7
    assert not Change.objects.filter(account=old, kind="move").exists()


def test_what_gmail_shows_twice_goes_once(browser: Client, anna: User, new: MailAccount) -> None:
    gmail = make_account(anna, address="anna@gmail.test")
    everything = make_folder(gmail, "[Gmail]/All Mail", role="all")
    inbox, label = make_folder(gmail), make_folder(gmail, "Club")
    make_folder(gmail, "[Gmail]/Starred", role="flagged")
    place(everything, make_message(inbox).message)
    both = make_message(label).message
    place(everything, both)
    make_message(everything)
    browser.post(f"/settings/accounts/{gmail.pk}/transfer/", {"to": new.pk})
    assert finish().count == 3
    assert shown(new) == {"INBOX": 1, "Club": 1, "Archive": 1}


def test_nothing_to_copy_and_no_account_to_copy_to(browser: Client, old: MailAccount) -> None:
    path = f"/settings/accounts/{old.pk}/transfer/"
    assert "Connect the account that the mail shall go to first." in browser.get(path).text
    with pytest.raises(CannotDo):
        plan_whole_copy(old.user_id, old.pk, old.pk, with_bins=False)


def test_a_stranger_gets_404_and_nobody_copies_into_anothers_account(
    browser: Client, old: MailAccount, new: MailAccount
) -> None:
    stranger = Client()
    stranger.force_login(make_user(), backend="allauth.account.auth_backends.AuthenticationBackend")
    for path in (f"/settings/accounts/{old.pk}/transfer/", f"/settings/accounts/{old.pk}/transfer/list"):
        assert stranger.get(path).status_code == 404
    theirs = make_account()
    new.delete()
    browser.post(f"/settings/accounts/{old.pk}/transfer/", {"to": theirs.pk})
    assert not Act.objects.exists()
