"""The status page of a POP3 account: folders that are here alone, and messages that its server would not give."""

import pytest
from django.test import Client

from accounts.models import User
from mailsync.engine.pop_pull import pull_maildrop
from mailsync.store.specials import find_role_folder
from mailsync.types import Role
from tests.engine.maildrop import Maildrop
from tests.factories import make_account, make_folder, make_message, raw_message

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


def test_what_is_only_here_is_told_before_the_account_goes(browser: Client, anna: User) -> None:
    """What the server has no more, and what was written here."""
    account = make_account(anna, protocol="pop3", leave_on_server="after_days", leave_days=30)
    server = Maildrop([("a", raw_message("One")), ("b", raw_message("Two"))])
    pull_maildrop(account, connect=server.connect)
    path = f"/settings/accounts/{account.pk}/remove/"
    assert "only here" not in browser.get(path).text
    server.mail.pop()
    pull_maildrop(account, connect=server.connect)
    page = browser.get(path).text
    assert "1 message exists only here." in page
    assert f"?account={account.pk}" in page
    assert "Archive mode" not in page
    make_message(find_role_folder(account.pk, Role.SENT) or make_folder(account), subject="Sent")
    assert "2 messages exist only here." in browser.get(path).text
