"""Rules run in the wake of a pull: once for each new message, in order, and never for what is not new."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from accounts.models import MailAccount
from mailsync import actions, tasks
from mailsync.engine import rules
from mailsync.engine.pull import pull_account
from mailsync.models import Act, Arrival, BlockedSender, Change, Folder, Message, Placement, RuleHit
from mailsync.store import arrivals
from mailsync.store.rules import load_rules
from mailsync.store.summary import FolderCounts
from tests.engine.filled import filled, inbox
from tests.engine.in_step import assert_in_step, pull
from tests.engine.ruled import make_rule
from tests.factories import make_account, make_folder, make_message, raw_message
from tests.fakes import PullServer
from tests.store.test_listing_size import rows_touched

pytestmark = pytest.mark.django_db


@pytest.fixture
def account() -> MailAccount:
    return make_account()


def deliver(server: PullServer, *subjects: str, **headers: str) -> None:
    for subject in subjects:
        server.boxes["INBOX"].add(raw_message(subject, Received="by x; Sun, 01 Mar 2026 09:00:00 +0000", **headers))


def lying(account: MailAccount) -> dict[str, list[str]]:
    """Subjects by folder, as the screens show them."""
    found: dict[str, list[str]] = {}
    rows = Placement.objects.filter(account=account, shown=True).order_by("id")
    for name, subject in rows.values_list("folder__name", "message__subject"):
        found.setdefault(name, []).append(subject)
    return found


def test_new_mail_is_treated_and_old_mail_is_left_alone(account: MailAccount) -> None:
    server = filled(3)
    rule = make_rule(account.user, "subject:inbox OR subject:rota", "read", "flag", "archive", name="Rotas")
    pull(account, server)
    assert lying(account) == {"INBOX": ["Inbox 0", "Inbox 1", "Inbox 2"]}
    assert not Arrival.objects.exists()
    deliver(server, "Rota", "Minutes")
    pull(account, server)
    pull(account, server)
    assert lying(account) == {"INBOX": ["Inbox 0", "Inbox 1", "Inbox 2", "Minutes"], "Archive": ["Rota"]}
    filed = Placement.objects.get(folder__name="Archive")
    assert (filed.seen, filed.flagged) == (True, True)
    folder = inbox()
    assert (folder.total, folder.unread) == (4, 4)
    hit = RuleHit.objects.get()
    assert (hit.rule, hit.message.subject, hit.name, hit.is_block) == (rule, "Rota", "Rotas", False)
    act = Act.objects.get()
    assert (act.verb, act.label, act.count, act.group) == ("rule", "Rotas", 1, hit.group)
    assert not Arrival.objects.exists()
    # The server is told at once: no toast is waiting for an Undo.
    assert set(Change.objects.filter(group=act.group, kind="move").values_list("hold_until", flat=True)) == {None}
    # Back by Undo, and it stays back.
    assert actions.undo(account.user_id, act.group)
    pull(account, server)
    assert "Rota" in lying(account)["INBOX"]
    assert RuleHit.objects.count() == 1


def test_pages_are_told_of_what_came_and_of_what_a_rule_did_in_one_word(
    account: MailAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = filled(1)
    make_rule(account.user, "rota", "flag")
    pull(account, server)
    told: list[FolderCounts] = []
    monkeypatch.setattr(rules, "announce_folders", told.extend)
    deliver(server, "Rota", "Minutes")
    pull(account, server)
    news = Placement.objects.filter(message__subject__in=["Rota", "Minutes"]).order_by("thread_id")
    assert [(one.folder_id, one.thread_ids) for one in told] == [
        (inbox().pk, tuple(news.values_list("thread_id", flat=True)))
    ]


def test_nothing_is_noted_for_people_without_rules(account: MailAccount) -> None:
    server = filled(1)
    make_rule(account.user, "rota", "read", enabled=False)
    pull(account, server)
    deliver(server, "Rota")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        pull(account, server)
    assert not Arrival.objects.exists()
    assert not RuleHit.objects.exists()
    # One statement asks whether there is anybody to ask, in the transaction that stores the chunk.
    assert sum("mailsync_rule" in one["sql"] for one in queries) == 1


def test_what_a_person_moves_into_the_inbox_elsewhere_is_left_there(account: MailAccount) -> None:
    server = filled(1)
    raw = raw_message("Rota", Received="by x; Sun, 01 Mar 2026 09:00:00 +0000")
    uid = server.boxes["Archive"].add(raw)
    pull(account, server)
    make_rule(account.user, "subject:rota", "trash")
    # Another program moves it: a new UID in the inbox, the same bytes.
    server.boxes["Archive"].messages.pop(uid)
    server.boxes["INBOX"].add(raw)
    pull(account, server)
    assert lying(account)["INBOX"] == ["Inbox 0", "Rota"]
    assert not RuleHit.objects.exists()


def test_a_text_is_waited_for_and_the_order_is_kept(account: MailAccount) -> None:
    server = filled(1)
    pull(account, server)
    make_rule(account.user, "subject:rota", "flag")
    make_rule(account.user, "body:picnic ", "archive")
    deliver(server, *(f"Rota {n}" for n in range(60)))
    server.boxes["INBOX"].add(raw_message("Rota with", "Bring tea to the picnic.\r\n"))
    pull_account(account.pk, connect=server.opener)
    # More than come with their bodies at once: the first rule has run, the second waits.
    assert (Arrival.objects.filter(waited=True).count(), RuleHit.objects.count()) == (61, 61)
    assert Arrival.objects.values_list("ran", flat=True).distinct().count() == 1
    pull(account, server)
    assert lying(account)["Archive"] == ["Rota with"]
    assert not Arrival.objects.exists()
    assert RuleHit.objects.count() == 62


def test_all_that_waits_for_its_text_is_put_back_together(
    account: MailAccount, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    folder = make_folder(account)
    rows = [make_message(folder, subject="Rota") for _ in range(30)]
    Message.objects.filter(account=account).update(raw=None)
    make_rule(account.user, "subject:rota", "flag")
    make_rule(account.user, "picnic", "archive")
    arrivals.note_arrivals(folder.pk, folder.epoch, [row.uid or 0 for row in rows])
    rules.run_rules(account)
    Arrival.objects.update(waited=False, ran=[])
    with django_assert_max_num_queries(30):
        assert rules.run_rules(account).waiting
    assert Arrival.objects.filter(waited=True, ran__len=1).count() == len(rows)


def test_of_many_blocked_senders_those_are_read_that_have_written(account: MailAccount) -> None:
    folder = make_folder(account)
    rows = [make_message(folder, from_address=f"ada@{place}") for place in ("bad.test", "news.worse.test", "good.test")]
    patterns = ["ada@bad.test", "worse.test", *(f"spam{n}@other.test" for n in range(1000))]
    BlockedSender.objects.bulk_create(BlockedSender(user=account.user, pattern=pattern) for pattern in patterns)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE mailsync_blockedsender")
    arrivals.note_arrivals(folder.pk, folder.epoch, [row.uid or 0 for row in rows])
    _, read = rows_touched(lambda: rules.run_rules(account))
    assert [hit.name for hit in RuleHit.objects.order_by("message")] == ["ada@bad.test", "worse.test"]
    assert not Arrival.objects.exists()
    assert read <= 500


def test_a_text_that_does_not_come_is_not_waited_for_for_ever(account: MailAccount) -> None:
    folder = make_folder(account)
    row = make_message(folder, subject="Rota", raw=None)
    Message.objects.filter(pk=row.message_id).update(raw=None)
    make_rule(account.user, "picnic OR subject:rota", "flag")
    arrivals.note_arrivals(folder.pk, folder.epoch, [row.uid or 0])
    assert rules.run_rules(account).waiting
    assert rules.run_rules(account).waiting
    Arrival.objects.update(created_at=timezone.now() - timedelta(seconds=arrivals.TEXT_SECONDS + 1))
    assert not rules.run_rules(account).waiting
    row.refresh_from_db()
    assert row.flagged


def test_fifty_rules_and_a_thousand_messages_are_a_handful_of_statements(account: MailAccount) -> None:
    server = filled(1)
    pull(account, server)
    for n in range(50):
        make_rule(account.user, f"subject:word{n} from:ada", "flag", ("label", "$Work"))
    deliver(server, *(f"Letter word{n % 500} of {n}" for n in range(1000)))
    noted: list[tuple[int, int]] = []
    real = rules.run_rules

    def counted(one: MailAccount) -> rules.RuleRun:
        before = RuleHit.objects.count()
        with CaptureQueriesContext(connection) as queries:
            done = real(one)
        noted.append((len(queries), RuleHit.objects.count() - before))
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "run_rules", counted)
        pull(account, server)
    # Ten statements to ask all rules about all of them, and so many for each rule that has something to do.
    (treating,) = [queries for queries, treated in noted if treated]
    assert RuleHit.objects.count() == 100
    assert treating <= 12 + 50 * 24
    # Then one for each batch of bodies, which asks whether anything waits.
    assert {queries for queries, treated in noted if not treated} == {1}


def test_rules_that_cannot_work_are_paused_and_say_so(account: MailAccount) -> None:
    folder = make_folder(account)
    work = make_folder(account, "Work")
    make_rule(account.user, "subject:rota", ("move", str(work.pk)))
    make_rule(account.user, "in:nowhere", "flag")
    make_rule(account.user, 'subject:"rota', "flag")
    make_rule(account.user, "subject:rota", "flag", accounts=[account.pk + 1000])
    make_rule(account.user, "subject:rota", "read")
    Folder.objects.filter(pk=work.pk).update(missing_since=timezone.now())
    loaded = load_rules(account.user_id)
    assert [bool(rule.problem) for rule in loaded] == [True, True, True, True, False]
    row = make_message(folder, subject="Rota")
    arrivals.note_arrivals(folder.pk, folder.epoch, [row.uid or 0])
    rules.run_rules(account)
    row.refresh_from_db()
    assert (row.seen, row.flagged, row.shown) == (True, False, True)


def test_blocked_senders_come_first_and_go_to_junk_or_the_bin(account: MailAccount) -> None:
    server = filled(1)
    pull(account, server)
    BlockedSender.objects.create(user=account.user, pattern="shop.example")
    BlockedSender.objects.create(user=account.user, pattern="pest@example.test", to_bin=True)
    make_rule(account.user, "subject:offer", "archive")
    deliver(server, "Offer", From="News <news@mail.Shop.example>")
    deliver(server, "Hey", From="pest@example.test")
    deliver(server, "Offer of help")
    pull(account, server)
    found = lying(account)
    assert (found["Junk"], found["Trash"], found["Archive"]) == (["Offer"], ["Hey"], ["Offer of help"])
    assert sorted(RuleHit.objects.filter(is_block=True).values_list("name", flat=True)) == [
        "pest@example.test",
        "shop.example",
    ]
    assert set(Act.objects.values_list("verb", flat=True)) == {"block", "rule"}


def test_to_me_is_to_any_address_of_the_person(account: MailAccount) -> None:
    server = filled(1)
    pull(account, server)
    make_rule(account.user, "to:me OR cc:me", "flag")
    deliver(server, "Mine", Cc=f"Me <{account.address}>")
    deliver(server, "Not mine")
    pull(account, server)
    flagged = Placement.objects.filter(flagged=True)
    assert list(flagged.values_list("message__subject", flat=True)) == ["Mine"]


def test_pin_and_mute_are_taken_back_with_the_rule(account: MailAccount) -> None:
    server = filled(1)
    pull(account, server)
    make_rule(account.user, "subject:rota", "pin")
    make_rule(account.user, "subject:rota", "mute")
    deliver(server, "Rota")
    pull(account, server)
    thread = Message.objects.get(subject="Rota").thread
    assert (thread.pinned, thread.muted) == (True, True)
    for act in Act.objects.all():
        assert actions.undo(account.user_id, act.group)
    thread.refresh_from_db()
    assert (thread.pinned, thread.muted) == (False, False)


def test_a_table_that_refuses_keeps_no_mail_out(account: MailAccount, monkeypatch: pytest.MonkeyPatch) -> None:
    server = filled(1)
    pull(account, server)
    make_rule(account.user, "subject:rota", "flag")
    deliver(server, "Rota")

    def refuse(*_: object) -> None:
        raise DatabaseError("no")

    with monkeypatch.context() as patch:
        patch.setattr(rules, "load_rules", refuse)
        pull(account, server)
    assert_in_step(account, server)
    assert Arrival.objects.count() == 1
    assert arrivals.due_accounts() == []
    Arrival.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    assert arrivals.due_accounts() == [account.pk]
    assert arrivals.due_accounts() == []
    tasks.rules_run(account.pk)
    tasks.rules_run(account.pk)
    assert Placement.objects.filter(flagged=True).count() == 1
    assert RuleHit.objects.count() == 1
