"""Identities: a further address is proved by a link before it may be sent as."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import identities
from accounts.models import Identity, MailAccount, SecurityEvent, User
from tests.factories import make_account, make_user
from webmail.templatetags.heron import breakable

pytestmark = pytest.mark.django_db


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def account(alice: User) -> MailAccount:
    return make_account(alice, address="alice@club.test")


@pytest.fixture
def as_alice(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def as_bob() -> Client:
    client = Client()
    client.force_login(make_user("bob"))
    return client


@pytest.fixture
def alias(as_alice: Client, account: MailAccount) -> Identity:
    as_alice.post(f"/settings/accounts/{account.pk}/identities/add/", {"address": "office@club.test", "name": "Office"})
    return Identity.objects.get(address="office@club.test")


def link_in_mail() -> str:
    found = re.search(r"https?://[^/]+(/settings/identities/confirm/\S+)", str(mail.outbox[-1].body))
    assert found
    return found[1]


def test_a_new_address_waits_for_its_link(as_alice: Client, alias: Identity) -> None:
    assert alias.verified_at is None
    assert mail.outbox[0].to == ["office@club.test"]
    page = as_alice.get(link_in_mail()).content.decode()
    alias.refresh_from_db()
    assert "Is it yours?" in page
    assert alias.verified_at is None, "opening the link alone proves nothing: mail scanners open links too"
    as_alice.post(link_in_mail())
    alias.refresh_from_db()
    assert alias.verified_at is not None


def test_the_link_is_for_its_person_and_its_address_only(as_alice: Client, as_bob: Client, alias: Identity) -> None:
    assert as_bob.post(link_in_mail()).status_code == 404
    Identity.objects.filter(pk=alias.pk).update(address="victim@club.test")
    assert as_alice.post(link_in_mail()).status_code == 404
    alias.refresh_from_db()
    assert alias.verified_at is None


def test_an_old_or_forged_link_says_so(as_alice: Client, alias: Identity, monkeypatch: pytest.MonkeyPatch) -> None:
    assert as_alice.get("/settings/identities/confirm/forged/").status_code == 404
    monkeypatch.setattr(identities, "LINK_SECONDS", -1)
    answer = as_alice.get(link_in_mail())
    assert answer.status_code == 404
    assert "This link no longer works" in answer.content.decode()


def test_the_same_address_twice_is_refused(as_alice: Client, account: MailAccount, alias: Identity) -> None:
    answer = as_alice.post(f"/settings/accounts/{account.pk}/identities/add/", {"address": "Office@club.test"})
    assert answer.status_code == 422
    assert account.identities.count() == 2


def test_a_long_address_breaks_before_its_sign(as_alice: Client, alias: Identity) -> None:
    page = as_alice.get(f"/settings/identities/{alias.pk}/").text
    assert "<h1>office<wbr>@club.test</h1>" in page
    assert breakable("<b>@x.test") == "&lt;b&gt;<wbr>@x.test"


def test_only_a_proved_identity_becomes_the_default(as_alice: Client, account: MailAccount, alias: Identity) -> None:
    as_alice.post(f"/settings/identities/{alias.pk}/default/")
    assert account.identities.get(is_default=True).address == "alice@club.test"
    identities.confirm(alias)
    as_alice.post(f"/settings/identities/{alias.pk}/default/")
    assert account.identities.get(is_default=True).address == "office@club.test"


def test_the_default_identity_cannot_be_removed(as_alice: Client, account: MailAccount, alias: Identity) -> None:
    own = account.identities.get(is_default=True)
    as_alice.post(f"/settings/identities/{own.pk}/remove/", {"sure": "1"})
    as_alice.post(f"/settings/identities/{alias.pk}/remove/", {"sure": "1"})
    assert [row.address for row in account.identities.all()] == ["alice@club.test"]


@pytest.mark.parametrize("verb", ["", "prove/", "default/", "remove/"])
def test_bob_gets_404_for_alices_identity(as_bob: Client, alias: Identity, verb: str) -> None:
    assert as_bob.post(f"/settings/identities/{alias.pk}/{verb}", {"name": "Bob"}).status_code == 404
    assert Identity.objects.filter(pk=alias.pk, name="Office").exists()


def test_bob_adds_nothing_to_alices_account(as_bob: Client, account: MailAccount) -> None:
    answer = as_bob.post(f"/settings/accounts/{account.pk}/identities/add/", {"address": "bob@club.test"})
    assert answer.status_code == 404


def test_a_further_address_is_added_from_the_page_of_signatures_too(client: Client) -> None:
    user = make_user("writer")
    first = make_account(user, address="one@mail.test")
    client.force_login(user)
    page = client.get("/settings/writing/").text
    assert f'href="/settings/accounts/{first.pk}/identities/add/"' in page
    assert "Add an address</a>" in page
    second = make_account(user, address="two@mail.test")
    page = client.get("/settings/writing/").text
    assert f'href="/settings/accounts/{second.pk}/identities/add/"' in page
    assert "Add an address for two@mail.test</a>" in page


def test_nobody_is_pestered_with_links(as_alice: Client, alias: Identity) -> None:
    """Anybody's address can be typed, and the letter says the name that its writer has chosen."""
    for _ in range(30):
        page = as_alice.post(f"/settings/identities/{alias.pk}/prove/", follow=True).content.decode()
    assert len(mail.outbox) == 20
    assert "Too many links were sent today" in page
    account = alias.account_id
    as_alice.post(f"/settings/accounts/{account}/identities/add/", {"address": "another@club.test"})
    assert len(mail.outbox) == 20
    told = SecurityEvent.objects.filter(user=alias.user, kind="identity")
    assert set(told.values_list("detail", flat=True)) == {"office@club.test"}
    assert "Link sent to confirm an address to write from" in as_alice.get("/settings/security/log/").content.decode()
    told.update(created_at=timezone.now() - timedelta(days=1, minutes=1))
    as_alice.post(f"/settings/identities/{alias.pk}/prove/")
    assert len(mail.outbox) == 21
