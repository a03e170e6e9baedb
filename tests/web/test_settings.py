"""The settings pages: what is chosen is kept, what is not offered is refused, and nobody sees another's."""

import re

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import preferences
from accounts.models import Identity, MailAccount, OutgoingServer, SecurityEvent, User
from mailsync import actions
from tests.factories import make_account, make_folder, make_user
from tests.forgotten import forget_all
from tests.web.signing_in import PASSWORD

pytestmark = pytest.mark.django_db

PAGES = ["profile", "appearance", "reading", "writing", "accounts", "security"]


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def as_alice(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


@pytest.fixture
def as_bob() -> Client:
    """Bob has an account here, but should see nothing of Alice's."""
    client = Client()
    client.force_login(make_user("bob"))
    return client


@pytest.fixture
def account(alice: User) -> MailAccount:
    account = make_account(alice, address="alice@club.test")
    make_folder(account, total=12_480)
    return account


@pytest.mark.parametrize("page", PAGES)
def test_every_page_opens_and_marks_itself(as_alice: Client, page: str) -> None:
    answer = as_alice.get(f"/settings/{page}/")
    assert answer.status_code == 200
    assert re.search(rf'href="/settings/{page}/" aria-current="page"', answer.content.decode())


@pytest.mark.parametrize("page", PAGES)
def test_every_page_needs_a_sign_in(client: Client, alice: User, page: str) -> None:
    answer = client.get(f"/settings/{page}/")
    assert (answer.status_code, answer.headers["Location"]) == (302, f"/accounts/login/?next=/settings/{page}/")


def test_appearance_is_kept_and_seen_on_the_next_page(as_alice: Client, alice: User) -> None:
    chosen = {"theme": "dark", "accent": "fir", "pane": "below", "density": "cosy", "dark_mail": "on"}
    answer = as_alice.post("/settings/appearance/", chosen, follow=True)
    assert "Saved." in answer.content.decode()
    alice.refresh_from_db()
    kept = preferences.load(alice)
    assert (kept.theme, kept.accent, kept.pane, kept.density) == ("dark", "fir", "below", "cosy")
    assert (kept.dark_mail, kept.group_by_date) == (True, False)
    page = as_alice.get("/settings/profile/").content.decode()
    assert '<html lang="en" data-theme="dark" data-accent="fir" data-density="cosy" data-pane="below">' in page
    assert set(re.findall(r'name="theme-color".*content="(.+?)"', page)) == {"#0b1119"}


def test_a_change_with_scripts_is_answered_without_a_page(as_alice: Client, alice: User) -> None:
    chosen = {"mark_read_seconds": "", "after_removal": "list", "remote_pictures": "ask", "keys": "outlook"}
    answer = as_alice.post("/settings/reading/", chosen, headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content) == (204, b"")
    alice.refresh_from_db()
    assert preferences.load(alice).mark_read_seconds is None
    assert preferences.load(alice).conversations is False


def test_what_is_not_offered_changes_nothing(as_alice: Client, alice: User) -> None:
    answer = as_alice.post("/settings/writing/", {"undo_seconds": "9999"})
    assert answer.status_code == 422
    alice.refresh_from_db()
    assert preferences.load(alice) == preferences.Preferences()


def test_one_page_leaves_the_options_of_another_alone(as_alice: Client, alice: User) -> None:
    preferences.save(alice, theme="dark")
    as_alice.post("/settings/writing/", {"undo_seconds": "30"})
    alice.refresh_from_db()
    assert (preferences.load(alice).theme, preferences.load(alice).undo_seconds) == ("dark", 30)


def test_who_wants_no_conversations_has_the_lines_of_messages_made(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[int] = []
    monkeypatch.setattr(actions, "lists_changed", told.append)
    form = {"mark_read_seconds": "0", "after_removal": "next", "remote_pictures": "ask", "keys": "heron"}
    assert as_alice.post("/settings/reading/", form, headers={"HX-Request": "true"}).status_code == 204
    assert as_alice.post("/settings/reading/", form, headers={"HX-Request": "true"}).status_code == 204
    assert told == [alice.pk]


def test_profile_sets_name_zone_and_language(as_alice: Client, alice: User) -> None:
    as_alice.post("/settings/profile/", {"name": "Alice B.", "timezone": "Asia/Tokyo", "language": "en"})
    alice.refresh_from_db()
    assert (alice.name, alice.timezone) == ("Alice B.", "Asia/Tokyo")
    answer = as_alice.post("/settings/profile/", {"name": "A", "timezone": "Mars/Olympus", "language": "en"})
    assert answer.status_code == 422
    assert "aria-invalid" in answer.content.decode()


def test_times_are_shown_in_the_persons_own_zone(
    as_alice: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    alice.timezone = "Asia/Tokyo"
    alice.save()
    as_alice.get("/settings/profile/")
    assert timezone.get_current_timezone_name() == "Asia/Tokyo"
    Client().get("/accounts/login/")
    assert timezone.get_current_timezone_name() == "UTC"


def test_accounts_show_health_counts_and_last_sync(as_alice: Client, account: MailAccount) -> None:
    account.sync.last_success_at = timezone.now()
    account.sync.save()
    page = as_alice.get("/settings/accounts/").content.decode()
    assert "alice@club.test" in page
    assert "12,480 messages" in page
    assert "fetched just now" in page
    assert "Works" in page


def test_an_account_in_trouble_names_the_cause_and_the_fix(as_alice: Client, account: MailAccount) -> None:
    account.state, account.state_reason = MailAccount.State.NEEDS_USER, "The server refused the password."
    account.save()
    page = as_alice.get("/settings/accounts/").content.decode()
    assert "The server refused the password." in page
    assert f'href="/settings/accounts/{account.pk}/#servers"' in page


def test_the_list_takes_no_more_queries_for_many_accounts(as_alice: Client, alice: User, account: MailAccount) -> None:
    as_alice.get("/settings/accounts/")
    with CaptureQueriesContext(connection) as one:
        as_alice.get("/settings/accounts/")
    for _number in range(5):
        make_folder(make_account(alice))
    with CaptureQueriesContext(connection) as six:
        as_alice.get("/settings/accounts/")
    assert len(six) == len(one)


def test_an_empty_list_leads_to_connecting(as_alice: Client) -> None:
    page = as_alice.get("/settings/accounts/").content.decode()
    assert "No mailbox yet" in page
    assert 'href="/settings/accounts/add/"' in page


def test_pause_and_go_on(as_alice: Client, account: MailAccount) -> None:
    as_alice.post(f"/settings/accounts/{account.pk}/pause/")
    account.refresh_from_db()
    assert account.state == MailAccount.State.PAUSED
    as_alice.post(f"/settings/accounts/{account.pk}/resume/")
    account.refresh_from_db()
    assert account.state == MailAccount.State.ACTIVE


def test_sync_now_makes_the_account_due(as_alice: Client, account: MailAccount) -> None:
    account.sync.due_at = None
    account.sync.save()
    answer = as_alice.post(f"/settings/accounts/{account.pk}/sync/", follow=True)
    account.sync.refresh_from_db()
    assert account.sync.due_at is not None
    assert "now." in answer.content.decode()


def test_name_and_colour(as_alice: Client, account: MailAccount) -> None:
    as_alice.post(f"/settings/accounts/{account.pk}/", {"label": "Club", "hue": "150"})
    account.refresh_from_db()
    assert (account.label, account.hue) == ("Club", 150)
    page = as_alice.get("/settings/accounts/").content.decode()
    assert 'class="av h150"' in page


def test_removal_asks_for_the_address_by_name(as_alice: Client, account: MailAccount) -> None:
    path = f"/settings/accounts/{account.pk}/remove/"
    wrong = as_alice.post(path, {"address": "alice@club"})
    assert wrong.status_code == 422
    assert "Nothing was removed" in wrong.content.decode()
    assert MailAccount.objects.filter(pk=account.pk).exists()
    as_alice.post(path, {"address": " Alice@Club.test "})
    assert not MailAccount.objects.filter(user=account.user).exists()
    forget_all()
    assert not MailAccount.objects.filter(pk=account.pk).exists()


def test_an_identity_has_its_name_and_signature(as_alice: Client, account: MailAccount) -> None:
    identity = account.identities.get()
    typed = {
        "name": "Alice of the club",
        "reply_to": "",
        "default_bcc": "",
        "text": "Alice\r\n<b>treasurer</b>",
        "signature_on_new": "on",
    }
    as_alice.post(f"/settings/identities/{identity.pk}/", typed)
    identity.refresh_from_db()
    assert identity.name == "Alice of the club"
    assert identity.signature_text == "Alice\n<b>treasurer</b>"
    assert identity.signature_html == "<p>Alice<br>&lt;b&gt;treasurer&lt;/b&gt;</p>"
    assert (identity.signature_on_new, identity.signature_on_answers, identity.signature_below) == (True, False, False)


@pytest.mark.parametrize("field", ["default_bcc", "reply_to"])
def test_an_open_session_leads_no_copies_or_answers_elsewhere(
    client: Client, alice: User, account: MailAccount, field: str
) -> None:
    alice.set_password(PASSWORD)
    alice.save()
    identity = account.identities.get()
    path = f"/settings/identities/{identity.pk}/"
    typed = {"name": "Alice", "reply_to": "", "default_bcc": "", "text": "Alice"}
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    # One's own addresses, and everything else, are no question.
    assert client.post(path, {**typed, field: identity.address.upper()})["Location"] == "/settings/writing/"
    asked = client.post(path, {**typed, "name": "A.", field: "spy@else.test"})
    assert "/reauthenticate/" in asked["Location"]
    identity.refresh_from_db()
    assert (identity.name, getattr(identity, field).lower()) == ("Alice", identity.address)
    # Once it is known who asked, it goes on where it was.
    assert client.post(asked["Location"], {"password": PASSWORD})["Location"] == "/settings/writing/"
    identity.refresh_from_db()
    assert (identity.name, getattr(identity, field)) == ("A.", "spy@else.test")
    event = SecurityEvent.objects.filter(kind="copies").get()
    assert (event.user, event.detail) == (alice, f"{identity.address}: spy@else.test")
    # What stands is no question any more, and takes none to end.
    client.logout()
    client.force_login(alice, backend="allauth.account.auth_backends.AuthenticationBackend")
    for value in ("spy@else.test", ""):
        assert client.post(path, {**typed, field: value})["Location"] == "/settings/writing/"
    assert SecurityEvent.objects.filter(kind="copies").count() == 1


def test_an_identity_is_sent_through_a_server_of_its_own_person(
    as_alice: Client, alice: User, account: MailAccount
) -> None:
    identity = account.identities.get()
    path = f"/settings/identities/{identity.pk}/"
    assert "Sent through" not in as_alice.get(path).text
    relay = OutgoingServer.objects.create(user=alice, host="relay.test", label="Our relay", is_relay=True)
    theirs = OutgoingServer.objects.create(user=make_user("mallory"), host="relay.test", label="Theirs")
    page = as_alice.get(path).text
    assert "Our relay" in page
    assert "Theirs" not in page
    assert as_alice.post(path, {"text": "", "outgoing_server": theirs.pk}).status_code == 422
    assert as_alice.post(path, {"text": "", "outgoing_server": relay.pk}).status_code == 302
    identity.refresh_from_db()
    assert identity.outgoing_server == relay
    as_alice.post(path, {"text": "", "outgoing_server": ""})
    identity.refresh_from_db()
    assert identity.outgoing_server is None


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", "/settings/accounts/{}/"),
        ("post", "/settings/accounts/{}/"),
        ("post", "/settings/accounts/{}/servers/"),
        ("get", "/settings/accounts/{}/started/"),
        ("post", "/settings/accounts/{}/sync/"),
        ("post", "/settings/accounts/{}/pause/"),
        ("post", "/settings/accounts/{}/resume/"),
        ("get", "/settings/accounts/{}/remove/"),
        ("post", "/settings/accounts/{}/remove/"),
    ],
)
def test_bob_gets_404_for_alices_account(as_bob: Client, account: MailAccount, method: str, path: str) -> None:
    answer = getattr(as_bob, method)(path.format(account.pk), {"address": account.address})
    assert answer.status_code == 404
    assert MailAccount.objects.get(pk=account.pk).state == MailAccount.State.ACTIVE


def test_bob_gets_404_for_alices_identity(as_bob: Client, account: MailAccount) -> None:
    identity = Identity.objects.get(account=account)
    assert as_bob.get(f"/settings/identities/{identity.pk}/").status_code == 404
    assert as_bob.post(f"/settings/identities/{identity.pk}/", {"name": "Bob"}).status_code == 404


def test_the_accounts_of_others_are_not_listed(as_bob: Client, account: MailAccount) -> None:
    assert "alice@club.test" not in as_bob.get("/settings/accounts/").content.decode()
