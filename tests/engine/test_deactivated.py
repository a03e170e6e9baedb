"""Who is deactivated has nothing at work for them, wherever it stood; let in again, all of it goes on."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db.models.functions import Now
from django.utils import timezone

from accounts import sessions
from accounts.models import MailAccount, User
from mailsync import actions, tasks
from mailsync.engine import long_acts, rules
from mailsync.engine.call_webhook import call_webhook
from mailsync.models import (
    Act,
    Arrival,
    FollowUp,
    Forward,
    MessageText,
    Outgoing,
    Placement,
    RuleHit,
    Snooze,
    Upload,
    WebhookCall,
)
from mailsync.store import (
    addressed,
    arrivals,
    by_message,
    file_texts,
    follow_ups,
    forwards,
    journal_work,
    snoozing,
    turns,
    uploads,
    webhooks,
)
from mailsync.store.listed import Listing
from tests.engine.away import Away
from tests.engine.in_step import pull
from tests.engine.post import Post
from tests.engine.ruled import make_rule
from tests.engine.test_forwards import Sending
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


def let_in(user: User) -> None:
    assert sessions.activate(User.objects.get(pk=user.pk))


def shut_out(user: User) -> None:
    assert sessions.deactivate(User.objects.get(pk=user.pk))


def test_an_act_on_a_whole_list_stops_between_two_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_acts, "SLICE_ROWS", 2)
    inbox = make_folder()
    user = inbox.account.user
    for _ in range(5):
        make_message(inbox)
    act_id = actions.act_on_list(user.pk, "archive", Listing((inbox.pk,)), total=5).act_id or 0
    assert long_acts.work(act_id, run_seconds=0)
    shut_out(user)
    Act.objects.update(due_at=Now() - timedelta(seconds=1))
    assert journal_work.claim_acts() == []
    assert not long_acts.work(act_id)
    assert Placement.objects.filter(folder=inbox, shown=True).count() == 3
    let_in(user)
    assert journal_work.claim_acts() == [act_id]
    assert not long_acts.work(act_id)
    assert not Placement.objects.filter(folder=inbox, shown=True).exists()
    assert Act.objects.get(pk=act_id).state == Act.State.DONE


def test_the_file_of_an_import_is_kept_for_as_long_as_it_takes() -> None:
    folder = make_folder()
    user = folder.account.user
    row = Upload.objects.create(user=user, import_into=folder, name="a.mbox", size_bytes=5, fingerprint="a")
    Upload.objects.update(updated_at=timezone.now() - timedelta(days=300))
    shut_out(user)
    assert uploads.sweep_uploads() == 0
    let_in(user)
    assert uploads.sweep_uploads() == 1
    assert not Upload.objects.filter(pk=row.pk).exists()


def test_rules_and_automatic_replies_wait_with_what_came_in() -> None:
    away = Away()
    user = away.account.user
    make_rule(user, "subject:rota", "flag")
    away.put("Rota of May")
    away.put("Lunch")
    # They are shut out while the mail that was asked for is being stored.
    settle = rules.settle
    rules_run: list[int] = []

    def shut_out_first(account: MailAccount, *args: object, **options: bool) -> None:
        if not rules_run:
            shut_out(user)
        rules_run.append(account.pk)
        settle(account, *args, **options)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "settle", shut_out_first)
        pull(away.account, away.imap)
    assert rules_run
    assert Arrival.objects.count() == 2
    assert not RuleHit.objects.exists()
    Arrival.objects.update(due_at=Now() - timedelta(days=2))
    assert arrivals.due_accounts() == []
    rules.run_due(away.account.pk)
    assert Arrival.objects.count() == 2
    let_in(user)
    assert arrivals.due_accounts() == [away.account.pk]
    rules.run_due(away.account.pk)
    assert RuleHit.objects.get().message.subject == "Rota of May"
    assert [letter["To"] for letter in away.send()] == ["bo@work.test"]


def test_a_forward_waits_and_grows_no_older_by_that() -> None:
    sending = Sending()
    sending.receive("Rota of May")
    shut_out(sending.user)
    Forward.objects.update(due_at=Now() - timedelta(seconds=1), created_at=Now() - timedelta(days=3))
    assert forwards.due_forwards() == []
    (row,) = Forward.objects.all()
    assert row.due_at is not None
    assert timezone.now() - row.created_at < timedelta(minutes=1)
    tasks.mail_forward(row.pk)
    assert not Outgoing.objects.exists()
    let_in(sending.user)
    Forward.objects.update(due_at=Now() - timedelta(seconds=1))
    (sent,) = sending.forward()
    assert sent["Subject"] == "Fwd: Rota of May"


def test_what_waits_to_be_sent_is_not_given_up() -> None:
    post = Post()
    outgoing = post.write()
    user = User.objects.get(pk=post.user_id)
    shut_out(user)
    # A worker had it in hand already.
    assert post.run(outgoing).state == Outgoing.State.DEFERRED
    assert post.smtp.taken == []
    assert post.states(outgoing) == {"bob@example.org": "pending"}
    assert turns.due_outgoing() == []
    let_in(user)
    assert turns.due_outgoing() == [outgoing.pk]
    assert post.run(outgoing).state == Outgoing.State.DONE
    assert post.smtp.delivered_to() == ["bob@example.org"]


def test_what_was_chosen_for_a_later_time_leaves_when_they_are_back() -> None:
    post = Post()
    outgoing = post.write(send_at=timezone.now() + timedelta(hours=1))
    user = User.objects.get(pk=post.user_id)
    shut_out(user)
    Outgoing.objects.update(due_at=Now() - timedelta(days=3), send_at=Now() - timedelta(days=3))
    assert turns.due_outgoing() == []
    let_in(user)
    assert turns.due_outgoing() == [outgoing.pk]
    assert post.run(outgoing).state == Outgoing.State.DONE


def test_what_is_snoozed_or_unanswered_waits() -> None:
    post = Post()
    user = User.objects.get(pk=post.user_id)
    snoozed = make_folder(post.account, "Snoozed", role="snoozed")
    Snooze.objects.create(
        account=post.account,
        message=make_message(snoozed).message,
        source=post.inbox,
        until=timezone.now(),
        group=uuid4(),
    )
    outgoing = post.run(post.write())
    FollowUp.objects.create(user=user, outgoing=outgoing, days=1, due_at=timezone.now() - timedelta(hours=1))
    shut_out(user)
    assert snoozing.due_accounts() == []
    assert follow_ups.due_users() == []
    let_in(user)
    assert snoozing.due_accounts() == [post.account.pk]
    assert follow_ups.due_users() == [user.pk]


def test_calls_of_a_webhook_wait() -> None:
    placement = make_message(make_folder())
    user = placement.account.user
    hook = actions.write_webhook(user.pk, None, name="Chat", url="https://chat.example.org/", says="event")
    for _ in range(2):
        WebhookCall.objects.create(webhook=hook, message=placement.message)
    made: list[str] = []

    def post(url: str, _body: bytes, _headers: Mapping[str, str]) -> int:
        made.append(url)
        shut_out(user)
        return 200

    call_webhook(hook.pk, post=post)
    assert len(made) == 1
    assert webhooks.due_webhooks() == []
    let_in(user)
    assert webhooks.due_webhooks() == [hook.pk]
    call_webhook(hook.pk, post=post)
    assert len(made) == 2
    assert not WebhookCall.objects.exists()


def test_nobody_tidies_up_for_who_is_not_there() -> None:
    account = make_account()
    placement = make_message(make_folder(account))
    MessageText.objects.filter(message=placement.message).update(files_waiting=True)
    before = (
        addressed.people_addressed_anew(),
        file_texts.accounts_with_unread_files(limit=9),
        by_message.people_to_tend(),
    )
    User.objects.update(preferences={"conversations": False})
    assert before[0] == [account.user_id]
    shut_out(account.user)
    assert addressed.people_addressed_anew() == by_message.people_to_tend() == []
    assert file_texts.accounts_with_unread_files(limit=9) == []
    let_in(account.user)
    assert addressed.people_addressed_anew() == by_message.people_to_tend() == [account.user_id]
