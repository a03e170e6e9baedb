"""Redis carries hints alone: while it is away everything that people do is done without them."""

import logging
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from accounts.models import User
from tests.factories import make_account, make_folder, make_message
from tests.web.signing_in import PASSWORD

pytestmark = pytest.mark.django_db


@pytest.fixture
def away(settings: Any) -> None:
    nowhere = {**settings.CACHES["default"], "LOCATION": "redis://127.0.0.1:1/0"}
    settings.CACHES = {"default": nowhere}


def test_nothing_is_kept_and_nobody_is_refused(away: None, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "webmail.hint_cache"):
        assert cache.get("a", 7) == 7
        cache.set("a", 1)
        assert cache.add("a", 1) is True
        assert cache.get_many(["a"]) == {}
        assert cache.set_many({"a": 1}) == ["a"]
        assert "a" not in cache
        assert cache.delete("a") is False
    assert len([record for record in caplog.records if "cannot be reached" in record.message]) <= 1


def test_people_sign_in_read_and_write(away: None, client: Client, alice: User) -> None:
    folder = make_folder(make_account(alice))
    make_message(folder)
    assert client.post("/accounts/password/reset/", {"email": alice.email}).status_code == 302
    assert client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD}).status_code == 302
    for path in ("/", f"/f/{folder.pk}/", f"/f/{folder.pk}/?start=0", "/compose/recipients?q=ad"):
        assert client.get(path).status_code in (200, 302), path


def test_what_is_kept_is_found_while_it_is_there() -> None:
    cache.set("a", 1)
    assert (cache.get("a"), "a" in cache, cache.add("a", 2), cache.get_many(["a"])) == (1, True, False, {"a": 1})
    assert cache.delete("a") is True
