"""Being reminded of what nobody answers: when it is time, not when there is an answer, and by whom it may come."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from mailsync import actions
from mailsync.engine.deliver import Doors, deliver
from mailsync.errors import CannotDo
from mailsync.models import Draft, Folder, FollowUp, Message, Outgoing, Placement
from mailsync.store import follow_ups
from mailsync.tasks import dispatch, unanswered_tell
from tests.engine.fake_sender import FakeSubmission
from tests.engine.filled import filled
from tests.engine.in_step import pull
from tests.factories import make_account, make_user, raw_message
from tests.forgotten import forget_all

pytestmark = pytest.mark.django_db


class Writer:
    """Anna, who writes to Bo; her mail server, and the one that takes what she sends."""

    def __init__(self) -> None:
        self.account = make_account(address="anna@club.test")
        self.user = self.account.user
        self.imap = filled(1)
        self.smtp = FakeSubmission()
        pull(self.account, self.imap)

    def write(self, days: int = 3, **fields: Any) -> Outgoing:
        fields = {"to": "Bo Ek <bo@work.test>", "subject": "The hall", "body": "<p>Is it free?</p>", **fields}
        draft = actions.start_draft(self.user.pk, **fields)
        draft = actions.save_draft(self.user.pk, draft.pk, draft.version, remind_days=days)
        return actions.send(self.user.pk, draft.pk, hold_seconds=0)

    def deliver(self, outgoing: Outgoing) -> None:
        for _ in range(3):
            deliver(outgoing.pk, doors=Doors(self.smtp.open, self.imap.connect, lambda: 0.0))
        pull(self.account, self.imap)

    def sent(self, days: int = 3, **fields: Any) -> Outgoing:
        outgoing = self.write(days, **fields)
        self.deliver(outgoing)
        outgoing.refresh_from_db()
        assert outgoing.state in (Outgoing.State.ACCEPTED, Outgoing.State.DONE)
        return outgoing

    def receive(self, to: Outgoing, box: str = "INBOX", **headers: str) -> None:
        answer = {"From": "Bo Ek <bo@work.test>", "To": "anna@club.test", "In-Reply-To": f"<{to.message_id}>"}
        fields = {**answer, **headers}
        self.imap.boxes[box].add(raw_message("Re: The hall", **fields), internal_date=timezone.now())
        pull(self.account, self.imap)

    def later(self, **span: float) -> int:
        """So much time goes by, and the clock looks; returns of how many messages she was reminded."""
        for row in FollowUp.objects.all():
            FollowUp.objects.filter(pk=row.pk).update(due_at=row.due_at - timedelta(**span))
        return sum(len(follow_ups.remind(user_id)) for user_id in follow_ups.due_users())


def test_who_waits_is_reminded_when_the_time_is_over_and_no_sooner() -> None:
    anna = Writer()
    outgoing = anna.sent(days=3)
    row = FollowUp.objects.get()
    assert (row.outgoing, row.user, row.days) == (outgoing, anna.user, 3)
    assert abs(row.due_at - (outgoing.created_at + timedelta(days=3))) < timedelta(seconds=2)
    assert anna.later(days=2, hours=23) == 0
    assert follow_ups.count_unanswered(anna.user.pk) == 0
    assert anna.later(hours=2) == 1
    assert [one.outgoing for one in follow_ups.unanswered(anna.user.pk)] == [outgoing]
    assert follow_ups.count_unanswered(anna.user.pk) == 1
    # Once is enough.
    assert anna.later(days=9) == 0


def test_the_clock_asks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    anna = Writer()
    anna.sent(days=1)
    asked: list[tuple[int]] = []
    monkeypatch.setattr(unanswered_tell, "apply_async", lambda args, **_: asked.append(args))
    dispatch()
    assert asked == []
    FollowUp.objects.update(due_at=timezone.now() - timedelta(minutes=1))
    dispatch()
    assert asked == [(anna.user.pk,)]
    unanswered_tell(anna.user.pk)
    assert FollowUp.objects.get().told_at is not None
    dispatch()
    assert len(asked) == 1


def test_what_is_sent_without_the_wish_is_waited_for_by_nobody() -> None:
    Writer().sent(days=0)
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize("told", [False, True])
def test_an_answer_ends_it_as_it_comes_in(told: bool) -> None:
    anna = Writer()
    outgoing, other = anna.sent(days=1), anna.sent(days=1, subject="The piano")
    if told:
        assert anna.later(days=2) == 2
    anna.receive(outgoing)
    assert [row.outgoing for row in FollowUp.objects.all()] == [other]
    assert anna.later(days=2) == (0 if told else 1)


def test_an_answer_that_a_server_puts_elsewhere_is_seen_when_the_time_is_over() -> None:
    anna = Writer()
    outgoing = anna.sent(days=1)
    anna.receive(outgoing, box="Archive")
    assert FollowUp.objects.exists()
    assert anna.later(days=2) == 0
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-replied"},
        {"X-Autoreply": "yes"},
        {"Return-Path": "<>"},
        {"Content-Type": "multipart/report; report-type=disposition-notification; boundary=x"},
        {"From": "Mail Delivery <mailer-daemon@work.test>"},
        {"From": "Anna <anna@club.test>"},
    ],
    ids=["a program", "an older program", "no return path", "a receipt", "the mail system", "oneself"],
)
def test_what_nobody_else_wrote_is_no_answer(headers: dict[str, str]) -> None:
    anna = Writer()
    outgoing = anna.sent(days=1)
    anna.receive(outgoing, **headers)
    conversation = Message.objects.get(message_id=outgoing.message_id).thread.messages
    assert conversation.count() == 2
    assert anna.later(days=2) == 1


def test_junk_is_no_answer() -> None:
    anna = Writer()
    outgoing = anna.sent(days=1)
    anna.receive(outgoing, box="Archive")
    Folder.objects.filter(account=anna.account, path="Archive").update(role="junk")
    assert anna.later(days=2) == 1


def test_an_older_message_of_the_conversation_is_no_answer() -> None:
    anna = Writer()
    first = anna.sent(days=0)
    anna.receive(first)
    bos = Message.objects.get(from_address="bo@work.test")
    draft = actions.start_draft(anna.user.pk, Draft.Mode.REPLY, bos.pk)
    draft = actions.save_draft(anna.user.pk, draft.pk, draft.version, remind_days=1, body="<p>And on Friday?</p>")
    outgoing = actions.send(anna.user.pk, draft.pk, hold_seconds=0)
    anna.deliver(outgoing)
    # Nor is one that comes here late, as the account is filled.
    old = {"From": "bo@work.test", "References": f"<{first.message_id}>"}
    anna.imap.boxes["INBOX"].add(raw_message("Re: The hall", **old), internal_date=timezone.now() - timedelta(days=9))
    pull(anna.account, anna.imap)
    assert Message.objects.filter(thread=bos.thread, from_address="bo@work.test").count() == 2
    assert anna.later(days=2) == 1


def test_an_answer_to_one_part_of_a_divided_conversation_counts() -> None:
    anna = Writer()
    outgoing = anna.sent(days=1)
    anna.receive(outgoing, Message_ID="<first@work.test>", From="anna@club.test")
    mine = Placement.objects.get(message__message_id="first@work.test")
    actions.split(anna.user.pk, [mine.pk])
    anna.receive(outgoing)
    assert not FollowUp.objects.exists()


def test_a_message_that_has_not_left_waits_for_another_day_and_one_that_never_will_for_none() -> None:
    anna = Writer()
    waiting, failed = anna.write(days=1), anna.write(days=1)
    Outgoing.objects.filter(pk=failed.pk).update(state=Outgoing.State.FAILED, finished_at=timezone.now())
    assert anna.later(days=2) == 0
    row = FollowUp.objects.get()
    assert row.outgoing == waiting
    assert row.due_at > timezone.now() + timedelta(hours=23)


def test_a_stopped_message_keeps_the_wish_and_nobody_waits() -> None:
    anna = Writer()
    outgoing = anna.write(days=7)
    draft = actions.undo_send(anna.user.pk, outgoing.pk)
    assert draft.remind_days == 7
    assert not FollowUp.objects.exists()
    again = actions.send(anna.user.pk, draft.pk, hold_seconds=0)
    assert FollowUp.objects.get().outgoing == again


def test_a_draft_that_was_taken_down_before_there_were_reminders_opens_again() -> None:
    anna = Writer()
    outgoing = anna.write(days=0)
    saved = {name: value for name, value in (outgoing.draft_snapshot or {}).items() if name != "remind_days"}
    Outgoing.objects.filter(pk=outgoing.pk).update(draft_snapshot=saved)
    assert actions.undo_send(anna.user.pk, outgoing.pk).remind_days == 0


def test_the_days_begin_when_it_leaves() -> None:
    anna = Writer()
    tomorrow = timezone.now() + timedelta(days=1)
    draft = actions.start_draft(anna.user.pk, to="bo@work.test", subject="The hall")
    draft = actions.save_draft(anna.user.pk, draft.pk, draft.version, remind_days=2)
    outgoing = actions.send(anna.user.pk, draft.pk, send_at=tomorrow)
    assert FollowUp.objects.get().due_at == tomorrow + timedelta(days=2)
    actions.reschedule(anna.user.pk, outgoing.pk, tomorrow + timedelta(days=5))
    assert FollowUp.objects.get().due_at == tomorrow + timedelta(days=7)
    actions.reschedule(anna.user.pk, outgoing.pk, None)
    assert FollowUp.objects.get().due_at < timezone.now() + timedelta(days=2, minutes=1)


def test_what_crosses_a_letter_that_waits_for_its_time_is_no_answer() -> None:
    anna = Writer()
    first = anna.sent(days=0)
    draft = actions.start_draft(anna.user.pk, Draft.Mode.REPLY, Message.objects.get(message_id=first.message_id).pk)
    draft = actions.save_draft(
        anna.user.pk, draft.pk, draft.version, remind_days=1, to="bo@work.test", body="<p>On?</p>"
    )
    outgoing = actions.send(anna.user.pk, draft.pk, send_at=timezone.now() + timedelta(days=2))
    anna.receive(first)
    assert FollowUp.objects.get().outgoing == outgoing
    actions.reschedule(anna.user.pk, outgoing.pk, None)
    anna.deliver(outgoing)
    assert anna.later(days=2) == 1
    anna.receive(outgoing)
    assert not FollowUp.objects.exists()


def test_reminded_another_time_or_never() -> None:
    anna = Writer()
    outgoing = anna.sent(days=0)
    actions.remind_of(anna.user.pk, outgoing.pk, 1)
    assert anna.later(days=2) == 1
    actions.remind_of(anna.user.pk, outgoing.pk, 5)
    row = FollowUp.objects.get()
    assert (row.days, row.told_at) == (5, None)
    assert row.due_at > timezone.now() + timedelta(days=4, hours=23)
    actions.remind_of(anna.user.pk, outgoing.pk, 0)
    assert follow_ups.count_unanswered(anna.user.pk) is None
    with pytest.raises(CannotDo, match="how many days"):
        actions.remind_of(anna.user.pk, outgoing.pk, 400)
    with pytest.raises(actions.NotYours):
        actions.remind_of(make_user().pk, outgoing.pk, 1)
    Outgoing.objects.filter(pk=outgoing.pk).update(state=Outgoing.State.FAILED)
    with pytest.raises(CannotDo, match="not sent"):
        actions.remind_of(anna.user.pk, outgoing.pk, 1)


def test_an_account_that_goes_takes_its_reminders_along() -> None:
    anna = Writer()
    anna.sent(days=1)
    actions.delete_account(anna.user.pk, anna.account.pk)
    assert not FollowUp.objects.filter(user=anna.user).exists()
    forget_all()
    assert not FollowUp.objects.exists()
