"""A session is what its row says, at once, in every process: no copy of it outlives it."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.session_store import SessionStore
from accounts.sessions import end_sessions
from tests.factories import make_user

pytestmark = pytest.mark.django_db


def stored() -> str:
    session = SessionStore()
    session["word"] = "kept"
    session.save()
    assert session.session_key
    return session.session_key


def test_what_is_kept_is_found_by_its_key_in_one_query() -> None:
    key = stored()
    session = SessionStore(key)
    with CaptureQueriesContext(connection) as asked:
        assert session["word"] == "kept"
        assert session.get("other") is None
    assert (len(asked), session.session_key) == (1, key)


def test_a_key_that_is_not_ours_is_not_taken_over() -> None:
    session = SessionStore("0123456789abcdefghijklmnopqrstuv")
    assert session.get("word") is None
    assert session.session_key is None


def test_a_session_that_has_run_out_or_been_deleted_is_empty() -> None:
    late, gone = stored(), stored()
    Session.objects.filter(session_key=late).update(expire_date=timezone.now() - timedelta(seconds=1))
    Session.objects.filter(session_key=gone).delete()
    assert [SessionStore(key).get("word") for key in (late, gone)] == [None, None]


def test_signed_out_everywhere_is_signed_out_with_the_next_request() -> None:
    user = make_user("ann")
    browser = Client()
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/settings/profile/").status_code == 200
    end_sessions(user)
    assert browser.get("/settings/profile/").status_code == 302
