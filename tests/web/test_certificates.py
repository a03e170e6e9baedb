"""A certificate that nobody vouches for: shown, asked for by anybody, trusted by an administrator, exactly as shown."""

import time
from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from django.core import signing
from django.template.loader import render_to_string
from django.test import Client
from django.utils import translation

from accounts.models import MailAccount, SecurityEvent, User
from mailsync import actions
from mailsync.engine.connect import incoming_settings
from mailsync.models import TrustedCertificate
from mailsync.store.certificates import load_pin
from mailsync.types import Certificate, Examined, LoginReport, ServerSettings, StepResult
from tests.factories import make_account, make_user
from tests.web.test_connect import HAND, TYPED
from webmail.views.settings.certificates import offer_of

pytestmark = pytest.mark.django_db

DAY = datetime(2026, 11, 1, tzinfo=UTC)
HOME = Certificate("ab" * 32, ("imap.club.test",), "", DAY, DAY.replace(year=2027))
REFUSED = StepResult(False, "certificate", "imap.club.test:993 cannot be trusted.", HOME)
URL = "/settings/accounts/add/"


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[ServerSettings]:
    """Both servers show the same certificate of their own; who has it pinned gets in."""
    servers: list[ServerSettings] = []

    def check(incoming: ServerSettings, outgoing: ServerSettings | None) -> LoginReport:
        servers.append(incoming)
        result = StepResult(True) if incoming.pinned_sha256 == HOME.sha256 else REFUSED
        return LoginReport(result, result)

    monkeypatch.setattr(actions, "check_login", check)
    return servers


def login(client: Client, **rights: bool) -> User:
    user = make_user(**rights)
    client.force_login(user)
    return user


def token_in(page: str) -> str:
    return page.split('name="trust" value="')[1].split('"')[0]


def test_an_administrator_sees_it_and_trusts_exactly_this_one(client: Client, tried: list[ServerSettings]) -> None:
    root = login(client, is_staff=True, is_superuser=True)
    page = client.post(URL, {**TYPED, **HAND}).content.decode()
    assert HOME.fingerprint in page
    assert page.count('name="trust"') == 1, "one certificate of two servers is judged once"
    assert "imap.club.test:993, smtp.club.test:587 is known by exactly this certificate" in page
    answer = client.post(URL, {**TYPED, **HAND, "trust": token_in(page)})
    assert answer.status_code == 302
    assert load_pin("IMAP.club.test", 993) == HOME.sha256
    assert load_pin("smtp.club.test", 587) == HOME.sha256
    assert incoming_settings(MailAccount.objects.get()).pinned_sha256 == HOME.sha256
    assert SecurityEvent.objects.filter(user=root, detail__contains="imap.club.test:993").exists()


def test_anybody_else_asks_and_nothing_is_trusted(client: Client, tried: list[ServerSettings]) -> None:
    user = login(client)
    page = client.post(URL, {**TYPED, **HAND}).content.decode()
    answer = client.post(URL, {**TYPED, **HAND, "trust": token_in(page)})
    assert answer.status_code == 422
    assert "The administrators are asked" in answer.content.decode()
    assert load_pin("imap.club.test", 993) == ""
    row = TrustedCertificate.objects.get(host="imap.club.test")
    assert (row.asked_by, row.approved_at, row.names) == (user, None, ["imap.club.test"])
    client.post(URL, {**TYPED, **HAND, "trust": token_in(page)})
    assert TrustedCertificate.objects.count() == 2


def test_a_token_is_its_readers_own_and_cannot_be_made(client: Client, tried: list[ServerSettings]) -> None:
    server = actions.server_settings(
        protocol="imap", host="imap.club.test", port=993, security="tls", username="a", password="b"
    )
    of_another = offer_of(make_user(), HOME, [server]).token
    login(client, is_staff=True, is_superuser=True)
    for token in (of_another, of_another[:-3] + "abc", "rubbish"):
        page = client.post(URL, {**TYPED, **HAND, "trust": token}).content.decode()
        assert "Look at it again" in page
    assert not TrustedCertificate.objects.exists()


@pytest.mark.parametrize(("seconds", "is_heeded"), [(3590, True), (3601, False)])
def test_what_was_shown_holds_for_an_hour(
    client: Client, tried: list[ServerSettings], monkeypatch: pytest.MonkeyPatch, seconds: int, is_heeded: bool
) -> None:
    root = login(client, is_staff=True, is_superuser=True)
    server = actions.server_settings(
        protocol="imap", host="imap.club.test", port=993, security="tls", username="a", password="b"
    )
    shown_at = time.time() - seconds
    with monkeypatch.context() as clock:
        clock.setattr(signing, "time", SimpleNamespace(time=lambda: shown_at))
        token = offer_of(root, HOME, [server]).token
    page = client.post(URL, {**TYPED, **HAND, "trust": token}).content.decode()
    assert ("Look at it again" in page) is not is_heeded
    assert TrustedCertificate.objects.exists() is is_heeded


def test_trust_is_given_in_the_admin_and_what_had_stopped_goes_on(client: Client) -> None:
    asker = make_user()
    account = make_account(asker, host="imap.club.test", port=993, state=MailAccount.State.NEEDS_USER)
    actions.ask_trust(asker, "imap.club.test", 993, HOME)
    actions.ask_trust(asker, "imap.club.test", 993, Certificate("cd" * 32))
    first, second = TrustedCertificate.objects.order_by("id")
    login(client, is_staff=True, is_superuser=True)
    listed = "/admin/mailsync/trustedcertificate/"
    assert HOME.fingerprint in client.get(listed).content.decode().replace("<wbr>", "")
    for row in (first, second):
        client.post(listed, {"action": "trust", "_selected_action": [row.pk]})
        assert load_pin("imap.club.test", 993) == row.sha256, "one at a time"
    account.refresh_from_db()
    assert account.state == MailAccount.State.ACTIVE
    assert SecurityEvent.objects.filter(user=asker, kind="admin_act", detail__contains="trusted").exists()
    client.post(listed, {"action": "distrust", "_selected_action": [second.pk]})
    assert load_pin("imap.club.test", 993) == ""


def test_whoever_is_no_administrator_gives_no_trust(client: Client) -> None:
    actions.ask_trust(make_user(), "imap.club.test", 993, HOME)
    row = TrustedCertificate.objects.get()
    login(client, is_staff=True)
    client.post("/admin/mailsync/trustedcertificate/", {"action": "trust", "_selected_action": [row.pk]})
    assert load_pin("imap.club.test", 993) == ""


@pytest.fixture
def examined(monkeypatch: pytest.MonkeyPatch) -> list[list[Examined]]:
    """What looking at the one server of an account gives."""
    says: list[list[Examined]] = []

    def examine(account: MailAccount) -> list[tuple[ServerSettings, list[Examined]]]:
        return [(incoming_settings(account), says[0])]

    monkeypatch.setattr(actions, "examine_account", examine)
    return says


def test_the_connection_test_shows_each_step(client: Client, examined: list[list[Examined]]) -> None:
    user = login(client)
    account = make_account(user, host="imap.club.test")
    url = f"/settings/accounts/{account.pk}/test/"
    assert "Test now" in client.get(url).content.decode()
    examined.append(
        [
            Examined("resolve", StepResult(True), ("192.0.2.1",)),
            Examined("connect", StepResult(True), ("192.0.2.1:993",)),
            Examined("tls", REFUSED, certificate=HOME),
            Examined("login", StepResult(False, "skipped"), reached=False),
            Examined("capabilities", StepResult(False, "skipped"), reached=False),
        ]
    )
    page = client.post(url).content.decode()
    for words in ("imap.club.test is at 192.0.2.1.", "Connected to 192.0.2.1:993.", "cannot be trusted", "Not reached"):
        assert words in page
    assert HOME.fingerprint in page
    assert "Ask for trust in it" in page
    assert page.count('class="step bad"') == 1
    assert "All of it works" not in page


def test_an_account_that_stands_still_is_let_go_on_when_all_works(
    client: Client, examined: list[list[Examined]]
) -> None:
    account = make_account(login(client), state=MailAccount.State.NEEDS_USER)
    trusted = Examined("tls", StepResult(True), ("TLS",), HOME)
    examined.append([trusted, Examined("capabilities", StepResult(True), ("IDLE", "MOVE"))])
    page = client.post(f"/settings/accounts/{account.pk}/test/").content.decode()
    assert "Fetch again" in page
    assert "IDLE · MOVE" in page
    assert "vouched for" in page


def test_the_test_of_another_persons_account_is_not_there(client: Client, examined: list[list[Examined]]) -> None:
    account = make_account()
    login(client)
    for answer in (client.get, client.post):
        assert answer(f"/settings/accounts/{account.pk}/test/").status_code == 404


def test_a_certificates_days_are_written_as_its_reader_writes_them() -> None:
    day = datetime(2026, 10, 12, 8, 0, tzinfo=UTC)
    shown = {"certificate": Certificate("ab" * 32, ("mail.test",), "", day, day)}
    with translation.override("en"):
        assert "from Mon 12 Oct 2026 to Mon 12 Oct 2026" in render_to_string("settings/certificate.html", shown)
    with translation.override("de"):
        assert "von Mo, 12. Okt 2026 bis" in render_to_string("settings/certificate.html", shown)
