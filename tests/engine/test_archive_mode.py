"""Archive mode on a real Dovecot: what is old is deleted there and kept here, through every kind of accident."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.engine import connect, release
from mailsync.engine.pull import pull_account, pull_bodies
from mailsync.engine.push import push_changes
from mailsync.errors import Unavailable
from mailsync.models import ONLY_HERE_EPOCH, Act, Change, Folder, Message, Placement, RawMessage, Thread
from mailsync.store import keeping, vanish
from mailsync.store.audit import recount, recount_sums
from mailsync.store.leases import release_dead
from tests.engine.boxes import dovecot_account, shown
from tests.engine.in_step import assert_counted_here
from tests.factories import raw_message
from tests.servers.dovecot import Mailbox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.dovecot]

OLD = ["Rota", "Minutes", "Accounts"]


def pull(account: MailAccount) -> None:
    """Two rounds, so that what is missing has had its second look."""
    for _ in range(2):
        pull_account(account.pk)
    pull_bodies(account.pk)


@pytest.fixture
def account(mailbox: Mailbox) -> MailAccount:
    """Three messages of last year and one of today, all here; everything older than thirty days is to be kept here."""
    for subject in OLD:
        mailbox.append(raw_message(subject), flags="\\Seen")
    mailbox.append(raw_message("Today"))
    account = dovecot_account(mailbox)
    pull(account)
    age(account)
    actions.set_keeping(account.user_id, account.pk, 30)
    return account


def age(account: MailAccount, subjects: list[str] = OLD) -> None:
    """These are of last year, and have been here for a while."""
    past = timezone.now() - timedelta(days=365)
    old = Message.objects.filter(account=account, subject__in=subjects)
    old.update(received_at=past, created_at=past)
    Placement.objects.filter(message__in=old).update(received_at=past)


def run(account: MailAccount, **options: Any) -> bool:
    return release.release_mail(account.pk, **options)


def only_here(account: MailAccount) -> list[str]:
    rows = Placement.objects.filter(account=account, epoch=ONLY_HERE_EPOCH, shown=True, gone_phase=0)
    return sorted(rows.values_list("message__subject", flat=True))


def there(mailbox: Mailbox, path: str = "INBOX") -> list[str]:
    return sorted(raw.split(b"\r\n")[0].removeprefix(b"Subject: ").decode() for raw in mailbox.raws(path))


def whole(account: MailAccount) -> None:
    """Each message is here once, with its bytes, and the counts are true."""
    subjects = sorted(Placement.objects.filter(account=account, shown=True).values_list("message__subject", flat=True))
    assert subjects == sorted([*OLD, "Today"])
    assert Message.objects.filter(account=account).count() == RawMessage.objects.filter(account=account).count() == 4
    assert not [*recount(), *recount_sums()]
    for one in MailAccount.objects.all():
        assert_counted_here(one)


def test_old_mail_leaves_the_server_and_stays_here_read_searched_and_counted(
    mailbox: Mailbox, account: MailAccount
) -> None:
    assert not run(account)
    assert there(mailbox) == ["Today"]
    assert only_here(account) == sorted(OLD)
    act = Act.objects.get(verb="release")
    assert (act.count, act.label) == (3, f"3 old messages deleted on the server of {account}, kept here")
    mailbox.append(raw_message("Today's second"))
    Folder.objects.update(deep_scan_at=None)
    pull(account)
    assert set(shown(account)) == {*OLD, "Today", "Today's second"}
    assert not Placement.objects.filter(account=account, gone_phase__gt=0).exists()
    assert keeping.count_only_here(account.pk) == 3
    assert not [*recount(), *recount_sums()]
    for one in MailAccount.objects.all():
        assert_counted_here(one)


def test_nothing_goes_that_is_young_flagged_pinned_bodiless_damaged_or_spared(
    mailbox: Mailbox, account: MailAccount
) -> None:
    flagged, pinned, damaged = (Placement.objects.get(message__subject=subject) for subject in OLD)
    actions.flag(account.user_id, [flagged.pk])
    push_changes(account.pk)
    Thread.objects.filter(pk=pinned.thread_id).update(pinned=True)
    RawMessage.objects.filter(message=damaged.message).update(data=b"x" * damaged.message.size_bytes)
    mailbox.append(raw_message("Draft"), folder="Drafts")
    mailbox.append(raw_message("Bodiless"))
    pull(account)
    age(account, ["Draft", "Bodiless"])
    Message.objects.filter(subject="Bodiless").update(raw=None)
    run(account)
    assert there(mailbox) == sorted([*OLD, "Today", "Bodiless"])
    assert there(mailbox, "Drafts") == ["Draft"]
    assert not Placement.objects.filter(kept=True).exists()


def test_another_message_under_the_same_uid_is_not_deleted(mailbox: Mailbox, account: MailAccount) -> None:
    Message.objects.filter(subject="Rota").update(header_sha256=b"x" * 32)
    run(account)
    assert there(mailbox) == ["Rota", "Today"]
    assert only_here(account) == ["Accounts", "Minutes"]


def test_what_others_marked_deleted_survives(mailbox: Mailbox, account: MailAccount) -> None:
    with mailbox.client("INBOX") as other:
        number = other.search(None, "SUBJECT", "Today")[1][0].split()[0].decode()
        other.store(number, "+FLAGS", "(\\Deleted)")
    run(account)
    assert there(mailbox) == ["Today"]


class Killed(BaseException):
    """The worker is no more."""


@contextmanager
def dying(monkeypatch: pytest.MonkeyPatch, where: Any, name: str, when: str) -> Iterator[None]:
    """The first call of this function is the last thing that happens, or the last that does not."""
    original: Callable[..., Any] = getattr(where, name)

    def die(*args: Any, **kwargs: Any) -> Any:
        if when == "after":
            result = original(*args, **kwargs)
            if hasattr(result, "__next__"):
                list(result)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(where, name, die)
        with pytest.raises(Killed):
            yield


#: Where, when, and whether a pull comes before the next run.
STEPS = [
    *((keeping, name, "after", True) for name in ("choose_ripe", "whole", "mark_kept", "record_released")),
    *(("source", name, "after", pulled) for name in ("store_flags", "expunge") for pulled in (True, False)),
    ("source", "search_uids", "after", True),
]


@pytest.mark.parametrize(("where", "name", "when", "pulled"), STEPS, ids=[f"{one[1]} {one[3]}" for one in STEPS])
def test_a_run_that_dies_anywhere_loses_and_doubles_nothing(
    mailbox: Mailbox,
    account: MailAccount,
    monkeypatch: pytest.MonkeyPatch,
    where: Any,
    name: str,
    when: str,
    pulled: bool,
) -> None:
    source = connect.open_source(account)
    with dying(monkeypatch, source if where == "source" else where, name, when):
        run(account, open_source=lambda _: source)
    whole(account)
    if pulled:
        pull(account)
        whole(account)
    run(account)
    pull(account)
    whole(account)
    assert there(mailbox) == ["Today"]
    assert only_here(account) == sorted(OLD)


WORKER = """
import os, signal, sys
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[2]
from mailsync.engine import release
from mailsync.store import keeping
keeping.record_released = lambda *args: os.kill(os.getpid(), signal.SIGKILL)
release.release_mail(int(sys.argv[1]))
"""


def test_a_real_worker_killed_after_the_deletion(mailbox: Mailbox, account: MailAccount) -> None:
    name = str(connection.settings_dict["NAME"])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run(
        [sys.executable, "-c", WORKER, str(account.pk), name], env=environment, timeout=60, check=False
    )
    assert done.returncode == -signal.SIGKILL
    assert there(mailbox) == ["Today"]
    release_dead()
    pull(account)
    run(account)
    whole(account)
    assert only_here(account) == sorted(OLD)


def test_a_renumbered_folder_loses_and_doubles_nothing(mailbox: Mailbox, account: MailAccount) -> None:
    run(account)
    Folder.objects.filter(account=account, path="INBOX").update(uidvalidity=7)
    pull(account)
    whole(account)
    assert only_here(account) == sorted(OLD)


def test_what_the_server_lists_again_is_there_once_and_stays_when_it_goes_again(
    mailbox: Mailbox, account: MailAccount
) -> None:
    """A server restored from its backup, which then notices."""
    raws = {raw.split(b"\r\n")[0]: raw for raw in mailbox.raws()}
    run(account)
    # The stamp of a delivery, by which copies are known again, stands in no message here: it lies in this folder.
    mailbox.append(raws[b"Subject: Rota"])
    pull(account)
    whole(account)
    assert only_here(account) == ["Accounts", "Minutes"]
    with mailbox.client("INBOX") as other:
        number = other.search(None, "SUBJECT", "Rota")[1][0].split()[0].decode()
        other.store(number, "+FLAGS", "(\\Deleted)")
        other.expunge()
    pull(account)
    vanish.confirm_gone(account.pk, cycle_began=timezone.now())
    whole(account)
    assert only_here(account) == sorted(OLD)


def test_new_mail_that_only_looks_like_kept_mail_is_new(mailbox: Mailbox, account: MailAccount) -> None:
    """Two letters of a script, without a Message-ID or a stamp, with the same header and length."""
    same = b"Subject: Report\r\nFrom: script@example.test\r\n\r\n"
    mailbox.append(same + b"All is well.\r\n")
    pull(account)
    age(account, ["Report"])
    run(account)
    assert "Report" in only_here(account)
    mailbox.append(same + b"Disk failed.\r\n")
    pull(account)
    assert shown(account).count("Report") == 2
    assert RawMessage.objects.filter(account=account, message__subject="Report").count() == 2


def test_verbs_on_what_is_only_here_need_no_server(mailbox: Mailbox, account: MailAccount) -> None:
    run(account)
    user, log = account.user_id, Change.objects.filter(account=account)
    rota, minutes, accounts = (Placement.objects.get(message__subject=subject).pk for subject in OLD)
    actions.mark_read(user, [rota], False)
    actions.archive(user, [rota, minutes])
    copied = actions.copy(user, [accounts], Folder.objects.get(account=account, path="Sent").pk)
    assert not log.filter(finished_at=None).exists()
    push_changes(account.pk)
    pull(account)
    assert sorted(shown(account, "Archive")) == ["Minutes", "Rota"]
    assert shown(account, "Sent") == ["Accounts"]
    assert Placement.objects.filter(message__subject="Rota", seen=False, epoch=ONLY_HERE_EPOCH).count() == 1
    assert actions.undo(user, copied.group)
    assert actions.undo(user, log.filter(kind=Change.Kind.MOVE).latest("pk").group)
    Change.objects.update(hold_until=None)
    push_changes(account.pk)
    pull(account)
    whole(account)
    for _ in range(2):
        actions.trash(user, [Placement.objects.get(message__subject="Rota", shown=True).pk])
        Change.objects.update(hold_until=None)
        push_changes(account.pk)
        pull(account)
    assert not Placement.objects.filter(message__subject="Rota", shown=True).exists()
    assert not log.filter(finished_at=None).exists()
    assert not [*recount(), *recount_sums()]
    for one in MailAccount.objects.all():
        assert_counted_here(one)
    assert there(mailbox) == ["Today"]


@pytest.mark.parametrize("verb", ["archive", "flag", "trash"])
def test_a_verb_between_the_mark_and_the_deletion_is_done_here(
    mailbox: Mailbox, account: MailAccount, monkeypatch: pytest.MonkeyPatch, verb: str
) -> None:
    """The user moves or flags a message in the very moment in which the server is told to delete it."""
    source = connect.open_source(account)
    store_flags = source.store_flags
    rota = Placement.objects.get(message__subject="Rota")

    def meanwhile(*args: Any, **kwargs: Any) -> None:
        getattr(actions, verb)(account.user_id, [rota.pk])
        store_flags(*args, **kwargs)

    monkeypatch.setattr(source, "store_flags", meanwhile)
    run(account, open_source=lambda _: source)
    Change.objects.update(hold_until=None)
    push_changes(account.pk)
    pull(account)
    whole(account)
    assert not Change.objects.filter(account=account, finished_at=None).exists()
    row = Placement.objects.get(message__subject="Rota")
    places = {"archive": "Archive", "trash": "Trash", "flag": "INBOX"}
    assert (row.folder.path, row.flagged) == (places[verb], verb == "flag")
    assert there(mailbox) == ["Today"]


def test_a_folder_that_the_server_loses_gives_what_is_only_here_to_the_archive(
    mailbox: Mailbox, account: MailAccount
) -> None:
    with mailbox.client() as other:
        other.create("Club")
    mailbox.append(raw_message("Statutes"), folder="Club")
    pull(account)
    age(account, [*OLD, "Statutes"])
    run(account)
    with mailbox.client() as other:
        other.delete("Club")
    pull(account)
    Folder.objects.filter(path="Club").update(missing_since=timezone.now() - timedelta(days=2))
    pull(account)
    assert shown(account, "Archive") == ["Statutes"]
    assert not [*recount(), *recount_sums()]
    for one in MailAccount.objects.all():
        assert_counted_here(one)


def test_a_withdrawn_wish_ends_it(mailbox: Mailbox, account: MailAccount) -> None:
    actions.set_keeping(account.user_id, account.pk, None)
    assert not run(account)
    assert len(there(mailbox)) == 4
    with pytest.raises(actions.CannotDo):
        actions.set_keeping(account.user_id, account.pk, 3)
    with pytest.raises(actions.NotYours):
        actions.set_keeping(account.user_id + 1, account.pk, 30)


def test_a_server_without_uid_expunge_is_left_alone(
    mailbox: Mailbox, account: MailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = connect.open_source(account)
    lesser = source.capabilities - {"UIDPLUS", "IMAP4REV2"}
    monkeypatch.setattr(type(source), "capabilities", lesser)
    assert not run(account, open_source=lambda _: source)
    assert len(there(mailbox)) == 4
    account.sync.capabilities = sorted(lesser)
    account.sync.save()
    assert not keeping.may_release(account)
    with pytest.raises(actions.CannotDo):
        actions.set_keeping(account.user_id, account.pk, 90)


@pytest.mark.parametrize("verb", ["select", "fetch_headers"])
def test_a_folder_that_cannot_be_read_just_now_holds_up_no_other(
    mailbox: Mailbox, account: MailAccount, verb: str
) -> None:
    mailbox.append(raw_message("Filed"), "Archive")
    pull(account)
    age(account, ["Filed"])

    def open_source(account: MailAccount) -> Any:
        source: Any = connect.open_source(account)
        selected, real, select = [""], getattr(source, verb), source.select

        def noted(folder: Any, **more: Any) -> Any:
            selected[0] = folder.path
            return refuse(folder, **more) if verb == "select" else select(folder, **more)

        def refuse(*args: Any, **more: Any) -> Any:
            if selected[0] == "Archive":
                raise Unavailable("The mail server cannot do this just now.")
            return real(*args, **more)

        source.select = noted
        if verb != "select":
            setattr(source, verb, refuse)
        return source

    assert not run(account, open_source=open_source)
    assert (there(mailbox), there(mailbox, "Archive")) == (["Today"], ["Filed"])
