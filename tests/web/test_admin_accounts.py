"""Mail accounts paused and resumed by an administrator: their owner reads of it."""

import pytest
from django.test import Client

from accounts.models import MailAccount, SecurityEvent
from mailsync.models import Halt
from tests.factories import make_account, make_user

pytestmark = pytest.mark.django_db
URL = "/admin/mailsync/accountsync/"


def test_paused_and_resumed_and_told(client: Client) -> None:
    root = make_user("root", is_staff=True, is_superuser=True)
    client.force_login(root)
    account, other = make_account(), make_account()
    for act, state in (("pause", MailAccount.State.PAUSED), ("resume", MailAccount.State.ACTIVE)):
        client.post(URL, {"action": act, "_selected_action": [account.pk]})
        account.refresh_from_db()
        assert account.state == state
    assert list(SecurityEvent.objects.values_list("user", "actor", "kind")) == [
        (account.user_id, root.pk, "admin_act"),
        (account.user_id, root.pk, "admin_act"),
    ]
    other.refresh_from_db()
    assert other.state == MailAccount.State.ACTIVE


def test_a_stranger_pauses_nothing(client: Client) -> None:
    account = make_account()
    for user in (make_user(), make_user(is_staff=True)):
        client.force_login(user)
        client.post(URL, {"action": "pause", "_selected_action": [account.pk]})
    account.refresh_from_db()
    assert account.state == MailAccount.State.ACTIVE


def test_a_halt_says_how_much_it_stops(client: Client) -> None:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    account = make_account(host="imap.big.test")
    make_account(host="imap.big.test")
    add = "/admin/mailsync/halt/add/"
    both = client.post(add, {"account": account.pk, "host": "imap.big.test", "reason": "Maintenance."})
    assert "Choose a mail account or a host, not both." in both.content.decode()
    for fields, words in (
        ({"host": "IMAP.big.test"}, "This halt stops 2 mail accounts."),
        ({"account": account.pk}, "This halt stops 1 mail account."),
        ({"host": "imap.big.test:993"}, "This halt stops no mail account"),
    ):
        page = client.post(add, {"reason": "Maintenance until noon.", **fields}, follow=True).content.decode()
        assert words in page
    assert Halt.objects.count() == 3
