"""What the tests of pages share: somebody signed in, and the parts of a page."""

from typing import Any

import pytest
from django.test import Client

from accounts.discovery import Discovery
from accounts.invitations import make_user as invite
from accounts.models import User
from mailsync import actions
from mailsync.models import Draft
from tests.factories import make_account, make_user
from tests.web.connecting import Probe
from tests.web.signing_in import PASSWORD


@pytest.fixture
def anna(db: None) -> User:
    return make_user("anna", timezone="Europe/Berlin")


@pytest.fixture
def browser(anna: User) -> Client:
    """A client in which Anna is signed in."""
    client = Client()
    client.force_login(anna, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


class Part(dict[str, Any]):
    """Headers that ask for a part of a page: ``client.get(url, **Part("rows"))``."""

    def __init__(self, target: str, **more: str) -> None:
        super().__init__(headers={"HX-Request": "true", "HX-Target": target, **more})


@pytest.fixture
def part() -> type[Part]:
    return Part


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Probe:
    probe = Probe()
    monkeypatch.setattr(actions, "check_login", probe)
    return probe


@pytest.fixture
def network(monkeypatch: pytest.MonkeyPatch) -> list[Discovery]:
    """What the network says of any address: nothing, unless a test puts a discovery here."""
    says: list[Discovery] = []
    monkeypatch.setattr(actions, "find_servers", lambda _address: says[0] if says else None)
    return says


@pytest.fixture
def writer(client: Client) -> User:
    """Signed in, with one account that may send."""
    user = make_user("alice", timezone="Europe/Berlin")
    make_account(user, address="alice@mail.test")
    client.force_login(user)
    return user


@pytest.fixture
def draft(writer: User) -> Draft:
    return actions.start_draft(writer.pk)


@pytest.fixture
def alice(db: None) -> User:
    """A person as the administrator makes one, who has chosen a password."""
    user = invite("alice@people.test", name="Alice")
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def at_home(client: Client, alice: User) -> Client:
    """Alice has signed in, and said once more that it is she, as some pages ask."""
    client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client
