"""The search for leaked secrets finds what is planted, in each of the places where it looks."""

import base64

import pytest

from tests.browser.leaks import find_leaks
from tests.browser.site import Site

PLANTED = "a planted secret"
PLANT = """
from django.contrib.sessions.backends.db import SessionStore
from django.core.cache import cache
from accounts.models import User
import base64
session = SessionStore(); session["note"] = {secret!r}; session.create()
cache.set("note", {secret!r})
User.objects.create_user("planted@example.org", name=base64.b64encode({secret!r}.encode()).decode())
"""


@pytest.mark.browser
@pytest.mark.timeout(120)
def test_what_is_planted_is_found(site: Site) -> None:
    assert find_leaks(site, [PLANTED]) == []
    site.manage("shell", "-c", PLANT.format(secret=PLANTED))
    log = site.children["web"].log
    with log.open("ab") as file:
        file.write(base64.b64encode(b"\0jo@example.org\0" + PLANTED.encode()) + b"\n")
    found = find_leaks(site, [PLANTED], ["jo@example.org"])
    assert {"a session", "log web.log", "table accounts_user"} <= set(found)
    assert [place for place in found if place.startswith("Redis")]
