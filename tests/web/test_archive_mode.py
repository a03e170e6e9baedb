"""The pages of archive mode: offered where it is safe, asked before, and told wherever it matters."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import MailAccount, User
from mailsync.models import ONLY_HERE_EPOCH, Act, Message, Placement
from tests.factories import make_account, make_folder, make_message, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(anna: User) -> MailAccount:
    account = make_account(anna)
    account.sync.capabilities = ["IMAP4REV1", "UIDPLUS"]
    account.sync.save()
    return account


def old(account: MailAccount, **fields: object) -> Placement:
    folder = account.folders.first() or make_folder(account)
    past = timezone.now() - timedelta(days=100)
    placement = make_message(folder, received_at=past, header_sha256=b"x" * 32, uid=folder.placements.count() + 1)
    Message.objects.filter(pk=placement.message_id).update(created_at=past)
    Placement.objects.filter(pk=placement.pk).update(**fields)
    return placement


def text(response: object) -> str:
    return " ".join(response.content.decode().split())  # type: ignore[attr-defined]


def test_it_asks_first_and_says_how_much_goes(browser: Client, account: MailAccount) -> None:
    url = reverse("account_keeping", args=[account.pk])
    for _ in range(2):
        old(account)
    old(account, flagged=True)
    assert "2 messages are old enough today" in text(browser.post(url, {"days": "90"}))
    assert "No message is old enough today" in text(browser.post(url, {"days": "365"}))
    account.refresh_from_db()
    assert account.keep_days is None
    assert browser.post(url, {"days": "90", "sure": "1"}).status_code == 302
    account.refresh_from_db()
    account.sync.refresh_from_db()
    assert account.keep_days == 90
    assert account.sync.release_due_at is not None
    # A longer time, or none, deletes less: no question.
    assert browser.post(url, {"days": "365"}).status_code == 302
    assert browser.post(url, {"days": ""}).status_code == 302
    account.refresh_from_db()
    account.sync.refresh_from_db()
    assert (account.keep_days, account.sync.release_due_at) == (None, None)


def test_it_is_offered_only_where_single_messages_can_be_deleted(browser: Client, account: MailAccount) -> None:
    url = reverse("account_edit", args=[account.pk])
    assert 'name="days"' in text(browser.get(url))
    for capabilities, words in ((["IMAP4REV1"], "no UIDPLUS"), (["UIDPLUS", "X-GM-EXT-1"], "labels on one store")):
        account.sync.capabilities = capabilities
        account.sync.save()
        page = text(browser.get(url))
        assert words in page
        assert 'name="days"' not in page
        answer = browser.post(reverse("account_keeping", args=[account.pk]), {"days": "90", "sure": "1"}, follow=True)
        assert "archive mode is not offered" in text(answer)
    MailAccount.objects.update(protocol="pop3")
    assert "archive-mode" not in text(browser.get(url))


def test_what_is_only_here_is_said_on_the_message_and_before_it_is_lost(browser: Client, account: MailAccount) -> None:
    remove, edit = (reverse(name, args=[account.pk]) for name in ("account_remove", "account_edit"))
    placement = old(account)
    reading = reverse("message", args=[placement.message_id])
    assert "exists only here" not in text(browser.get(remove))
    assert "Only here" not in text(browser.get(reading))
    assert 'id="only-here"' not in text(browser.get(edit))
    Placement.objects.filter(pk=placement.pk).update(epoch=ONLY_HERE_EPOCH, kept=True)
    assert "Only here: its server does not have it." in text(browser.get(reading))
    page = text(browser.get(remove))
    assert "1 message exists only here." in page
    assert f"{reverse('export')}?account={account.pk}" in page
    assert "1 message is kept here that its server does not have" in text(browser.get(edit))


def test_a_text_that_can_come_no_more_is_not_waited_for(browser: Client, account: MailAccount) -> None:
    placement = old(account)
    reading = reverse("message", args=[placement.message_id])
    Message.objects.filter(pk=placement.message_id).update(raw=None, parts=None)
    assert "is being fetched" in text(browser.get(reading))
    Placement.objects.filter(pk=placement.pk).update(epoch=ONLY_HERE_EPOCH, kept=True)
    page = text(browser.get(reading))
    assert "had not come here before the account was led to another server" in page
    assert "data-waiting" not in page


def test_what_is_only_here_goes_to_the_server_or_to_the_bin(browser: Client, account: MailAccount) -> None:
    url, edit = (reverse(name, args=[account.pk]) for name in ("account_only_here", "account_edit"))
    assert "All mail of this account is on its server." in text(browser.post(url, {"do": "copy"}, follow=True))
    assert browser.post(url, {"do": "nothing"}).status_code == 404
    Placement.objects.filter(pk=old(account).pk).update(epoch=ONLY_HERE_EPOCH, kept=True)
    for wanted, words in (("copy", "copied to the server"), ("bin", "moved to the bin")):
        assert f'value="{wanted}"' in text(browser.get(edit))
        assert words in text(browser.post(url, {"do": wanted}, follow=True))
    assert list(Act.objects.order_by("id").values_list("verb", "total")) == [("move", 1), ("trash", 1)]
    MailAccount.objects.update(keep_days=30)
    assert 'value="copy"' not in text(browser.get(edit))
    assert "Switch it off first" in text(browser.post(url, {"do": "copy"}, follow=True))


def test_a_stranger_gets_404(account: MailAccount) -> None:
    stranger = Client()
    stranger.force_login(make_user(), backend="allauth.account.auth_backends.AuthenticationBackend")
    url = reverse("account_keeping", args=[account.pk])
    assert stranger.post(url, {"days": "90", "sure": "1"}).status_code == 404
    assert stranger.post(reverse("account_only_here", args=[account.pk]), {"do": "bin"}).status_code == 404
