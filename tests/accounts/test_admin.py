"""The administrator's pages: inviting, shutting out, looking after accounts, and never a secret."""

import re

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse

from accounts import sessions
from accounts.models import Credential, MailAccount, User
from tests.forgotten import forget_all

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough phrase"


@pytest.fixture
def root() -> User:
    return User.objects.create_superuser("root@example.org", PASSWORD)


@pytest.fixture
def office(root: User) -> Client:
    client = Client()
    client.force_login(root)
    return client


@pytest.fixture
def alice() -> User:
    return User.objects.create_user("alice@example.org", PASSWORD)


def act(office: Client, action: str, user: User) -> str:
    answer = office.post(
        reverse("admin:accounts_user_changelist"), {"action": action, "_selected_action": [user.pk]}, follow=True
    )
    assert answer.status_code == 200
    return answer.content.decode()


def set_password(link: str) -> Client:
    """Follow a link as its reader does, and choose a password."""
    reader = Client()
    form = reader.get(link.removeprefix("http://localhost:8000"), follow=True)
    where = form.redirect_chain[-1][0]
    done = reader.post(where, {"password1": PASSWORD, "password2": PASSWORD}, follow=True)
    assert done.status_code == 200
    return reader


def test_adding_a_user_invites_them_and_they_get_in(office: Client) -> None:
    office.post(reverse("admin:accounts_user_add"), {"email": "Bob@Example.org", "name": "Bob"}, follow=True)
    bob = User.objects.get(email="bob@example.org")
    assert not bob.has_usable_password()
    assert not bob.is_staff
    assert EmailAddress.objects.get(user=bob).verified
    [letter] = mail.outbox
    assert letter.to == ["bob@example.org"]
    assert "root@example.org has made a place for you" in letter.body
    link = re.search(r"http://\S+", letter.body.partition("to begin:")[2])
    assert link is not None
    set_password(link[0])
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)
    # the link holds once
    assert "password1" not in Client().get(link[0].removeprefix("http://localhost:8000"), follow=True).content.decode()
    visitor = Client()
    visitor.post(reverse("account_login"), {"login": "bob@example.org", "password": PASSWORD})
    assert visitor.session.get("_auth_user_id") == str(bob.pk)


def test_the_same_address_is_not_added_twice(office: Client, alice: User) -> None:
    answer = office.post(reverse("admin:accounts_user_add"), {"email": "ALICE@example.org"})
    assert "There is a user with this address already." in answer.content.decode()
    assert mail.outbox == []


def test_an_invitation_that_cannot_be_mailed_is_told(office: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: object, **kwargs: object) -> None:
        raise ConnectionRefusedError("nobody there")

    monkeypatch.setattr("accounts.invitations.send_mail", fail)
    answer = office.post(reverse("admin:accounts_user_add"), {"email": "bob@example.org"}, follow=True)
    page = answer.content.decode()
    assert "could not be mailed: nobody there" in page
    bob = User.objects.get(email="bob@example.org")
    # there is nothing to read yet, so the link may be handed over by hand
    link = re.search(r"<code>(http://\S+)</code>", page)
    assert link is not None
    set_password(link[1])
    bob.refresh_from_db()
    assert bob.check_password(PASSWORD)
    # whoever has come in is somebody whose link is theirs alone
    again = act(office, "invite", bob)
    assert "could not be mailed: nobody there" in again
    assert "<code>" not in again
    assert "/accounts/password/reset/key/" not in again


def test_deactivating_ends_sessions_and_shuts_out(office: Client, alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    browser.get(reverse("account_change_password"))
    assert UserSession.objects.filter(user=alice).count() == 1
    assert "1 user was deactivated" in act(office, "deactivate", alice)
    alice.refresh_from_db()
    assert not alice.is_active
    assert UserSession.objects.filter(user=alice).count() == 0
    act(office, "activate", alice)
    alice.refresh_from_db()
    assert alice.is_active
    # the old cookie opens nothing, though the user is active again
    assert browser.get(reverse("account_change_password")).status_code == 302


def test_deactivating_twice_is_once(alice: User) -> None:
    assert sessions.deactivate(alice) is True
    assert sessions.deactivate(alice) is False
    assert sessions.activate(alice) is True
    assert sessions.activate(alice) is False


def test_administrators_do_not_shut_themselves_out(office: Client, root: User) -> None:
    act(office, "deactivate", root)
    office.post(reverse("admin:accounts_user_change", args=[root.pk]), {"email": root.email, "language": "en"})
    root.refresh_from_db()
    assert root.is_active
    assert root.is_superuser


def test_unticking_active_ends_sessions_too(office: Client, alice: User) -> None:
    browser = Client()
    browser.force_login(alice)
    browser.get(reverse("account_change_password"))
    where = reverse("admin:accounts_user_change", args=[alice.pk])
    inline = {f"mail_accounts-{key}": "0" for key in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")}
    form = {"email": "new@example.org", "name": "", "language": "en", "timezone": "UTC", **inline}
    answer = office.post(where, form)
    assert answer.status_code == 302, answer.content.decode()
    alice.refresh_from_db()
    assert not alice.is_active
    assert UserSession.objects.filter(user=alice).count() == 0
    assert [(a.email, a.verified, a.primary) for a in EmailAddress.objects.filter(user=alice)] == [
        ("new@example.org", True, True)
    ]


def test_no_page_shows_a_secret(office: Client, alice: User) -> None:
    account = MailAccount.objects.create(
        user=alice, address="alice@example.com", username="alice", host="imap.example.com"
    )
    credential = Credential(account=account)
    credential.set_secret("the mailbox password")
    credential.save()
    factor = Authenticator.objects.create(user=alice, type="totp", data={"secret": "the totp secret"})
    pages = [
        reverse("admin:index"),
        reverse("admin:accounts_mailaccount_changelist"),
        reverse("admin:accounts_mailaccount_change", args=[account.pk]),
        reverse("admin:accounts_user_change", args=[alice.pk]),
        reverse("admin:mfa_authenticator_change", args=[factor.pk]),
        *(reverse(f"admin:accounts_{name}_changelist") for name in ("user", "identity", "outgoingserver")),
        reverse("admin:usersessions_usersession_changelist") + "?q=alice",
    ]
    for page in pages:
        answer = office.get(page)
        assert answer.status_code == 200, page
        assert "the mailbox password" not in answer.content.decode()
        assert "the totp secret" not in answer.content.decode()
        assert alice.password not in answer.content.decode()
    assert "admin/accounts/credential" not in office.get(reverse("admin:index")).content.decode()


def test_strangers_and_users_do_not_get_in(alice: User) -> None:
    visitor = Client()
    where = reverse("admin:accounts_user_changelist")
    assert visitor.get(reverse("admin:login")).headers["Location"].startswith(reverse("account_login"))
    visitor.force_login(alice)
    assert visitor.get(where, follow=True).status_code == 403


def test_makeadmin_prints_a_link_that_works(capsys: pytest.CaptureFixture[str], alice: User) -> None:
    call_command("makeadmin", "Boss@example.org", name="The Boss")
    boss = User.objects.get(email="boss@example.org")
    assert (boss.is_superuser, boss.is_staff, boss.name) == (True, True, "The Boss")
    assert EmailAddress.objects.get(user=boss).verified
    set_password(capsys.readouterr().out.strip().splitlines()[-1])
    boss.refresh_from_db()
    assert boss.check_password(PASSWORD)
    call_command("makeadmin", "alice@example.org")
    alice.refresh_from_db()
    assert alice.is_superuser
    with pytest.raises(CommandError, match="not an email address"):
        call_command("makeadmin", "nobody")


def test_a_list_answers_no_question_about_what_it_does_not_show(office: Client, alice: User) -> None:
    """Letter by letter an address would else be told session keys, hashes and subjects."""
    told = []
    for model, page in admin.site._registry.items():
        where = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
        shown = {"id", *map(str, page.list_display), *(str(one).split("__")[0] for one in page.list_filter)}
        hidden = [field.name for field in model._meta.get_fields() if field.name not in shown]
        answers = {name: office.get(where, {f"{name}__isnull": "False"}).status_code for name in hidden}
        told += [f"{model._meta.label}.{name}" for name, code in answers.items() if code != 400]
    assert told == []
    asked = {
        "usersessions_usersession": "session_key__startswith",
        "accounts_user": "password__startswith",
        "mailsync_outgoing": "subject__icontains",
    }
    for name, question in asked.items():
        assert office.get(reverse(f"admin:{name}_changelist"), {question: "a"}).status_code == 400, name
    # what is shown is asked as ever
    people = office.get(reverse("admin:accounts_user_changelist"), {"is_active__exact": "1", "q": "alice"})
    assert alice.email in people.content.decode()


def test_a_time_zone_is_one_that_there_is(office: Client, alice: User) -> None:
    where = reverse("admin:accounts_user_change", args=[alice.pk])
    inline = {f"mail_accounts-{key}": "0" for key in ("TOTAL_FORMS", "INITIAL_FORMS", "MIN_NUM_FORMS", "MAX_NUM_FORMS")}
    form = {"email": alice.email, "name": "", "language": "de", "is_active": "on", **inline}
    for wrong in ({"timezone": "Mars/Olympus"}, {"timezone": "UTC", "language": "klingon"}):
        answer = office.post(where, {**form, **wrong})
        assert answer.status_code == 200
        assert "is not one of the available choices" in answer.content.decode()
    # one that only another machine knows is kept by who saves the page
    User.objects.filter(pk=alice.pk).update(timezone="Etc/GMT-3")
    assert 'value="Etc/GMT-3" selected' in office.get(where).content.decode()
    assert office.post(where, {**form, "timezone": "Etc/GMT-3"}).status_code == 302
    alice.refresh_from_db()
    assert (alice.timezone, alice.language) == ("Etc/GMT-3", "de")


def test_an_address_is_not_given_to_two(office: Client, alice: User, root: User) -> None:
    where = reverse("admin:accounts_user_change", args=[alice.pk])
    answer = office.post(where, {"email": root.email.upper(), "timezone": "UTC"})
    assert "There is a user with this address already." in answer.content.decode()


def test_an_invitation_speaks_the_language_of_whom_it_invites(office: Client) -> None:
    office.post(reverse("admin:accounts_user_add"), {"email": "jo@example.org", "language": "de"})
    assert "Wählen Sie hier ein Passwort" in mail.outbox[0].body


def test_what_is_taken_away_is_told_to_its_owner(office: Client, alice: User) -> None:
    one = Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})
    office.post(reverse("admin:mfa_authenticator_delete", args=[one.pk]), {"post": "yes"})
    other = Authenticator.objects.create(user=alice, type="totp", data={"secret": "x"})
    chosen = {"action": "delete_selected", "_selected_action": [other.pk], "post": "yes"}
    office.post(reverse("admin:mfa_authenticator_changelist"), chosen)
    assert not Authenticator.objects.exists()
    lines = alice.security_events.values_list("kind", "actor__email", "detail")
    assert list(lines) == [("admin_act", "root@example.org", "Deleted: authenticator TOTP Authenticator")] * 2


def test_what_was_done_stands_in_the_log_when_the_person_is_gone(office: Client, alice: User) -> None:
    act(office, "sign_out", alice)
    act(office, "deactivate", alice)
    assert [event.detail for event in alice.security_events.all()] == ["Deactivated."]
    history = office.get(reverse("admin:accounts_user_history", args=[alice.pk])).content.decode()
    assert "Deactivated." in history
    office.post(reverse("admin:accounts_user_delete", args=[alice.pk]), {"post": "yes"})
    forget_all()
    assert not User.objects.filter(pk=alice.pk).exists()
    log = office.get(reverse("admin:admin_logentry_changelist")).content.decode()
    assert log.count('field-what">user alice@example.org') == 2
    entry = LogEntry.objects.earliest("id")
    assert office.post(reverse("admin:admin_logentry_delete", args=[entry.pk]), {"post": "yes"}).status_code == 403


def test_a_password_is_changed_on_the_sites_own_page(office: Client) -> None:
    """Django's own page would end no other session and write no log."""
    assert office.get(reverse("admin:password_change")).headers["Location"] == reverse("account_change_password")


def test_a_user_who_is_shut_out_is_not_invited(office: Client, alice: User) -> None:
    sessions.deactivate(alice)
    assert "1 user is deactivated and was not invited" in act(office, "invite", alice)
    assert mail.outbox == []
