"""What a stranger can try at the door: guessing, asking who is here, planting a session; and what is told of it."""

import difflib
import re

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from accounts.invitations import password_link
from accounts.models import SecurityEvent, User
from mailsync.models import Device
from mailsync.store.devices import load_devices
from tests.factories import make_user
from tests.web.signing_in import PASSWORD

pytestmark = pytest.mark.django_db

Kind = SecurityEvent.Kind


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Rate limits live in the cache."""
    cache.clear()


def try_in(client: Client, address: str, password: str = PASSWORD) -> int:
    return client.post("/accounts/login/", {"login": address, "password": password}).status_code


def difference(one: str, other: str) -> list[str]:
    """The lines in which two pages differ."""
    return [
        line
        for line in difflib.unified_diff(one.splitlines(), other.splitlines(), n=0)
        if line[:3] not in ("---", "+++")
    ]


def without_tokens(page: str) -> str:
    return re.sub(r"[A-Za-z0-9]{64}", "", page)


@pytest.mark.parametrize("address", ["http://[::1", "//evil.test/", "https:evil.test", "\\\\evil.test", "javascript:x"])
def test_nobody_is_led_elsewhere_by_signing_in(client: Client, alice: User, address: str) -> None:
    assert client.get("/accounts/login/", {"next": address}).status_code == 200
    answer = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD, "next": address})
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")


def test_brute_force_is_stopped_even_for_the_right_password(client: Client, alice: User) -> None:
    answers = [client.post("/accounts/login/", {"login": alice.email, "password": f"guess-{n}"}) for n in range(12)]
    assert answers[0].status_code == 200
    assert "Too many" in answers[-1].content.decode() or answers[-1].status_code == 429
    assert try_in(client, alice.email) != 302
    assert "_auth_user_id" not in client.session
    # From another address the person themself still gets in after the wait; the tries stand in their log.
    assert alice.security_events.filter(kind=Kind.SIGN_IN_FAILED).count() >= 5


def test_sign_in_tells_a_stranger_nothing(alice: User) -> None:
    pages = []
    for address in (alice.email, "nobody@people.test"):
        answer = Client().post("/accounts/login/", {"login": address, "password": "wrong-password"})
        pages.append(without_tokens(answer.content.decode()).replace(address, "ADDRESS"))
        assert answer.status_code == 200
    assert difference(*pages) == []


@pytest.mark.parametrize("path", ["/accounts/password/reset/", "/accounts/login/code/"])
def test_reset_and_code_tell_a_stranger_nothing(alice: User, path: str) -> None:
    pages, letters = [], []
    for address in (alice.email, "nobody@people.test"):
        answer = Client().post(path, {"email": address}, follow=True)
        pages.append(f"{answer.redirect_chain}\n" + without_tokens(answer.content.decode()).replace(address, "ADDRESS"))
        letters.append(len(mail.outbox))
        mail.outbox.clear()
    assert difference(*pages) == []
    # Only who is here gets a letter: nobody can have letters sent to addresses of their choice.
    assert letters == [1, 0]


def test_sign_up_tells_a_stranger_nothing(alice: User, settings: object) -> None:
    settings.HERON_OPEN_SIGNUP = True  # type: ignore[attr-defined]
    pages = []
    for address in (alice.email, "new@people.test"):
        form = {"email": address, "password1": "another-long-secret", "password2": "another-long-secret"}
        answer = Client().post("/accounts/signup/", form, follow=True)
        pages.append(f"{answer.redirect_chain}\n" + without_tokens(answer.content.decode()).replace(address, "ADDRESS"))
    assert difference(*pages) == []
    assert User.objects.filter(email=alice.email).count() == 1
    alice.refresh_from_db()
    assert alice.check_password(PASSWORD)


def test_an_inactive_person_is_told_no_more_than_a_wrong_password_before_the_right_one(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    answer = Client().post("/accounts/login/", {"login": alice.email, "password": "wrong-password"})
    assert answer.status_code == 200
    assert "inactive" not in answer.content.decode().lower()


def test_a_session_that_was_planted_is_worth_nothing(client: Client, alice: User) -> None:
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = True
    session.save()
    planted = session.session_key
    client.cookies["sessionid"] = planted
    assert try_in(client, alice.email) == 302
    assert client.session.session_key != planted
    thief = Client()
    thief.cookies["sessionid"] = planted
    assert thief.get("/settings/").status_code == 302


def test_a_mailed_code_opens_the_door_once(client: Client, alice: User) -> None:
    client.post("/accounts/login/code/", {"email": alice.email})
    code = re.search(r"^\s*([A-Z0-9][A-Z0-9-]{4,12})\s*$", str(mail.outbox[0].body), re.MULTILINE)
    assert code, mail.outbox[0].body
    page = client.get("/accounts/login/code/confirm/").content.decode()
    assert "Enter the code" in page
    assert client.post("/accounts/login/code/confirm/", {"code": code[1]}).status_code == 302
    assert client.session["_auth_user_id"] == str(alice.pk)
    other = Client()
    assert other.post("/accounts/login/code/confirm/", {"code": code[1]}).status_code == 302
    assert "_auth_user_id" not in other.session


def test_guessing_a_mailed_code_ends_it(client: Client, alice: User) -> None:
    client.post("/accounts/login/code/", {"email": alice.email})
    for _ in range(4):
        client.post("/accounts/login/code/confirm/", {"code": "AAAA-AAAA"})
    code = re.search(r"^\s*([A-Z0-9][A-Z0-9-]{4,12})\s*$", str(mail.outbox[0].body), re.MULTILINE)
    assert code
    client.post("/accounts/login/code/confirm/", {"code": code[1]})
    assert "_auth_user_id" not in client.session


def test_signing_out_everywhere_ends_every_session(alice: User) -> None:
    here, there = Client(), Client()
    for browser in (here, there):
        assert try_in(browser, alice.email) == 302
        assert browser.get("/settings/").status_code == 200
    assert "Sign out everywhere" in here.get("/settings/security/").content.decode()
    assert here.get("/settings/security/sign-out/").status_code == 405
    answer = here.post("/settings/security/sign-out/")
    assert (answer.headers["Location"], answer.headers["Clear-Site-Data"]) == ("/accounts/login/", '"storage"')
    for browser in (here, there):
        assert browser.get("/settings/").status_code == 302


def told_of_new_mail(browser: Client, number: int) -> int:
    """Have this browser told of new mail; returns the device's id."""
    seen_by = {"endpoint": f"https://push.test/{number}", "public_key": b"k", "secret": b"s", "told_id": 0}
    owner = User.objects.get(email="alice@people.test")
    return Device.objects.create(user=owner, session_key=browser.session.session_key, **seen_by).pk


def test_a_new_password_ends_all_other_sessions_with_what_they_are_told(alice: User) -> None:
    here, stolen = Client(), Client()
    for browser in (here, stolen):
        assert try_in(browser, alice.email) == 302
    mine, theirs = told_of_new_mail(here, 1), told_of_new_mail(stolen, 2)
    old, new = here.session.session_key, "another-good-secret"
    here.post("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": new, "password2": new})
    assert here.get("/settings/").status_code == 200
    assert stolen.get("/settings/").status_code == 302
    assert here.session.session_key != old
    assert [device.pk for device in load_devices(alice.pk)] == [mine]
    assert theirs != mine
    assert "A new one signs out all other browsers." in here.get("/settings/security/").content.decode()


def test_a_password_that_was_forgotten_ends_all_sessions(alice: User) -> None:
    stolen, new = Client(), "another-good-secret"
    assert try_in(stolen, alice.email) == 302
    told_of_new_mail(stolen, 1)
    alice.refresh_from_db()  # a link holds until the next sign-in
    link = Client()
    path = link.get(password_link(alice).removeprefix("http://localhost:8000"), follow=True).redirect_chain[-1][0]
    assert link.post(path, {"password1": new, "password2": new}).status_code == 302
    assert stolen.get("/settings/").status_code == 302
    assert load_devices(alice.pk) == []


def test_one_session_is_ended_and_only_by_its_person(alice: User) -> None:
    here, there, stranger = Client(), Client(), Client()
    for browser in (here, there):
        assert try_in(browser, alice.email) == 302
    page = here.get("/accounts/sessions/").content.decode()
    ends = re.findall(r'action="(/settings/security/sessions/\d+/end/)"', page)
    assert len(ends) == 1
    stranger.force_login(make_user("mallory"), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert stranger.post(ends[0]).status_code == 404
    assert there.get("/settings/").status_code == 200
    assert "is signed out" in here.post(ends[0], follow=True).content.decode()
    assert there.get("/settings/").status_code == 302
    assert here.get("/settings/").status_code == 200
    assert here.post(ends[0]).status_code == 404


def test_the_log_tells_what_happened_and_by_whom(client: Client, alice: User) -> None:
    try_in(Client(), alice.email, "wrong-password")
    try_in(client, alice.email)
    root = make_user("root", is_staff=True, is_superuser=True)
    office = Client()
    office.force_login(root, backend="allauth.account.auth_backends.AuthenticationBackend")
    fields = {"email": alice.email, "name": "Alice B.", "language": "en", "timezone": "UTC", "is_active": "on"}
    inline = {f"mail_accounts-{name}": "0" for name in ("TOTAL_FORMS", "INITIAL_FORMS")}
    changed = office.post(f"/admin/accounts/user/{alice.pk}/change/", {**fields, **inline})
    assert changed.status_code == 302
    kinds = list(alice.security_events.values_list("kind", flat=True))
    assert kinds == [Kind.ADMIN_ACT, Kind.SIGNED_IN, Kind.SIGN_IN_FAILED]
    page = client.get("/settings/security/log/").content.decode()
    for words in ("Changed by an administrator", "root@people.test", "Signed in", "Sign-in refused", "127.0.0.1"):
        assert words in page
    assert PASSWORD not in page
    assert "wrong-password" not in page


def test_the_log_is_its_persons_own(client: Client, alice: User) -> None:
    SecurityEvent.objects.create(user=alice, kind=Kind.SIGNED_IN, detail="of alice alone")
    client.force_login(make_user("mallory"))
    assert "of alice alone" not in client.get("/settings/security/log/").content.decode()


def test_what_is_dangerous_asks_for_the_password_again(client: Client, alice: User) -> None:
    try_in(client, alice.email)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": 0, "email": alice.email}]
    session.save()
    for path in (
        "/accounts/2fa/totp/activate/",
        "/accounts/2fa/webauthn/add/",
        "/accounts/2fa/recovery-codes/generate/",
    ):
        assert "reauthenticate" in client.get(path).headers.get("Location", ""), path
