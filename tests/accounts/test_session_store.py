"""A session is what its row says, at once, in every process, and its user too: no copy of either outlives it."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.contrib.sessions.models import Session
from django.db import connection
from django.http import HttpResponse
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.middleware import SessionUserMiddleware
from accounts.models import User
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


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    browser.get("/offline/")  # allauth notes whose the session is
    return browser


def whose(browser: Client) -> tuple[AbstractBaseUser | AnonymousUser, int]:
    """Who the next request is of, and how many queries it took to find out."""
    request = RequestFactory().get("/")
    request.session = SessionStore(browser.cookies[settings.SESSION_COOKIE_NAME].value)
    SessionUserMiddleware(lambda _request: HttpResponse())(request)
    with CaptureQueriesContext(connection) as asked:
        assert request.user.is_authenticated in (True, False)
    return request.user, len(asked)


def test_a_session_brings_its_user() -> None:
    ann = make_user("ann", preferences={"density": "compact"}, timezone="Europe/Berlin")
    user, queries = whose(signed_in(ann))
    assert (user, queries) == (ann, 1)
    assert isinstance(user, User)
    for field in User._meta.concrete_fields:
        assert getattr(user, field.attname) == getattr(User.objects.get(pk=ann.pk), field.attname), field.attname
    assert not user._state.adding


def test_what_has_changed_about_the_user_holds_with_the_next_request() -> None:
    ann = make_user("ann")
    browser = signed_in(ann)
    User.objects.update(name="Ann Other")
    assert getattr(whose(browser)[0], "name", "") == "Ann Other"
    User.objects.update(is_active=False)
    assert not whose(browser)[0].is_authenticated


def test_a_password_that_has_changed_ends_the_session() -> None:
    ann = make_user("ann")
    browser = signed_in(ann)
    ann.set_password("quite another one")
    ann.save()
    assert not whose(browser)[0].is_authenticated


def test_a_session_that_nobody_has_noted_yet_is_its_users_all_the_same() -> None:
    ann = make_user("ann")
    browser = signed_in(ann)
    UserSession.objects.all().delete()
    assert whose(browser) == (ann, 2)


def test_a_session_noted_as_anothers_is_whose_it_says_it_is() -> None:
    ann, bob = make_user("ann"), make_user("bob")
    browser = signed_in(ann)
    UserSession.objects.update(user=bob)
    assert whose(browser) == (ann, 2)


def test_a_user_brought_by_a_session_is_for_that_request_alone() -> None:
    ann = make_user("ann")
    found, _queries = whose(signed_in(ann))
    assert User.objects.get(pk=ann.pk) is not found
