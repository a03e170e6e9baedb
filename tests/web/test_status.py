"""The status page of an account: what is here and there, what is missing and why, and what can be done."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import MailAccount, User
from mailsync.engine.pull import pull_account
from mailsync.models import AccountSync, Change, Folder, Halt, Hole, Placement, SyncRun
from mailsync.store.truth import load_truth
from tests.engine.in_step import assert_in_step, pull
from tests.factories import make_account, make_folder, make_message, make_user, raw_message
from tests.fakes import PullServer

pytestmark = pytest.mark.django_db


@pytest.fixture
def account(anna: User) -> MailAccount:
    return make_account(anna, address="anna@club.test")


@pytest.fixture
def url(account: MailAccount) -> str:
    return f"/settings/accounts/{account.pk}/sync/"


@pytest.fixture
def server() -> PullServer:
    server = PullServer()
    for n in range(6):
        server.boxes["INBOX"].add(raw_message(f"Inbox {n}"))
    return server


def words(browser: Client, url: str) -> str:
    return " ".join(browser.get(url).content.decode().split())


def test_an_account_in_step_says_so(browser: Client, account: MailAccount, url: str, server: PullServer) -> None:
    pull(account, server)
    truth = load_truth(account)
    assert [(line.folder.path, line.state, line.here, line.on_server) for line in truth.folders] == [
        ("INBOX", "in_step", 6, 6),
        ("Archive", "in_step", 0, 0),
        ("Sent", "in_step", 0, 0),
    ]
    assert (truth.health, truth.progress, truth.hole_count, truth.late_seconds) == ("ok", None, 0, 0)
    assert "In step with the server" in words(browser, url)


def test_the_first_pull_has_counts(browser: Client, account: MailAccount, url: str, server: PullServer) -> None:
    pull_account(account.pk, connect=server.opener)
    progress = load_truth(account).progress
    assert progress is not None
    assert (progress.done, progress.total, progress.seconds_left) == (0, 6, None)
    assert "0 of 6 messages" in words(browser, url)


def test_a_hole_is_shown_with_its_reason_and_tried_again_when_asked(
    browser: Client, account: MailAccount, url: str, server: PullServer
) -> None:
    server.poison.add(3)
    pull(account, server)
    shown = words(browser, url)
    assert "All but 1 message" in shown
    assert "INBOX, number 3" in shown
    assert Hole.objects.get().reason in shown
    inbox = Folder.objects.get(path="INBOX")
    server.poison.clear()
    assert browser.post(url, {"do": "retry", "folder": inbox.pk}).status_code == 302
    pull_account(account.pk, connect=server.opener)
    pull(account, server)
    assert_in_step(account, server)
    assert "In step with the server" in words(browser, url)


def test_a_parked_folder_says_why_and_is_tried_again(browser: Client, account: MailAccount, url: str) -> None:
    folder = make_folder(
        account, "Old", parked_at=timezone.now(), failures=5, last_error="The mail server does not allow this here."
    )
    assert "The mail server does not allow this here." in words(browser, url)
    assert "<details>" not in browser.get(url).content.decode().split("</table>")[0]
    type(folder).objects.filter(pk=folder.pk).update(transcript="C: A7 SELECT Old")
    assert "C: A7 SELECT Old" in words(browser, url)
    browser.post(url, {"do": "retry", "folder": folder.pk})
    folder.refresh_from_db()
    assert (folder.parked_at, folder.failures) == (None, 0)
    assert folder.due_at is not None


def test_a_failure_is_told_with_its_next_try(browser: Client, account: MailAccount, url: str) -> None:
    due = timezone.now() + timedelta(minutes=5)
    AccountSync.objects.update(failures=1, last_error="mail.club.test cannot be reached.", due_at=due)
    assert "mail.club.test cannot be reached. Next try:" in words(browser, url)


def test_what_waits_and_what_was_taken_back(browser: Client, account: MailAccount, url: str) -> None:
    placement = make_message(make_folder(account))
    more = {"account": account, "source": placement.folder, "placement": placement}
    Change.objects.create(kind="flags", attempts=2, error="The mail server is busy.", due_at=timezone.now(), **more)
    Change.objects.create(kind="move", state="failed", error="The mailbox is full.", finished_at=timezone.now(), **more)
    shown = words(browser, url)
    for text in ("1 change shown here waits", "The mail server is busy.", "The mailbox is full.", "Taken back"):
        assert text in shown
    browser.post(url, {"do": "changes"})
    assert Change.objects.get(kind="flags").due_at is None


def test_verify_repairs_and_tells_the_result(
    browser: Client, account: MailAccount, url: str, server: PullServer
) -> None:
    pull(account, server)
    Placement.objects.filter(uid=1).update(seen=True, server_flags=["\\Seen"])
    Placement.objects.filter(uid=3).update(uid=77)
    browser.post(url, {"do": "verify"})
    browser.post(url, {"do": "verify"})
    assert SyncRun.objects.filter(kind__startswith="verify").count() == 1
    assert "waits for its turn" in words(browser, url)
    # A worker that dies in the middle leaves the verification to the next one.
    server.fail("search_uids", *["before"] * 99)
    pull_account(account.pk, connect=server.opener)
    assert "Comparing every message" in words(browser, url)
    server.faults.clear()
    pull(account, server)
    shown = words(browser, url)
    assert "repaired – 1 missing fetched, 1 marks corrected, 1 taken away." in shown
    browser.post(url, {"do": "verify"})
    pull(account, server)
    assert "every message and mark was as on the server." in words(browser, url)
    from mailsync.store.audit import recount

    list(recount())
    assert_in_step(account, server)


def test_verify_names_the_folder_that_it_could_not_compare(account: MailAccount, server: PullServer) -> None:
    pull(account, server)
    from mailsync.store import verification

    verification.ask(account.pk)
    Folder.objects.filter(path="Sent").update(header_cursor=1)
    pull_account(account.pk, connect=server.opener)
    assert verification.last(account.pk).run.error == ""  # type: ignore[union-attr]
    verification.ask(account.pk)
    Folder.objects.filter(path="Sent").update(selectable=True)
    real = server.connect

    def broken(given: object):  # type: ignore[no-untyped-def]
        from mailsync.errors import Rejected

        source = real(given)
        select = source.select

        def refuse(folder, **more):  # type: ignore[no-untyped-def]
            if folder.path == "Sent":
                raise Rejected("The folder cannot be opened.", code="NOPERM")
            return select(folder, **more)

        source.select = refuse
        return source

    server.connect = broken  # type: ignore[method-assign]
    pull_account(account.pk, connect=server.opener)
    assert "Sent" in verification.last(account.pk).run.error  # type: ignore[union-attr]


@pytest.mark.parametrize("scope", ["account", "host", "all"])
def test_a_halt_is_told_in_the_operators_words(browser: Client, account: MailAccount, url: str, scope: str) -> None:
    Halt.objects.create(
        reason="The disk is being replaced; back at 18:00.",
        **{"account": {"account": account}, "host": {"host": account.host}, "all": {}}[scope],
    )
    assert "The disk is being replaced; back at 18:00." in words(browser, url)
    assert "The disk is being replaced" in words(browser, "/settings/accounts/")


def test_the_part_alone_for_htmx(browser: Client, url: str, part: type) -> None:
    answer = browser.get(url, **part("sync-status"))
    assert b"<html" not in answer.content
    assert b"heron:status" in answer.content


def test_pop3_has_nothing_to_verify(browser: Client, account: MailAccount, url: str) -> None:
    MailAccount.objects.update(protocol="pop3")
    assert 'value="verify"' not in words(browser, url)
    assert b"nothing to compare" in browser.post(url, {"do": "verify"}, follow=True).content
    assert not SyncRun.objects.exists()


def test_nobody_sees_or_does_anything_with_anothers_account(account: MailAccount, url: str) -> None:
    folder = make_folder(account, parked_at=timezone.now())
    stranger = Client()
    stranger.force_login(make_user("charlie"), backend="allauth.account.auth_backends.AuthenticationBackend")
    assert stranger.get(url).status_code == 404
    for do in ("sync", "verify", "retry", "changes"):
        assert stranger.post(url, {"do": do, "folder": folder.pk}).status_code == 404
    assert not SyncRun.objects.exists()
    own = make_account(make_user("dora"))
    stranger.force_login(own.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    mine = f"/settings/accounts/{own.pk}/sync/"
    assert stranger.post(mine, {"do": "retry", "folder": folder.pk}).status_code == 404
    assert stranger.post(mine, {"do": "nonsense"}).status_code == 404
    folder.refresh_from_db()
    assert folder.parked_at is not None


def test_the_admin_shows_and_halts(account: MailAccount) -> None:
    make_message(make_folder(account, exists_seen=3))
    admin = Client()
    boss = make_user("boss", is_staff=True, is_superuser=True)
    admin.force_login(boss, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert b"anna@club.test" in admin.get("/admin/mailsync/accountsync/").content
    sync = {"action": "verify_now", "_selected_action": account.pk}
    admin.post("/admin/mailsync/accountsync/", sync)
    assert SyncRun.objects.filter(kind="verify_asked").count() == 1
    admin.post("/admin/mailsync/halt/add/", {"host": account.host, "reason": "Moving."})
    assert Halt.objects.get().host == account.host
    for page in ("halt", "connectioncap", "traffic", "syncrun", "folder", "hole"):
        assert admin.get(f"/admin/mailsync/{page}/").status_code == 200
