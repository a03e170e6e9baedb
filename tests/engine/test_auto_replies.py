"""Automatic replies: one for each writer in a week, to people alone, never twice, and out of everybody's way."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError
from django.utils import timezone

from accounts.models import Identity
from mailsync import actions
from mailsync.actions import AutoReplyText
from mailsync.engine import maintain, rules
from mailsync.engine.deliver import Doors, deliver
from mailsync.errors import CannotDo, Rejected
from mailsync.message.vcard import Labelled, VCard
from mailsync.models import Arrival, AutoReplied, AutoReply, Outgoing, OutgoingRecipient, Placement
from mailsync.plan.auto_replies import MOST_A_DAY
from mailsync.store import arrivals, auto_replies, turns
from mailsync.store.contacts import keep_card
from mailsync.store.whys import load_whys
from tests.engine.away import Away
from tests.engine.filled import inbox
from tests.engine.in_step import pull
from tests.engine.ruled import make_rule
from tests.factories import make_account, make_user, raw_message
from tests.forgotten import forget_all
from webmail.present.outbox import open_condition

pytestmark = pytest.mark.django_db


def test_a_letter_is_answered_once_as_the_standards_say() -> None:
    away = Away()
    away.receive("Lunch?", Message_ID="<lunch@work.test>", References="<first@work.test>")
    (letter,) = away.send()
    assert (letter["From"], letter["To"]) == (f"{away.account.user.name} <anna@club.test>", "bo@work.test")
    assert letter["Subject"] == "Automatic reply: Lunch?"
    assert letter["In-Reply-To"] == "<lunch@work.test>"
    assert letter["References"] == "<first@work.test> <lunch@work.test>"
    assert letter["Auto-Submitted"] == "auto-replied"
    assert letter["X-Auto-Response-Suppress"] == "OOF, AutoReply"
    assert letter["Message-ID"].endswith("@club.test>")
    assert letter.get_body(("plain",)).get_content().strip() == "I am back on Monday."  # type: ignore[union-attr]
    (taken,) = away.smtp.taken
    assert (taken.mail_from, taken.recipients) == ("", ("bo@work.test",))
    # Nobody wrote it: it lies in no folder, and the letter counts as unanswered.
    original = Placement.objects.get(message__subject="Lunch?")
    assert not original.answered
    assert not Placement.objects.filter(message__subject__startswith="Automatic").exists()
    row = AutoReplied.objects.get()
    assert row.message == original.message
    assert (row.sender, row.sent_to) == ("bo@work.test", "bo@work.test")
    assert [why.kind for why in load_whys(away.account.user_id, original.message_id)] == ["auto_reply"]
    pull(away.account, away.imap)
    assert away.send() == []
    assert not Arrival.objects.exists()


def test_rich_words_go_with_their_plain_ones_and_a_subject_of_ones_own() -> None:
    away = Away(
        html='<p>Back <b>soon</b>.<script>x()</script></p><p data-x="1">Anna</p>', subject="Away\r\nBcc: x@x.test"
    )
    away.receive()
    (letter,) = away.send()
    assert letter["Subject"] == "Away Bcc: x@x.test"
    assert letter["Bcc"] is None
    assert letter.get_body(("plain",)).get_content().split() == ["Back", "soon.", "Anna"]  # type: ignore[union-attr]
    assert letter.get_body(("html",)).get_content().strip() == "<p>Back <b>soon</b>.</p><p>Anna</p>"  # type: ignore[union-attr]


def test_in_the_language_of_its_person_and_whatever_stands_in_their_subject() -> None:
    user = make_user(language="de")
    away = Away(user)
    away.receive("=?utf-8?q?Mittag=0D=0ABcc:_x=40x.test=01?=")
    (letter,) = away.send()
    assert letter["Subject"] == "Automatische Antwort: Mittag Bcc: x@x.test"
    assert letter["Bcc"] is None


def test_a_writer_hears_it_once_in_seven_days() -> None:
    away = Away()
    away.put("One")
    away.put("Two")
    away.receive("Three", **{"Return-Path": "<bo+7@work.test>"})
    away.receive("Other", From="Cy <cy@work.test>", **{"Return-Path": "<cy@work.test>"})
    assert [letter["To"] for letter in away.send()] == ["bo@work.test", "cy@work.test"]
    AutoReplied.objects.filter(sender="bo@work.test").update(at=timezone.now() - timedelta(days=7, minutes=1))
    away.receive("A week later")
    away.receive("And at once again")
    assert [letter["Subject"] for letter in away.send()] == ["Automatic reply: A week later"]


def test_it_comes_from_the_address_that_was_written_to() -> None:
    away = Away()
    fields = {"user": away.account.user, "account": away.account}
    Identity.objects.create(
        address="crew@club.test", name="Crew", reply_to="desk@club.test", verified_at=timezone.now(), **fields
    )
    Identity.objects.create(address="claimed@else.test", **fields)
    away.receive(To="crew+news@club.test, anna@club.test")
    away.receive(From="cy@work.test", To="claimed@else.test", **{"Return-Path": "<cy@work.test>"})
    (letter,) = away.send()
    assert (letter["From"], letter["Reply-To"]) == ("Crew <crew@club.test>", "desk@club.test")


def test_two_people_who_are_both_away_write_each_other_one_letter() -> None:
    anna, bo = Away(), Away(address="bo@work.test")
    anna.receive(Subject="Plan")
    for _ in range(3):
        for one, other in ((anna, bo), (bo, anna)):
            one.send()
            for taken in one.smtp.taken:
                stamped = b"Return-Path: <" + taken.mail_from.encode() + b">\r\n" + taken.raw
                other.imap.boxes["INBOX"].add(stamped, internal_date=timezone.now())
            one.smtp.taken.clear()
            pull(other.account, other.imap)
    assert Outgoing.objects.count() == AutoReplied.objects.count() == 1


def test_programs_lists_strangers_and_forged_senders_get_none() -> None:
    away = Away(contacts_only=True)
    keep_card(away.account.user_id, VCard(name="Bo", addresses=(Labelled("bo@work.test"),)))
    away.put(Auto_Submitted="auto-generated")
    away.put(List_Id="<rowing.club.test>")
    away.put(X_Auto_Response_Suppress="OOF")
    away.put(From="noreply@work.test")
    away.put(From="cy@work.test", **{"Return-Path": "<cy@work.test>"})
    away.put(Authentication_Results="mx.club.test; dmarc=fail header.from=work.test")
    away.put(**{"Return-Path": "<>"})
    away.receive(To="everybody@club.test")
    assert away.send() == []
    away.receive()
    assert len(away.send()) == 1


def test_what_was_there_before_is_not_answered() -> None:
    away = Away(enabled=False)
    away.put("While it was off")
    away.receive("So was this", at=timezone.now() - timedelta(minutes=5))
    words = AutoReplyText(enabled=True, html="<p>Away.</p>")
    actions.write_auto_reply(away.account.user_id, [away.account.pk], words)
    # Found late: it came in before.
    away.receive("Late", at=timezone.now() - timedelta(minutes=1))
    # Moved into the inbox by another program, which stamps it anew.
    away.receive("Old", Date="Sun, 01 Mar 2026 09:00:00 +0000")
    # The server renumbers its folder.
    away.imap.renumber("INBOX", first_uid=500)
    pull(away.account, away.imap)
    assert away.send() == []
    actions.write_auto_reply(away.account.user_id, [away.account.pk], words)
    away.receive("New")
    assert [letter["Subject"] for letter in away.send()] == ["Automatic reply: New"]
    away.imap.renumber("INBOX", first_uid=900)
    AutoReplied.objects.all().delete()
    pull(away.account, away.imap)
    assert away.send() == []


def test_a_mailbox_that_is_filled_anew_answers_nothing() -> None:
    away = Away()
    away.put("Came in while nobody looked")
    away.put("And another", From="cy@work.test", **{"Return-Path": "<cy@work.test>"})
    Placement.objects.all().delete()
    folder = inbox()
    folder.uidnext_seen = folder.header_cursor = folder.uidvalidity = None
    folder.save()
    pull(away.account, away.imap)
    assert Placement.objects.count() == 3
    assert away.send() == []


def test_it_keeps_to_its_days() -> None:
    today = timezone.now().date()
    away = Away(first_day=today + timedelta(days=1), last_day=today + timedelta(days=3))
    assert auto_replies.standing_of(away.account).state == "waits"
    away.receive("Early")
    AutoReply.objects.update(first_day=today - timedelta(days=4), last_day=today - timedelta(days=1))
    assert auto_replies.standing_of(away.account).state == "over"
    away.receive("Late")
    assert away.send() == []
    AutoReply.objects.update(last_day=today)
    # UTC is the zone of its person, and a test may run at midnight.
    if timezone.now().date() == today:
        away.receive("On the last day")
        assert len(away.send()) == 1


def test_what_a_rule_throws_away_and_blocked_senders_get_none() -> None:
    away = Away()
    user = away.account.user
    make_rule(user, "subject:pest", "trash")
    make_rule(user, "subject:bills", "archive")
    make_rule(user, "subject:spam", "junk")
    actions.block_sender(user.pk, "pest.test")
    away.put("pest")
    away.put("spam")
    away.receive("Hello", From="x@pest.test", **{"Return-Path": "<x@pest.test>"})
    assert away.send() == []
    away.receive("Bills")
    assert [letter["Subject"] for letter in away.send()] == ["Automatic reply: Bills"]


def test_it_waits_for_rules_that_wait_for_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    away = Away()
    make_rule(away.account.user, "body:casino", "trash")
    real = arrivals.has_arrivals
    with monkeypatch.context() as patch:
        patch.setattr(arrivals, "is_overdue", lambda *_: False)
        away.put("With words")
        for _ in range(60):
            away.put("Many", From="cy@work.test", **{"Return-Path": "<cy@work.test>"})
        away.imap.boxes["INBOX"].add(
            raw_message("Rich", "Play at our casino.\r\n", To="anna@club.test", From="dan@work.test"),
            internal_date=timezone.now(),
        )
        pull(away.account, away.imap)
    assert not real(away.account.pk)
    assert sorted(letter["To"] for letter in away.send()) == ["bo@work.test", "cy@work.test"]


def test_a_run_that_fails_answers_nothing_and_the_next_one_does(monkeypatch: pytest.MonkeyPatch) -> None:
    away = Away()

    def fail(**_: Any) -> None:
        raise DatabaseError

    with monkeypatch.context() as patch:
        patch.setattr(AutoReplied.objects, "create", fail)
        away.receive()
    assert not Outgoing.objects.exists()
    assert Arrival.objects.count() == 1
    rules.run_due(away.account.pk)
    rules.run_due(away.account.pk)
    assert len(away.send()) == 1


def test_a_server_that_takes_no_empty_sender_gets_the_address() -> None:
    away = Away()
    away.receive()
    away.smtp.faults = [Rejected("No.", code="550", line="550 5.7.1 Sender required")]
    assert len(away.send()) == 1
    assert away.smtp.taken[0].mail_from == "anna@club.test"
    assert Outgoing.objects.get().state == "done"
    assert not Placement.objects.filter(message__subject__startswith="Automatic").exists()


@pytest.mark.parametrize(
    "fault", ["lost", (550, "5.7.1", "No."), Rejected("No.", code="552", line="552 5.3.4 Too big")]
)
def test_one_that_fails_bothers_nobody_and_is_told_in_the_settings(fault: object) -> None:
    away = Away()
    away.receive()
    away.smtp.faults = [fault]
    away.send()
    outgoing = Outgoing.objects.get()
    assert (outgoing.state, outgoing.due_at) == ("failed", None)
    assert away.send() == []
    assert not Outgoing.objects.filter(open_condition()).exists()
    given = auto_replies.given_by(away.reply)
    assert (given.count, bool(given.failed)) == (1, True)
    (why,) = load_whys(away.account.user_id, AutoReplied.objects.get().message_id or 0)
    assert why.kind == "auto_reply_failed"


def test_it_is_tried_for_hours_and_not_for_days() -> None:
    away = Away()
    away.receive()
    away.smtp.faults = ["connect", "connect"]
    away.send()
    assert Outgoing.objects.get().state == "deferred"
    assert not Outgoing.objects.filter(open_condition()).exists()
    Outgoing.objects.update(created_at=timezone.now() - timedelta(hours=4, minutes=1))
    away.send()
    outgoing = Outgoing.objects.get()
    assert (outgoing.state, outgoing.error) == ("failed", "It could not leave within four hours, and was given up.")
    assert away.smtp.taken == []


def test_what_people_write_goes_first() -> None:
    away = Away()
    for name in ("bo", "cy", "dan"):
        away.receive(From=f"{name}@work.test", **{"Return-Path": f"<{name}@work.test>"})
    draft = actions.start_draft(away.account.user_id, to="eve@work.test", subject="By hand")
    by_hand = actions.send(away.account.user_id, draft.pk, hold_seconds=0)
    automatic = list(Outgoing.objects.filter(automatic=True).order_by("id").values_list("pk", flat=True))
    assert len(automatic) == 3
    assert turns.due_outgoing()[:2] == [by_hand.pk, automatic[0]]
    assert turns.others_of_same_server(automatic[0], limit=2) == [by_hand.pk, automatic[1]]


def test_half_of_a_days_sending_is_left_to_people() -> None:
    away = Away(make_user(recipients_per_day=10))
    sent = Outgoing.objects.create(
        user=away.account.user,
        account=away.account,
        identity=Identity.objects.get(),
        mail_from="anna@club.test",
        message_id="x@x.test",
        raw=b"x",
        state="done",
        finished_at=timezone.now(),
    )
    OutgoingRecipient.objects.bulk_create(
        OutgoingRecipient(outgoing=sent, address=f"x{n}@x.test", state="accepted", settled_at=timezone.now())
        for n in range(5)
    )
    away.receive()
    # Room was there when it was written, and is not any more: it waits, and what people write does not.
    (automatic,) = Outgoing.objects.filter(automatic=True)
    draft = actions.start_draft(away.account.user_id, to="eve@work.test", subject="By hand")
    by_hand = actions.send(away.account.user_id, draft.pk, hold_seconds=0)
    doors = Doors(away.smtp.open, away.imap.connect, lambda: 0.0)
    deliver(automatic.pk, doors=doors)
    automatic.refresh_from_db()
    assert automatic.state == "deferred"
    deliver(by_hand.pk, doors=doors)
    assert away.smtp.delivered_to() == ["eve@work.test"]
    away.receive(From="cy@work.test", **{"Return-Path": "<cy@work.test>"})
    assert AutoReplied.objects.count() == 1


def test_so_many_a_day_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    away = Away()
    AutoReplied.objects.bulk_create(
        AutoReplied(account=away.account, sender=f"x{n}@x.test", sent_to=f"x{n}@x.test") for n in range(MOST_A_DAY - 1)
    )
    away.put()
    away.receive(From="cy@work.test", **{"Return-Path": "<cy@work.test>"})
    assert len(away.send()) == 1


def test_who_has_no_outgoing_server_is_told_and_answers_nothing() -> None:
    account = make_account()
    account.outgoing_server = None
    account.save()
    with pytest.raises(CannotDo, match="outgoing server"):
        actions.write_auto_reply(account.user_id, [account.pk], AutoReplyText(enabled=True, html="<p>Away.</p>"))
    away = Away()
    away.account.outgoing_server = None
    away.account.save()
    away.receive()
    assert not Outgoing.objects.exists()


def test_whom_it_answered_is_known_for_a_while_and_goes_with_its_mailbox() -> None:
    away = Away()
    away.receive()
    away.receive(From="cy@work.test", **{"Return-Path": "<cy@work.test>"})
    AutoReplied.objects.filter(sender="cy@work.test").update(at=timezone.now() - timedelta(days=91))
    maintain.maintain()
    assert AutoReplied.objects.get().sender == "bo@work.test"
    actions.delete_account(away.account.user_id, away.account.pk)
    forget_all()
    assert not AutoReplied.objects.exists()
    assert not AutoReply.objects.exists()
