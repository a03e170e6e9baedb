"""The status page of a POP3 account: folders that are here alone, and messages that its server would not give."""

import pytest
from django.test import Client

from accounts.models import User
from mailsync.engine.pop_pull import pull_maildrop
from tests.engine.maildrop import Maildrop
from tests.factories import make_account, raw_message

pytestmark = pytest.mark.django_db


def test_what_the_server_would_not_give_is_told(browser: Client, anna: User) -> None:
    account = make_account(anna, protocol="pop3")
    server = Maildrop([("a", raw_message("One")), ("b", raw_message("Broken"))], refused={"b"})
    pull_maildrop(account, connect=server.connect)
    page = " ".join(browser.get(f"/settings/accounts/{account.pk}/sync/").content.decode().split())
    assert "I cannot read it." in page
    assert "Asked 1 time." in page
    assert "All but 1 message" in page
    assert page.count("Only here") == 6
    server.refused.clear()
    pull_maildrop(account, connect=server.connect)
    assert "I cannot read it." not in browser.get(f"/settings/accounts/{account.pk}/sync/").content.decode()
