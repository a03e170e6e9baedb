"""The access matrix: every URL as anonymous, stranger, owner, inactive user, half administrator and administrator.

Made from the URLconf, so that a new view cannot be forgotten: a pattern that takes an id is somebody's, one under
``admin:`` or ``operator`` is the administrator's, and whatever anybody may see is named in ``PUBLIC`` below.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.http import HttpResponse
from django.test import Client
from django.urls import NoReverseMatch, URLPattern, URLResolver, get_resolver, reverse

from accounts.models import MailAccount, User
from tests.factories import make_account, make_user
from tests.web.test_access import alice, belongings  # noqa: F401  the same cast

pytestmark = pytest.mark.django_db

#: What anybody may see, signed in or not.
PUBLIC = {
    *("security_txt", "setup", "setup_make", "manifest", "worker", "offline"),
    *("account_login", "account_logout", "account_signup", "account_inactive", "account_reset_password"),
    *("account_reset_password_done", "account_reset_password_from_key", "account_reset_password_from_key_done"),
    *("account_confirm_email", "account_email_verification_sent", "account_request_login_code"),
    *("account_confirm_login_code", "account_confirm_phone", "account_verify_phone", "account_reauthenticate"),
    *("mfa_authenticate", "mfa_login_webauthn", "mfa_trust", "mfa_signup_webauthn"),
    *("socialaccount_login_cancelled", "socialaccount_login_error", "socialaccount_signup"),
    *("openid_connect_login", "openid_connect_callback", "sign_in_by_provider"),
    *("admin:login", "admin:logout", "admin:jsi18n"),
}
BACKEND = "allauth.account.auth_backends.AuthenticationBackend"


def patterns(resolver: URLResolver, space: str = "", taken: tuple[str, ...] = ()) -> Iterator[tuple[str, list[str]]]:
    """Every name of the URLconf, with what its address takes."""
    for entry in resolver.url_patterns:
        takes = (*taken, *(entry.pattern.converters or entry.pattern.regex.groupindex))
        if isinstance(entry, URLResolver):
            yield from patterns(entry, f"{space}{entry.namespace}:" if entry.namespace else space, takes)
        elif isinstance(entry, URLPattern) and entry.name:
            yield space + entry.name, list(takes)


ALL = dict(patterns(get_resolver()))
#: Values for what is no id: any that a URL takes.
PLAIN = {"keyword": "x", "token": "x", "key": "x", "uidb36": "1", "url": "x", "app_label": "accounts", "object_id": "1"}


def url_of(name: str, things: dict[str, Any]) -> str:
    converters = ALL[name]
    try:
        return reverse(name, kwargs={key: things.get(key, PLAIN.get(key, "1")) for key in converters})
    except NoReverseMatch:
        # The admin's own patterns of several models share a name, and some take positional arguments.
        return reverse(name, args=["1"] * len(converters))


def is_owned(name: str) -> bool:
    keys = set(ALL[name]) - {"content_type_id", "provider_id"}
    return not name.startswith("admin:") and any(key.endswith("_id") for key in keys)


def is_administrators(name: str) -> bool:
    return name.startswith(("admin:", "operator")) and name not in PUBLIC


def signed_in(user: User) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(user, backend=BACKEND)
    return client


def both(client: Client, url: str) -> list[HttpResponse]:
    return [client.get(url), client.post(url)]  # type: ignore[list-item]


def is_shut(answer: HttpResponse) -> bool:
    """Sent to the sign-in page, or told nothing."""
    to_sign_in = answer.status_code == 302 and "/login/?" in answer.headers["Location"]
    # The admin answers who asks for a row that is not there with its front page.
    nothing_there = answer.status_code == 302 and answer.headers["Location"] == "/admin/"
    return to_sign_in or nothing_there or answer.status_code in (401, 403, 404, 405)


NAMES = sorted(ALL)
#: An answer without end is tested in ``test_live.py``.
STREAMS = {"events"}
OWNED = [name for name in NAMES if is_owned(name)]
GUARDED = [name for name in NAMES if name not in PUBLIC | STREAMS]
ADMINISTRATORS = [name for name in NAMES if is_administrators(name)]
#: What the admin shows to a member of staff who may do nothing: a front page without anything on it.
HARMLESS = {"admin:index", "admin:password_change", "admin:password_change_done", "admin:autocomplete"}


def test_the_matrix_is_the_whole_urlconf() -> None:
    assert len(NAMES) > 120
    assert {"home", "folder", "operator", "operator_outbound", "oauth_callback", "security_log"} <= set(GUARDED)
    assert {"admin:index", "admin:accounts_user_change", "operator"} <= set(ADMINISTRATORS)
    assert PUBLIC.isdisjoint(OWNED)


def test_nobody_without_a_session_gets_in(belongings: dict[str, Any]) -> None:  # noqa: F811
    client = Client(raise_request_exception=False)
    let_in = [
        (name, answer.status_code, answer.headers.get("Location"))
        for name in GUARDED
        for answer in both(client, url_of(name, belongings))
        if not is_shut(answer)
    ]
    assert let_in == []


def test_an_inactive_user_gets_in_nowhere(belongings: dict[str, Any], alice: User) -> None:  # noqa: F811
    client = signed_in(alice)
    User.objects.filter(pk=alice.pk).update(is_active=False)
    let_in = [
        (name, answer.status_code, answer.headers.get("Location"))
        for name in GUARDED
        for answer in both(client, url_of(name, belongings))
        if not is_shut(answer)
    ]
    assert let_in == []


@pytest.mark.parametrize("role", ["stranger", "administrator"])
def test_what_is_somebodys_is_not_there_for_anybody_else(role: str, belongings: dict[str, Any]) -> None:  # noqa: F811
    rights = {"is_staff": True, "is_superuser": True} if role == "administrator" else {}
    user = make_user(**rights)
    make_account(user)
    client = signed_in(user)
    answers = {name: {answer.status_code for answer in both(client, url_of(name, belongings))} for name in OWNED}
    assert len(answers) > 25
    assert {name: codes for name, codes in answers.items() if 404 not in codes or not codes <= {404, 405}} == {}


def test_the_owner_finds_their_own(belongings: dict[str, Any], alice: User) -> None:  # noqa: F811
    client = signed_in(alice)
    found = {name: client.get(url_of(name, belongings)).status_code for name in OWNED}
    # What is named by more than an id (a part, a picture) may not be there, nor files where none came.
    exact = {
        name: code
        for name, code in found.items()
        if set(ALL[name]) <= set(belongings) - {"part", "name", "cid"} and name != "attachments_zip"
    }
    assert {name: code for name, code in found.items() if code >= 500} == {}
    assert {name: code for name, code in exact.items() if code not in (200, 204, 302, 405)} == {}


def test_only_an_administrator_gets_into_administration(belongings: dict[str, Any]) -> None:  # noqa: F811
    urls = {name: url_of(name, belongings) for name in ADMINISTRATORS}
    for user, harmless in ((make_user(), set()), (make_user(is_staff=True), HARMLESS)):
        client = signed_in(user)
        let_in = [n for n, url in urls.items() if n not in harmless for a in both(client, url) if not is_shut(a)]
        assert let_in == []
    client = signed_in(make_user(is_staff=True, is_superuser=True))
    assert {name: code for name, url in urls.items() if (code := client.get(url).status_code) >= 500} == {}


def test_every_unsafe_request_needs_the_sites_own_token(belongings: dict[str, Any], alice: User) -> None:  # noqa: F811
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)
    client.force_login(alice, backend=BACKEND)
    before = MailAccount.objects.count()
    taken = [
        (name, method.__name__)
        for name in NAMES
        for method in (client.post, client.put, client.delete)
        if method(url_of(name, belongings)).status_code not in (403, 404)
    ]
    assert taken == []
    assert MailAccount.objects.count() == before


def test_no_page_can_be_framed_by_another_site(belongings: dict[str, Any], alice: User) -> None:  # noqa: F811
    client = signed_in(alice)
    for name in NAMES:
        if name in STREAMS:
            continue
        answer = client.get(url_of(name, belongings))
        policy = answer.headers.get("Content-Security-Policy", "")
        ancestors = next((part.split()[1:] for part in policy.split("; ") if part.startswith("frame-ancestors")), None)
        shielded = answer.headers.get("X-Frame-Options") in ("DENY", "SAMEORIGIN")
        assert ancestors in (["'none'"], ["'self'"]) or shielded, name
        assert answer.headers["X-Content-Type-Options"] == "nosniff", name
        assert answer.headers.get("Cross-Origin-Resource-Policy") == "same-origin", name
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin", name
        assert "camera=()" in answer.headers["Permissions-Policy"], name
        answer.close()


def test_a_half_administrators_front_page_is_empty() -> None:
    page = signed_in(make_user(is_staff=True)).get("/admin/").content.decode()
    assert "/admin/accounts/" not in page
    assert "/admin/mailsync/" not in page


def test_the_admin_shows_no_secret_of_anybody(alice: User) -> None:  # noqa: F811
    account = make_account(alice, password="tell-nobody-this")
    client = signed_in(make_user(is_staff=True, is_superuser=True))
    shown = 0
    for model, model_admin in admin.site._registry.items():
        if model is LogEntry:
            continue
        base = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        pages = [client.get(reverse(f"{base}_changelist"))]
        first = model._default_manager.first()
        if first is not None:
            pages.append(client.get(reverse(f"{base}_change", args=[first.pk])))
        for page in pages:
            assert page.status_code == 200, (model, model_admin)
            assert "tell-nobody-this" not in page.content.decode()
            shown += 1
    assert shown > 20
    assert "credential" not in {model._meta.model_name for model in admin.site._registry}
    assert account.credentials.get().reveal() == "tell-nobody-this"
