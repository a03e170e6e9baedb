"""The operator's commands: sync, verify, recount, reparse; and the clock's dispatch."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import tasks
from mailsync.models import AccountSync, Folder, Lease, Message, Placement, SchedulerTick
from mailsync.store.mail_sums import note_mail
from mailsync.store.search import search
from tests.engine.in_step import assert_in_step, pull
from tests.factories import make_account, make_folder, make_message, raw_message
from tests.fakes import QRESYNC, PullServer

pytestmark = pytest.mark.django_db


def run(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def account() -> MailAccount:
    return make_account(address="ada@example.test")


@pytest.fixture
def server(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> PullServer:
    server = PullServer(capabilities=QRESYNC)
    for n in range(4):
        server.boxes["INBOX"].add(raw_message(f"Inbox {n}"))
    monkeypatch.setattr("mailsync.engine.connect.source_opener", server.opener)
    return server


def test_syncaccount_fetches_and_says_how_it_stands(account: MailAccount, server: PullServer) -> None:
    said = run("syncaccount", "ADA@example.test")
    assert "INBOX: 4 shown, 4 unread, server has 4, 0 holes, 0 bodies to come; in step" in said
    assert_in_step(account, server)


def test_verify_repairs_what_the_cursors_hide(account: MailAccount, server: PullServer) -> None:
    pull(account, server)
    # Wrong here, and nothing on the server that would tell.
    Placement.objects.filter(uid=1).update(seen=True, server_flags=["\\Seen"])
    Placement.objects.filter(uid=2).delete()
    Placement.objects.filter(uid=3).update(uid=77)
    pull(account, server)
    assert not Placement.objects.filter(uid=2).exists()
    run("syncaccount", str(account.pk), "--verify")
    run("recount")
    assert_in_step(account, server)


@pytest.mark.parametrize("name", ["nobody@example.test", "99999999", "9" * 30, "²"])
def test_an_unknown_account_is_said(name: str) -> None:
    """That nothing is wrong with its counts would be believed."""
    for command in (["syncaccount"], ["recount", "--account"], ["reparse", "--account"], ["rethread", "--account"]):
        with pytest.raises(CommandError, match="no mail account"):
            run(*command, name)


def test_an_account_goes_by_its_address_where_only_one_is_called_so(account: MailAccount) -> None:
    assert run("recount", "--account", "ADA@example.test") == "All counts were right.\n"
    twin = make_account(address="ada@example.test")
    with pytest.raises(CommandError, match=f"one of the ids {account.pk}, {twin.pk}"):
        run("recount", "--account", "ada@example.test")


def test_a_failure_is_said_in_its_own_words(account: MailAccount, server: PullServer) -> None:
    server.fail("select", *["before"] * 99)
    with pytest.raises(CommandError, match="connection"):
        run("syncaccount", str(account.pk))


def test_recount_says_what_was_wrong() -> None:
    folder = make_folder()
    make_message(folder)
    assert run("recount") == "All counts were right.\n"
    Folder.objects.update(total=7, unread=0, bodies_pending=3)
    said = run("recount")
    assert "INBOX: total, unread, bodies pending were (7, 0, 3), are (1, 1, 0)" in said
    assert run("recount", "--account", str(folder.account_id)) == "All counts were right.\n"
    note_mail(folder.account_id, messages=2, bodies=-1, size_bytes=-9)
    assert "-2 messages, 1 bodies, 9 bytes were not counted" in run("recount")
    assert run("recount") == "All counts were right.\n"


def test_reparse_derives_everything_again(account: MailAccount, server: PullServer) -> None:
    pull(account, server)
    before = list(Message.objects.order_by("id").values("subject", "preview", "parts", "facts", "recipients"))
    Message.objects.update(subject="", preview="", parts=None, parser_version=0)
    assert run("reparse") == "4 messages reparsed.\n"
    assert run("reparse") == "0 messages reparsed.\n"
    after = list(Message.objects.order_by("id").values("subject", "preview", "parts", "facts", "recipients"))
    assert after == before
    assert len(search(account.user_id, "morning").rows) == 4


def test_dispatch_enqueues_what_is_due_once(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, int]] = []
    for name in ("account_pull", "folder_pull", "changes_push", "outgoing_deliver", "bodies_pull"):
        monkeypatch.setattr(
            getattr(tasks, name), "apply_async", lambda ids, name=name, **more: asked.append((name, *ids))
        )
    folder = make_folder(account, bodies_pending=2, due_at=timezone.now() - timedelta(seconds=1))
    now = timezone.now() - timedelta(seconds=1)
    AccountSync.objects.update(due_at=now, push_due_at=now)
    tasks.dispatch()
    assert sorted(asked) == [
        ("account_pull", account.pk),
        ("bodies_pull", account.pk),
        ("changes_push", account.pk),
        ("folder_pull", folder.pk),
    ]
    assert SchedulerTick.objects.exists()
    asked.clear()
    tasks.dispatch()
    assert asked == []
    # Hints may be lost: what is still to be done is asked for again.
    Lease.objects.update(until=timezone.now())
    tasks.dispatch()
    assert asked == [("bodies_pull", account.pk)]
