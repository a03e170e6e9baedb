"""What the tests of pages share: somebody signed in, and the parts of a page."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from tests.factories import make_user


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
