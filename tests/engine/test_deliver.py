"""A message is delivered once, or honestly called uncertain: asserted by what the receiving server holds."""

import itertools
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from django.utils import timezone

from mailsync import actions
from mailsync.errors import Rejected
from mailsync.models import Placement
from mailsync.store import filing, outbox, transit
from tests.engine.post import Post
from tests.factories import make_folder, make_message

pytestmark = pytest.mark.django_db


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


def test_after_a_restored_backup_what_waited_is_looked_for_and_not_sent_again() -> None:
    post = Post()
    sent, unsent = post.write(), post.write("carol@example.org", hold_seconds=20)
    later = post.write("dave@example.org", send_at=timezone.now() + timedelta(days=1))
    post.imap.boxes["Sent"].add(bytes(sent.raw), ["\\Seen"])  # it left after the backup was made
    out = StringIO()
    call_command("restored", stdout=out)
    assert out.getvalue().startswith("2 messages are looked for in Sent.")
    assert post.run(sent).state == "done"
    for _ in range(5):
        post.run(unsent)
    unsent.refresh_from_db()
    assert (unsent.state, unsent.due_at) == ("uncertain", None)
    assert post.smtp.taken == []
    later.refresh_from_db()
    assert later.state == "held"
    actions.retry_send(post.user_id, unsent.pk)
    assert post.run(unsent).state == "done"
    assert post.smtp.delivered_to() == ["carol@example.org"]


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
