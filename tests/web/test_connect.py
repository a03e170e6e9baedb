"""Connecting an account: both logins are proved, every failure is said in plain words, nothing typed is lost."""

import pytest
from django.test import Client

from accounts.discovery import Discovery
from accounts.models import MailAccount, OutgoingServer, User
from accounts.providers import ServerPreset
from mailsync import actions
from mailsync.types import LoginReport, Role, Security, StepResult
from tests.factories import make_account, make_folder, make_user
from tests.web.connecting import HAND, OK, Probe

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("network")]

TYPED = {"address": "alice@gmx.de", "password": "s3cret & more", "name": "Alice"}


@pytest.fixture
def alice() -> User:
    return make_user("alice")


@pytest.fixture
def as_alice(client: Client, alice: User) -> Client:
    client.force_login(alice)
    return client


def test_address_and_password_are_enough_for_a_known_provider(as_alice: Client, alice: User, probe: Probe) -> None:
    answer = as_alice.post("/settings/accounts/add/", TYPED)
    account = MailAccount.objects.get(user=alice)
    assert answer.headers["Location"] == f"/settings/accounts/{account.pk}/started/"
    incoming, outgoing = probe.tried[0]
    assert outgoing is not None
    assert (incoming.host, incoming.port, incoming.security) == ("imap.gmx.net", 993, Security.TLS)
    assert (outgoing.host, outgoing.port, outgoing.username) == ("mail.gmx.net", 465, "alice@gmx.de")
    assert (incoming.secret.value, outgoing.secret.value) == ("s3cret & more", "s3cret & more")
    assert (account.provider, account.host) == ("gmx", "imap.gmx.net")
    assert account.credentials.get().reveal() == "s3cret & more"
    assert account.identities.get().verified_at is not None


def test_an_address_that_is_none_is_the_only_fault(as_alice: Client, probe: Probe) -> None:
    answer = as_alice.post("/settings/accounts/add/", {**TYPED, "address": "alice"})
    assert set(answer.context["form"].errors) == {"address"}
    assert answer.context["open_hand"] is False
    assert probe.tried == []


def test_the_page_says_what_a_provider_wants(as_alice: Client) -> None:
    page = as_alice.get("/settings/accounts/add/servers/", {"address": "jo@icloud.com"}).content.decode()
    assert "iCloud Mail" in page
    assert "an app password does" in page
    assert 'placeholder="imap.mail.me.com"' in page
    assert 'placeholder="jo"' in page


def test_the_look_up_of_a_provider_never_carries_a_password(as_alice: Client) -> None:
    page = as_alice.get("/settings/accounts/add/").content.decode()
    asks = [part.partition(">")[0] for part in page.split("<div")[1:] if "/settings/accounts/add/servers/" in part]
    assert len(asks) == 2
    assert all('hx-params="not password,smtp_password,csrfmiddlewaretoken"' in ask for ask in asks)


def test_a_password_is_not_asked_of_a_provider_that_takes_none(as_alice: Client, probe: Probe) -> None:
    answer = as_alice.post("/settings/accounts/add/", {**TYPED, "address": "jo@hotmail.com"})
    assert answer.status_code == 422
    assert "by its own sign-in page" in answer.content.decode()
    assert "docs/oauth.md" in answer.content.decode()
    assert probe.tried == []


def test_an_unknown_provider_asks_for_its_servers(as_alice: Client, probe: Probe) -> None:
    answer = as_alice.post("/settings/accounts/add/", {**TYPED, "address": "alice@club.test"})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "Enter the server" in page
    assert '<details class="hand" open>' in page
    assert probe.tried == []


CLUB = Discovery(
    "srv",
    (ServerPreset("imap", "imap.club.test", 143, "starttls", "alice"),),
    (ServerPreset("smtp", "smtp.club.test", 587, "starttls", "alice"),),
)


def test_found_servers_are_shown_before_a_password_goes_to_them(
    as_alice: Client, probe: Probe, network: list[Discovery]
) -> None:
    network.append(CLUB)
    answer = as_alice.post("/settings/accounts/add/", {**TYPED, "address": "alice@club.test"})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "Reading from imap.club.test, sending through smtp.club.test." in page
    for value in ("imap.club.test", "143", "smtp.club.test", "587", "alice@club.test", "s3cret &amp; more"):
        assert f'value="{value}"' in page
    assert probe.tried == []


def test_guessed_servers_are_called_guesses(as_alice: Client, probe: Probe, network: list[Discovery]) -> None:
    network.append(Discovery("guess", CLUB.incoming, CLUB.outgoing))
    page = as_alice.post("/settings/accounts/add/", {**TYPED, "address": "alice@club.test"}).content.decode()
    assert "We do not know this provider" in page
    assert "answers at a usual name" in page


def test_the_network_is_not_asked_about_what_is_known_or_typed(as_alice: Client, probe: Probe) -> None:
    asked: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(actions, "find_servers", asked.append)
        as_alice.post("/settings/accounts/add/", TYPED)
        as_alice.post("/settings/accounts/add/", {**TYPED, **HAND, "address": "alice@club.test"})
        as_alice.post("/settings/accounts/add/", {"address": "alice@club.test"})
    assert asked == []


def test_what_is_typed_by_hand_wins(as_alice: Client, probe: Probe) -> None:
    as_alice.post("/settings/accounts/add/", {**TYPED, **HAND})
    incoming, outgoing = probe.tried[0]
    assert outgoing is not None
    assert (incoming.host, incoming.username) == ("imap.club.test", "alice")
    assert (outgoing.host, outgoing.port, outgoing.security) == ("smtp.club.test", 587, Security.STARTTLS)


@pytest.mark.parametrize(
    ("port", "security"), [("993", "tls"), ("585", "tls"), ("143", "starttls"), ("", "tls"), ("1143", "starttls")]
)
def test_security_follows_the_port(as_alice: Client, probe: Probe, port: str, security: str) -> None:
    as_alice.post("/settings/accounts/add/", {**TYPED, **HAND, "port": port, "security": ""})
    assert probe.tried[0][0].security == Security(security)
    assert probe.tried[0][0].port == int(port or 993)


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("unknown_host", "There is no server of this name."),
        ("refused", "Nothing answers on this port."),
        ("certificate", "The certificate is for another name."),
        ("password", "The server refused the password."),
        ("app_password", "Make an app password."),
        ("imap_disabled", "IMAP is switched off."),
        ("forbidden_host", "Private hosts are not allowed."),
    ],
)
def test_each_failed_step_is_said_and_nothing_is_saved(
    as_alice: Client, alice: User, probe: Probe, code: str, words: str
) -> None:
    probe.report = LoginReport(StepResult(False, code, words), OK)
    answer = as_alice.post("/settings/accounts/add/", {**TYPED, **HAND})
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert "Reading by IMAP – imap.club.test:993" in page
    assert "Sending – smtp.club.test:587" in page
    assert page.count('class="step bad"') == 1
    assert not alice.mail_accounts.exists()
    assert not OutgoingServer.objects.filter(user=alice).exists()


def test_a_server_of_a_known_provider_is_not_called_misspelt(as_alice: Client, alice: User, probe: Probe) -> None:
    """Without a network a resolver may say of every name that there is none."""

    def missing(host: str) -> StepResult:
        words = f"There is no server called {host}. Check the spelling of the server name."
        return StepResult(False, "unknown_host", words)

    probe.report = LoginReport(missing("imap.gmx.net"), missing("mail.gmx.net"))
    page = as_alice.post("/settings/accounts/add/", TYPED).content.decode()
    assert "The name imap.gmx.net could not be looked up just now." in page
    assert "The name mail.gmx.net could not be looked up just now." in page
    assert "spelling" not in page
    alice.language = "de"
    alice.save()
    assert "Der Name imap.gmx.net" in as_alice.post("/settings/accounts/add/", TYPED).content.decode()
    probe.report = LoginReport(missing("imap.club.test"), OK)
    alice.language = "en"
    alice.save()
    assert "Check the spelling" in as_alice.post("/settings/accounts/add/", {**TYPED, **HAND}).content.decode()


def test_nothing_typed_is_lost(as_alice: Client, probe: Probe) -> None:
    probe.report = LoginReport(OK, StepResult(False, "password", "The server refused the password."))
    answer = as_alice.post(
        "/settings/accounts/add/",
        {**TYPED, **HAND, "sending": "own", "smtp_username": "relay-user", "smtp_password": "relay-pass"},
    )
    page = answer.content.decode()
    for value in (*HAND.values(), "alice@gmx.de", "s3cret &amp; more", "relay-user", "relay-pass"):
        if value not in {"tls", "starttls"}:
            assert f'value="{value}"' in page, value
    assert '<option value="starttls" selected>' in page
    assert '<option value="own" selected>' in page
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_old_port_of_secure_imap_is_understood(as_alice: Client, probe: Probe) -> None:
    probe.report = LoginReport(StepResult(False, "refused", "Nothing answers on this port."), OK)
    page = as_alice.post("/settings/accounts/add/", {**TYPED, **HAND, "port": "585", "security": ""}).content.decode()
    assert "nearly all servers now listen on 993" in page


def test_who_can_read_and_not_send_is_told_how_to_begin(as_alice: Client, probe: Probe) -> None:
    probe.report = LoginReport(OK, StepResult(False, "timeout", "smtp.club.test:587 did not answer."))
    page = as_alice.post("/settings/accounts/add/", {**TYPED, **HAND}).text
    assert "Reading works. To begin with that alone" in page
    probe.report = LoginReport(StepResult(False, "timeout", "no"), StepResult(False, "timeout", "no"))
    assert "Reading works." not in as_alice.post("/settings/accounts/add/", {**TYPED, **HAND}).text


def test_a_space_that_was_copied_along_is_named(as_alice: Client, probe: Probe) -> None:
    probe.report = LoginReport(StepResult(False, "password", "refused"), OK)
    for password, told in ((" secret", True), ("secret\u00a0", True), ("se cret", False)):
        page = as_alice.post("/settings/accounts/add/", {**TYPED, **HAND, "password": password}).text
        assert ("begins or ends with a space" in page) is told


def test_another_sign_in_for_sending(as_alice: Client, alice: User, probe: Probe) -> None:
    own = {"sending": "own", "smtp_username": "relay-user", "smtp_password": "relay-pass"}
    as_alice.post("/settings/accounts/add/", {**TYPED, **HAND, **own})
    server = OutgoingServer.objects.get(user=alice)
    assert server.username == "relay-user"
    assert server.credentials.get().reveal() == "relay-pass"
    missing = as_alice.post("/settings/accounts/add/", {**TYPED, **HAND, "sending": "own"})
    assert missing.status_code == 422


def test_a_relay_that_is_there_already(as_alice: Client, alice: User, probe: Probe) -> None:
    relay = OutgoingServer.objects.create(user=alice, label="Relay", host="relay.test", is_relay=True)
    as_alice.post("/settings/accounts/add/", {**TYPED, "sending": f"server:{relay.pk}"})
    assert MailAccount.objects.get(user=alice).outgoing_server == relay
    assert probe.tried[0][1] is None


def test_the_relay_of_another_person_is_not_offered(as_alice: Client, alice: User, probe: Probe) -> None:
    relay = OutgoingServer.objects.create(user=make_user("bob"), host="relay.test", is_relay=True)
    answer = as_alice.post("/settings/accounts/add/", {**TYPED, "sending": f"server:{relay.pk}"})
    assert answer.status_code == 422
    assert not alice.mail_accounts.exists()


def test_pop3_says_what_stays_on_the_server(as_alice: Client, alice: User, probe: Probe) -> None:
    typed = {**TYPED, "protocol": "pop3", "leave_on_server": "after_days", "leave_days": "30"}
    as_alice.post("/settings/accounts/add/", typed)
    account = MailAccount.objects.get(user=alice)
    assert (account.protocol, account.host, account.port) == ("pop3", "pop.gmx.net", 995)
    assert (account.leave_on_server, account.leave_days) == ("after_days", 30)


def test_a_provider_without_pop3_is_named(as_alice: Client, probe: Probe) -> None:
    answer = as_alice.post("/settings/accounts/add/", {**TYPED, "address": "jo@icloud.com", "protocol": "pop3"})
    assert "iCloud Mail has no POP3" in answer.content.decode()
    assert probe.tried == []


def test_reading_only(as_alice: Client, alice: User, probe: Probe) -> None:
    as_alice.post("/settings/accounts/add/", {**TYPED, **HAND, "sending": "none"})
    assert MailAccount.objects.get(user=alice).outgoing_server is None


def test_an_unprotected_login_is_offered_only_where_the_operator_allows_it(
    as_alice: Client, settings: pytest.FixtureRequest
) -> None:
    settings.HERON_ALLOW_PLAINTEXT = False  # type: ignore[attr-defined]
    assert 'value="none">None (unsafe)' not in as_alice.get("/settings/accounts/add/").content.decode()
    answer = as_alice.post("/settings/accounts/add/", {**TYPED, **HAND, "security": "none"})
    assert answer.status_code == 422


def test_the_same_account_twice_is_refused_in_words(as_alice: Client, alice: User, probe: Probe) -> None:
    as_alice.post("/settings/accounts/add/", TYPED)
    answer = as_alice.post("/settings/accounts/add/", TYPED)
    assert answer.status_code == 422
    assert "connected already" in answer.content.decode()
    assert alice.mail_accounts.count() == 1


def test_an_address_that_is_connected_is_not_asked_for_its_servers(as_alice: Client, alice: User, probe: Probe) -> None:
    make_account(alice, address="alice@club.test")
    answer = as_alice.post("/settings/accounts/add/", {**TYPED, "address": "Alice@club.test"})
    assert answer.status_code == 422
    assert "This address is connected already" in answer.text
    assert "found no servers" not in answer.text
    assert not probe.tried


def test_waiting_goes_on_to_the_inbox(as_alice: Client, alice: User) -> None:
    account = make_account(alice)
    path = f"/settings/accounts/{account.pk}/started/"
    assert "Fetching your mail" in as_alice.get(path).content.decode()
    part = as_alice.get(path, headers={"HX-Request": "true"}).content.decode()
    assert part.startswith('<div class="sync1"')
    inbox = make_folder(account)
    assert inbox.role == Role.INBOX
    assert as_alice.get(path).headers["Location"] == f"/f/{inbox.pk}/"
    assert as_alice.get(path, headers={"HX-Request": "true"}).headers["HX-Redirect"] == f"/f/{inbox.pk}/"
