"""Who may send, when a message waits, and what one run of a worker carries."""

import contextlib
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from accounts.models import Identity, OutgoingServer
from mailsync import actions
from mailsync.engine.deliver import RUN_MESSAGES, Doors, deliver
from mailsync.errors import LeaseLost, NeedsUser
from mailsync.models import Change, Outgoing, OutgoingRecipient, Placement
from mailsync.store import filing, transit
from tests.engine.post import Post
from tests.factories import make_account, make_message

pytestmark = pytest.mark.django_db


def test_a_used_up_allowance_pauses_the_account_not_the_message() -> None:
    post = Post()
    first, second = post.write(), post.write()
    post.smtp.faults = [(550, "5.4.5", "Daily user sending limit exceeded")]
    post.run(first)
    second.refresh_from_db()
    for outgoing in (first, second):
        assert outgoing.state in {"deferred", "queued"}
        assert outgoing.due_at is not None
        assert outgoing.due_at - timezone.now() > timedelta(hours=23)


def test_our_share_of_the_providers_day_is_kept_and_the_time_told() -> None:
    post = Post(address="someone@gmail.com", provider="gmail")
    sent = post.run(post.write())
    when = timezone.now() - timedelta(hours=20)
    OutgoingRecipient.objects.bulk_create(
        OutgoingRecipient(outgoing=sent, address=f"x{n}@example.org", state="accepted", settled_at=when)
        for n in range(400)
    )
    held = post.run(post.write())
    assert held.state == "deferred"
    assert "sending limit" in held.error
    assert held.due_at is not None
    assert timedelta(hours=3) < held.due_at - timezone.now() < timedelta(hours=5)
    assert held.attempts == 0


def test_a_refused_login_waits_for_the_user() -> None:
    post = Post()
    post.smtp.faults = [NeedsUser("The password was refused.", code="password")]
    outgoing = post.run(post.write())
    assert (outgoing.state, outgoing.error, outgoing.attempts) == ("deferred", "The password was refused.", 0)
    assert post.run(outgoing).state == "done"


def test_given_up_after_two_days_and_told() -> None:
    post = Post()
    outgoing = post.write()
    Outgoing.objects.update(created_at=timezone.now() - timedelta(hours=49))
    post.smtp.faults = ["connect"]
    assert post.run(outgoing).state == "failed"
    assert post.states(outgoing) == {"bob@example.org": "failed"}


def test_told_after_four_hours_once() -> None:
    post = Post()
    outgoing = post.write()
    Outgoing.objects.update(created_at=timezone.now() - timedelta(hours=5))
    post.smtp.faults = ["rcpt", "rcpt"]
    post.run(outgoing)
    post.run(outgoing)
    assert outgoing.events.filter(kind="delayed").count() == 1


def _unverify(identity: Identity) -> None:
    identity.verified_at = None
    identity.save()


def _give_away(identity: Identity) -> None:
    identity.user = make_account().user
    identity.save()


def _rename(identity: Identity) -> None:
    identity.address = "ceo@example.org"
    identity.save()


@pytest.mark.parametrize("spoil", [_unverify, _give_away, _rename, lambda identity: identity.delete()])
def test_who_may_send_is_checked_again_in_the_worker(spoil: Callable[[Identity], object]) -> None:
    post = Post()
    outgoing = post.write()
    spoil(Identity.objects.get(account=post.account))
    assert post.run(outgoing).state == "failed"
    assert not post.smtp.taken
    assert outgoing.error


def test_a_paused_account_sends_nothing() -> None:
    post = Post()
    outgoing = post.write()
    actions.pause_account(post.user_id, post.account.pk)
    assert post.run(outgoing).state == "deferred"
    assert not post.smtp.taken


def test_nothing_leaves_while_undo_is_offered() -> None:
    post = Post()
    outgoing = post.write(hold_seconds=10)
    assert post.run(outgoing, later=False).state == "held"
    assert outgoing.due_at is not None
    assert outgoing.due_at - timezone.now() > timedelta(seconds=11)
    draft = actions.undo_send(post.user_id, outgoing.pk)
    assert (draft.to, draft.subject) == ("bob@example.org", "Plan")
    post.run(outgoing)
    assert not post.smtp.taken


def test_undo_comes_too_late_for_what_has_left() -> None:
    post = Post()
    outgoing = post.run(post.write())
    with pytest.raises(actions.CannotDo):
        actions.undo_send(post.user_id, outgoing.pk)


def test_two_workers_send_one_message_once() -> None:
    post = Post()
    outgoing = post.write()
    mine = transit.claim(outgoing.pk)
    assert mine is not None
    assert transit.claim(outgoing.pk) is None
    assert post.run(outgoing, later=False).state == "claimed"
    assert not post.smtp.taken


def test_a_worker_thought_dead_cannot_go_on() -> None:
    post = Post()
    outgoing = post.write()
    stale = transit.claim(outgoing.pk)
    assert stale is not None
    assert post.run(outgoing).state == "done"
    with pytest.raises(LeaseLost):
        transit.mark_data_started(stale)


def test_the_original_is_marked_as_answered_and_the_answer_joins_its_conversation() -> None:
    post = Post()
    original = make_message(post.inbox, subject="Question")
    draft = actions.start_draft(post.user_id, "reply", original.message_id)
    post.run(actions.send(post.user_id, draft.pk, 0))
    original.refresh_from_db()
    assert original.answered
    assert Change.objects.filter(kind="flags", add_flags=["\\Answered"], placement=original).exists()
    raw = post.smtp.taken[0].raw
    assert f"In-Reply-To: <{original.message.message_id}>".encode() in raw


def test_one_connection_carries_all_that_is_due() -> None:
    post = Post()
    messages = [post.write(f"p{number}@example.org") for number in range(5)]
    post.run(messages[0])
    assert (len(post.smtp.taken), post.smtp.connections) == (5, 1)


def test_a_further_message_of_a_run_costs_two_commits(monkeypatch: pytest.MonkeyPatch) -> None:
    """``dot_sent``, and accepted together with the claim of the next. What is filed is filed together."""
    statements: list[str] = []
    real = psycopg.Cursor.execute

    def counted(cursor: Any, query: Any, *args: Any, **kwargs: Any) -> Any:
        statements.append(str(query))
        return real(cursor, query, *args, **kwargs)

    # Django's cursors are of this class too.
    monkeypatch.setattr(psycopg.Cursor, "execute", counted)
    few, many = Post(), Post()
    counts = []
    for post, number in ((few, 3), (many, 13)):
        letters = [post.write(f"p{each}@example.org") for each in range(number)]
        statements.clear()
        post.run(letters[0], later=False)
        assert len(post.smtp.taken) == Placement.objects.filter(folder=post.sent).count() == number
        counts.append(len(statements))
    assert counts[1] - counts[0] == 2 * 10


def test_a_run_hands_on_what_did_not_get_its_turn() -> None:
    post = Post()
    letters = [post.write(f"p{each}@example.org") for each in range(RUN_MESSAGES + 2)]
    following = deliver(letters[0].pk, doors=post.doors)
    assert len(post.smtp.taken) == RUN_MESSAGES
    assert following == letters[RUN_MESSAGES].pk
    assert deliver(following, doors=post.doors) is None
    assert Outgoing.objects.filter(state="done").count() == len(letters)


def test_one_message_that_cannot_be_filed_stops_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post()
    letters = [post.write(f"p{each}@example.org") for each in range(3)]
    real = filing.store_own_messages

    def broken(account_id: int, came: list[tuple[bytes, Any]]) -> Any:
        if any(b"p1@" in raw for raw, _ in came):
            raise RuntimeError("broken")
        return real(account_id, came)

    monkeypatch.setattr(filing, "store_own_messages", broken)
    with pytest.raises(RuntimeError):
        post.run(letters[0])
    for letter in letters:
        with contextlib.suppress(RuntimeError):
            post.run(letter)
        letter.refresh_from_db()
    assert [letter.state for letter in letters] == ["done", "accepted", "done"]
    assert len(post.smtp.taken) == 3


def test_who_was_refused_is_not_taken_for_accepted_when_the_message_is_found() -> None:
    post = Post()
    post.smtp.on_taken = lambda raw: post.imap.boxes["Sent"].add(raw, ["\\Seen"])
    post.smtp.refusals = {"gone@example.org": (452, "4.2.2", "Full")}
    post.smtp.faults = ["lost"]
    outgoing = post.run(post.write("bob@example.org, gone@example.org"))
    assert post.states(outgoing) == {"bob@example.org": "accepted", "gone@example.org": "pending"}


def test_identities_of_two_accounts_share_a_relay_and_its_one_connection() -> None:
    post = Post()
    other = make_account(post.account.user, address="second@example.org")
    relay = OutgoingServer.objects.create(user=post.account.user, host="relay.example", is_relay=True)
    Identity.objects.filter(user=post.user_id).update(outgoing_server=relay)
    used: list[int] = []
    post.doors = Doors(
        lambda server, account: used.append(server.pk) or post.smtp.open(server, account), post.imap.connect
    )  # type: ignore[func-returns-value]
    letters = [
        actions.send(post.user_id, actions.start_draft(post.user_id, identity_id=one.pk, to="bob@example.org").pk, 0)
        for one in Identity.objects.filter(user=post.user_id).order_by("pk")
    ]
    post.run(letters[0])
    assert (used, post.smtp.connections) == ([relay.pk], 1)
    assert [one.mail_from for one in post.smtp.taken] == [post.account.address, other.address]
    # A relay keeps no copies: each account's Sent gets its own at once.
    held = Change.objects.filter(kind="append").values_list("account", "hold_until")
    assert sorted(held) == sorted([(post.account.pk, None), (other.pk, None)])
