"""A person deleted by an administrator: everything of theirs goes, nobody else's, and nothing of it is shown."""

import pytest
from django.apps import apps
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Departure, MailAccount, SecurityEvent, User
from mailsync.models import Draft, Message, Outgoing
from tests.belongings import fill_every_table
from tests.factories import make_account, make_folder, make_message, make_user
from tests.forgotten import forget_all

pytestmark = pytest.mark.django_db


def make_person(messages: int) -> User:
    user = make_user()
    account = make_account(user)
    folder = make_folder(account)
    for number in range(messages):
        make_message(folder, subject=f"A private matter {number}")
    original = Message.objects.filter(account=account).first()
    Draft.objects.create(user=user, identity=account.identities.get(), subject="A private draft", original=original)
    SecurityEvent.objects.create(user=user, kind="signed_in")
    return user


@pytest.fixture
def office(client: Client) -> Client:
    client.force_login(make_user("root", is_staff=True, is_superuser=True))
    return client


def everything() -> dict[str, int]:
    """How many rows each table has, those of the packages that Heron uses among them."""
    return {model._meta.label: model._default_manager.count() for model in apps.get_models()}


def test_what_goes_is_told_in_numbers(office: Client) -> None:
    user = make_person(3)
    Outgoing.objects.create(user=user, account=user.mail_accounts.get(), subject="private", state="queued")
    other = make_person(1)
    page = office.get(f"/admin/accounts/user/{user.pk}/delete/").content.decode()
    chosen = {"action": "delete_selected", "_selected_action": [user.pk, other.pk]}
    both = office.post("/admin/accounts/user/", chosen).content.decode()
    for text, accounts, messages in ((page, 1, 3), (both, 2, 4)):
        assert f"Mail accounts: {accounts}" in text
        assert f"Messages: {messages}" in text
        assert "1 message that waits to be sent, and will not be" in text
        assert "Nothing is deleted on their mail servers" in text
        assert "private" not in text


def test_everything_goes_and_nothing_of_anybody_else(office: Client) -> None:
    fill_every_table(make_user())
    office.get("/admin/")
    before = everything()
    user = make_user()
    tables = {model._meta.label for model in fill_every_table(user)}
    grown = {label for label, count in everything().items() if count > before[label]}
    assert grown == {*tables, "sessions.Session"}
    assert "mailsync.RenderedBody" in grown
    answer = office.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302
    forget_all()
    # The deletion itself is what the admin writes down.
    assert everything() == {**before, "admin.LogEntry": before["admin.LogEntry"] + 1}


def test_many_are_deleted_as_one_and_the_administrator_stays(office: Client) -> None:
    people = [make_person(1), make_person(1), User.objects.get(is_superuser=True)]
    chosen = {"action": "delete_selected", "_selected_action": [user.pk for user in people], "post": "yes"}
    asked = office.post("/admin/accounts/user/", {**chosen, "post": ""}).content.decode()
    assert "Users: 2" in asked
    assert "You yourself stay." in asked
    office.post("/admin/accounts/user/", chosen)
    forget_all()
    assert list(User.objects.values_list("is_superuser", flat=True)) == [True]
    assert not Message.objects.exists()


def test_a_large_mailbox_costs_no_request_any_time(office: Client) -> None:
    counts = []
    # The first one fills caches.
    for messages in (2, 2, 12):
        user = make_person(messages)
        with CaptureQueriesContext(connection) as queries:
            office.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"})
        counts.append(len(queries))
    assert counts[1] == counts[2]
    assert Message.objects.count() == 16


def test_who_is_being_deleted_is_shown_as_such_and_left_alone(office: Client) -> None:
    user = make_person(3)
    address = user.email
    told = office.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"}, follow=True).content.decode()
    assert f"Nobody can sign in as {address} any more" in told
    listed = office.get("/admin/accounts/user/").content.decode()
    assert f'{address} <span class="leaving">being deleted</span>' in listed
    assert "invalid" not in listed
    page = office.get(f"/admin/accounts/user/{user.pk}/change/").content.decode()
    assert address in page
    assert "3 messages" in page
    assert 'name="_save"' not in page
    assert office.get(f"/admin/accounts/user/{user.pk}/delete/").status_code == 403
    for action in ("activate", "invite", "deactivate", "sign_out"):
        office.post("/admin/accounts/user/", {"action": action, "_selected_action": [user.pk]})
    chosen = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
    office.post("/admin/accounts/user/", chosen)
    assert not User.objects.get(pk=user.pk).is_active
    assert Departure.objects.get().address == address
    assert "Being deleted" in office.get("/operator/").content.decode()
    assert address not in office.get("/admin/accounts/mailaccount/").content.decode()


def test_their_address_is_free_at_once(office: Client) -> None:
    user = make_person(1)
    address = user.email
    office.post(f"/admin/accounts/user/{user.pk}/delete/", {"post": "yes"})
    office.post("/admin/accounts/user/add/", {"email": address, "name": "", "language": ""})
    assert User.objects.get(email=address).pk != user.pk
    forget_all()
    assert User.objects.filter(email=address).exists()
    assert not Message.objects.exists()


def test_a_mail_account_is_its_owners_to_disconnect(office: Client) -> None:
    account = make_account()
    assert office.get(f"/admin/accounts/mailaccount/{account.pk}/delete/").status_code == 403
    assert MailAccount.objects.filter(pk=account.pk).exists()
