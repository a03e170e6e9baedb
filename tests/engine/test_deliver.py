"""A message is delivered once, or honestly called uncertain: asserted by what the receiving server holds."""

import contextlib
import itertools
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.utils import timezone

from accounts.models import Identity, MailAccount, OutgoingServer
from mailsync import actions
from mailsync.engine.deliver import RUN_MESSAGES, Doors, deliver
from mailsync.engine.push import push_changes
from mailsync.errors import LeaseLost, NeedsUser, Rejected
from mailsync.models import Change, Draft, Outgoing, OutgoingRecipient, Placement
from mailsync.store import filing, outbox, transit
from tests.engine.fake_sender import FakeSubmission
from tests.engine.fake_server import FakeServer
from tests.factories import make_account, make_folder, make_message

pytestmark = pytest.mark.django_db


class Post:
    """A writer with an account, its IMAP server and its submission server."""

    def __init__(self, **account: Any) -> None:
        self.account: MailAccount = make_account(**account)
        self.user_id = self.account.user_id
        self.imap = FakeServer("INBOX", "Sent", "Drafts")
        self.smtp = FakeSubmission()
        self.sent = make_folder(self.account, "Sent", role="sent")
        self.drafts = make_folder(self.account, "Drafts", role="drafts")
        self.inbox = make_folder(self.account)
        self.doors = Doors(self.smtp.open, self.imap.connect, lambda: 0.0)

    def draft(self, to: str = "bob@example.org", **fields: Any) -> Draft:
        return actions.start_draft(self.user_id, to=to, subject="Plan", **fields)

    def write(self, to: str = "bob@example.org", **options: Any) -> Outgoing:
        options = {"hold_seconds": 0, **options}
        return actions.send(self.user_id, self.draft(to).pk, **options)

    def run(self, outgoing: Outgoing, *, later: bool = True) -> Outgoing:
        """Deliver as the worker would, once it is due (and any claim of a dead worker has run out)."""
        if later:
            past = timezone.now() - timedelta(seconds=1)
            Outgoing.objects.filter(pk=outgoing.pk, due_at__isnull=False).update(due_at=past)
            Outgoing.objects.filter(pk=outgoing.pk, claimed_until__isnull=False).update(claimed_until=past)
        deliver(outgoing.pk, doors=self.doors)
        outgoing.refresh_from_db()
        return outgoing

    def push(self) -> None:
        Change.objects.filter(hold_until__isnull=False).update(hold_until=timezone.now() - timedelta(seconds=1))
        push_changes(self.account.pk, open_source=self.imap.connect)

    def states(self, outgoing: Outgoing) -> dict[str, str]:
        return dict(outgoing.recipients.values_list("address", "state"))


def test_sent_once_filed_once_and_told() -> None:
    post = Post()
    outgoing = post.run(post.write("bob@example.org, Carol <carol@example.org>"))
    assert outgoing.state == "done"
    assert post.smtp.delivered_to() == ["bob@example.org", "carol@example.org"]
    assert bytes(outgoing.raw) == post.smtp.taken[0].raw
    shown = Placement.objects.get(folder=post.sent, shown=True)
    assert (shown.seen, shown.message.subject) == (True, "Plan")
    post.push()
    assert post.imap.boxes["Sent"].ids() == [outgoing.message_id]
    assert post.imap.boxes["Sent"].messages[1].flags == {"\\Seen"}
    shown.refresh_from_db()
    assert shown.uid == 1
    assert list(outgoing.events.values_list("kind", flat=True)) == ["queued", "handed_over", "accepted", "filed"]
    post.run(outgoing)
    post.push()
    assert len(post.smtp.taken) == len(post.imap.boxes["Sent"].messages) == 1


def test_bcc_is_in_the_envelope_and_the_sent_copy_only() -> None:
    post = Post()
    draft = post.draft(bcc="secret@example.org")
    outgoing = post.run(actions.send(post.user_id, draft.pk, 0))
    assert "secret@example.org" in post.smtp.delivered_to()
    assert b"secret" not in post.smtp.taken[0].raw
    post.push()
    assert b"secret@example.org" in post.imap.boxes["Sent"].messages[1].raw
    assert outgoing.state == "done"


def test_a_copy_that_the_provider_files_itself_is_adopted() -> None:
    post = Post()
    post.smtp.on_taken = lambda raw: post.imap.boxes["Sent"].add(raw, ["\\Seen"])
    post.run(post.write())
    post.push()
    assert len(post.imap.boxes["Sent"].messages) == 1
    assert Placement.objects.get(folder=post.sent).uid == 1


def test_a_sent_copy_that_fails_sends_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    post = Post()
    outgoing = post.write()

    def broken(*_: object) -> None:
        raise RuntimeError("disk full")

    monkeypatch.setattr(filing, "store_own_messages", broken)
    with pytest.raises(RuntimeError):
        post.run(outgoing)
    outgoing.refresh_from_db()
    assert outgoing.state == "accepted"
    monkeypatch.undo()
    assert post.run(outgoing).state == "done"
    assert len(post.smtp.taken) == 1


def test_an_appended_copy_that_is_refused_stays_readable_here() -> None:
    post = Post()
    outgoing = post.run(post.write())
    post.imap.fail("append", Rejected("no", code="OVERQUOTA", line="NO [OVERQUOTA]"))
    post.push()
    assert Placement.objects.filter(folder=post.sent, shown=True).count() == 1
    assert outgoing.events.filter(kind="not_filed").exists()


@pytest.mark.parametrize("fault", ["connect", "rcpt", "data"])
def test_a_break_before_the_dot_is_tried_again_with_the_same_bytes(fault: str) -> None:
    post = Post()
    outgoing = post.write()
    frozen = bytes(outgoing.raw)
    post.smtp.faults = [fault]
    assert post.run(outgoing).state == "deferred"
    assert outgoing.due_at is not None
    assert timedelta(seconds=50) < outgoing.due_at - timezone.now() <= timedelta(seconds=60)
    assert post.run(outgoing).state == "done"
    assert [one.raw for one in post.smtp.taken] == [frozen]


def test_a_lost_reply_is_uncertain_and_never_sent_again_by_itself() -> None:
    post = Post()
    outgoing = post.write()
    post.smtp.faults = ["lost"]
    for _ in range(6):
        post.run(outgoing)
    assert (outgoing.state, outgoing.due_at) == ("uncertain", None)
    assert len(post.smtp.taken) == 1


def test_a_lost_reply_is_resolved_by_the_copy_in_sent() -> None:
    post = Post()
    post.smtp.on_taken = lambda raw: post.imap.boxes["Sent"].add(raw, ["\\Seen"])
    outgoing = post.write()
    post.smtp.faults = ["lost"]
    assert post.run(outgoing).state == "done"
    post.push()
    assert len(post.smtp.taken) == len(post.imap.boxes["Sent"].messages) == 1


def test_a_copy_that_the_provider_makes_late_resolves_it_too() -> None:
    post = Post()
    outgoing = post.write()
    post.smtp.faults = ["lost"]
    assert post.run(outgoing).state == "uncertain"
    post.imap.boxes["Sent"].add(post.smtp.taken[0].raw)
    assert post.run(outgoing).state == "done"
    assert len(post.smtp.taken) == 1


def test_the_user_resolves_what_stays_uncertain() -> None:
    post = Post()
    arrived, lost = post.write(), post.write()
    post.smtp.faults = ["lost", "lost_untaken"]
    post.run(arrived)
    post.run(lost)
    actions.mark_as_sent(post.user_id, arrived.pk)
    assert post.run(arrived).state == "done"
    actions.retry_send(post.user_id, lost.pk)
    assert post.run(lost).state == "done"
    assert len(post.smtp.taken) == 2


@pytest.mark.parametrize(
    ("reply", "state"),
    [((451, "4.3.0", "busy"), "deferred"), ((421, "4.3.2", "closing"), "deferred"), ((554, "5.7.1", "spam"), "failed")],
)
def test_final_replies(reply: tuple[int, str, str], state: str) -> None:
    post = Post()
    post.smtp.faults = [reply]
    outgoing = post.run(post.write())
    assert outgoing.state == state
    assert reply[2] in outgoing.error
    assert not post.smtp.taken


def test_mixed_recipients_are_each_told_and_only_the_waiting_are_tried_again() -> None:
    post = Post()
    post.smtp.refusals = {
        "gone@example.org": (550, "5.1.1", "No such user"),
        "full@example.org": (452, "4.2.2", "Full"),
    }
    outgoing = post.run(post.write("bob@example.org, gone@example.org, full@example.org"))
    assert outgoing.state == "deferred"
    assert post.states(outgoing) == {
        "bob@example.org": "accepted", "gone@example.org": "failed", "full@example.org": "pending",
    }  # fmt: skip
    post.smtp.refusals.pop("full@example.org")
    assert post.run(outgoing).state == "done"
    assert post.smtp.delivered_to() == ["bob@example.org", "full@example.org"]
    assert outgoing.events.filter(kind="refused", text__contains="No such user").exists()


def test_more_recipients_than_one_transaction_takes_are_split() -> None:
    post = Post()
    everyone = [f"p{number:03}@example.org" for number in range(130)]
    outgoing = post.write(", ".join(everyone))
    post.run(outgoing)
    assert post.run(outgoing).state == "done"
    assert [len(one.recipients) for one in post.smtp.taken] == [100, 30]
    assert post.smtp.delivered_to() == everyone
    assert Placement.objects.filter(folder=post.sent).count() == 1


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

    def broken(account_id: int, raws: list[bytes], at: Any) -> Any:
        if any(b"p1@" in raw for raw in raws):
            raise RuntimeError("broken")
        return real(account_id, raws, at)

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


def test_send_and_archive_clears_the_inbox_and_undo_brings_it_back() -> None:
    post = Post()
    make_folder(post.account, "Archive", role="archive")
    question = make_message(post.inbox, subject="Question")
    earlier = make_message(post.inbox, subject="Earlier", thread=question.thread)
    other = make_message(post.inbox, subject="Something else")

    def in_inbox() -> set[str]:
        rows = Placement.objects.filter(folder=post.inbox, shown=True)
        return set(rows.values_list("message__subject", flat=True))

    draft = actions.start_draft(post.user_id, "reply", question.message_id)
    outgoing = actions.send(post.user_id, draft.pk, 10, archive=True)
    assert in_inbox() == {other.message.subject}
    again = actions.undo_send(post.user_id, outgoing.pk)
    assert in_inbox() == {"Question", earlier.message.subject, "Something else"}
    outgoing = post.run(actions.send(post.user_id, again.pk, 0, archive=True))
    assert outgoing.state == "done"
    assert in_inbox() == {"Something else"}


class Killed(BaseException):
    """As by kill -9: nothing that would tidy up runs."""


_STEPS: dict[str, Any] = {
    "claim": transit,
    "mark_data_started": transit,
    "mark_dot_sent": transit,
    "settle": outbox,
    "file_sent": filing,
}


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("step", _STEPS)
@pytest.mark.parametrize("keeps_copy", [True, False])
def test_killed_between_any_two_states(step: str, when: str, keeps_copy: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Dead before or after each commit; then others take over. Delivered once, or uncertain; never twice."""
    post = Post()
    if keeps_copy:
        post.smtp.on_taken = post.imap.boxes["Sent"].add
    outgoing = post.write("bob@example.org, carol@example.org")
    module = _STEPS[step]
    real = getattr(module, step)
    count = itertools.count()

    def dying(*args: Any, **kwargs: Any) -> Any:
        if next(count):
            return real(*args, **kwargs)
        if when == "before":
            raise Killed
        real(*args, **kwargs)
        raise Killed

    monkeypatch.setattr(module, step, dying)
    with pytest.raises(Killed):
        post.run(outgoing)
    for _ in range(6):
        post.run(outgoing)
    post.push()
    twice = [address for address in set(post.smtp.delivered_to()) if post.smtp.delivered_to().count(address) > 1]
    assert not twice
    if outgoing.state == "done":
        assert post.smtp.delivered_to() == ["bob@example.org", "carol@example.org"]
        assert len(post.imap.boxes["Sent"].messages) == 1
    else:
        assert outgoing.state == "uncertain"
        # The dot may have left, and nobody can tell: only these two places.
        assert (step, when) in {("mark_dot_sent", "after"), ("settle", "before")}
        assert not (keeps_copy and post.smtp.taken)
