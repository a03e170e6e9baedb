"""Bounces, delays and receipts find the message they are about; forged ones find nothing."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from accounts.models import MailAccount
from mailsync import actions
from mailsync.message.parse import parse_message
from mailsync.models import Outgoing
from mailsync.store import allowance, transit
from mailsync.store.authored import store_own_message
from mailsync.store.reported import record_reports
from tests.factories import make_account

pytestmark = pytest.mark.django_db
ARRIVED = datetime(2026, 11, 3, 23, 30, tzinfo=UTC)


@pytest.fixture
def account() -> MailAccount:
    return make_account()


def sent(account: MailAccount, to: str = "bob@example.org, carol@example.org", state: str = "done") -> Outgoing:
    """A message that its server accepted for everyone (or of which nobody knows, as ``uncertain``)."""
    draft = actions.start_draft(account.user_id, to=to, subject="Plan")
    outgoing = actions.send(account.user_id, draft.pk, 0)
    known = state == "done"
    outgoing.recipients.update(
        state="accepted" if known else "pending",
        code=250 if known else transit.IN_FLIGHT,
        settled_at=timezone.now() - timedelta(hours=1) if known else None,
    )
    Outgoing.objects.filter(pk=outgoing.pk).update(state=state, finished_at=timezone.now() if known else None)
    return outgoing


def bounce(message_id: str, *lines: str, envelope_id: str = "") -> bytes:
    header = f"Message-ID: <{message_id}>\r\nSubject: Plan\r\n" if message_id else "Subject: Plan\r\n"
    envelope = f"Original-Envelope-Id: {envelope_id}\r\n" if envelope_id else ""
    return (
        "From: MAILER-DAEMON@mx.example\r\nReturn-Path: <>\r\nMessage-ID: <bounce@mx.example>\r\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
        "--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n"
        f"Reporting-MTA: dns; mx.example\r\n{envelope}\r\n" + "\r\n".join(lines) + "\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{header}\r\n--b--\r\n"
    ).encode()


def about(address: str, action: str = "failed", status: str = "5.2.2", said: str = "552 5.2.2 over quota") -> str:
    return (
        f"Final-Recipient: rfc822; {address}\r\nAction: {action}\r\nStatus: {status}\r\n"
        f"Diagnostic-Code: smtp; {said}\r\n"
    )


def arrive(account: MailAccount, raw: bytes) -> list[int]:
    return record_reports(account.pk, [(raw, parse_message(raw), ARRIVED)])


def events(outgoing: Outgoing) -> list[tuple[str, str]]:
    kinds = ("returned", "delayed", "delivered", "read")
    return list(outgoing.events.filter(kind__in=kinds).values_list("kind", "text"))


def test_a_bounce_marks_its_recipient_and_says_why(account: MailAccount) -> None:
    outgoing = sent(account)
    assert arrive(account, bounce(outgoing.message_id, about("Bob@EXAMPLE.org"))) == [outgoing.pk]
    bob, carol = outgoing.recipients.order_by("address")
    assert (bob.state, bob.code, bob.enhanced, bob.text) == ("returned", 552, "5.2.2", "552 5.2.2 over quota")
    assert carol.state == "accepted"
    assert events(outgoing) == [("returned", "bob@example.org: mailbox full; returned on 3 November")]


def test_the_day_is_the_users_own(account: MailAccount) -> None:
    account.user.timezone = "Asia/Tokyo"
    account.user.save()
    outgoing = sent(account)
    arrive(account, bounce(outgoing.message_id, about("bob@example.org")))
    assert events(outgoing)[0][1].endswith("returned on 4 November")


def test_a_bounce_that_comes_through_intake_is_matched_once(account: MailAccount) -> None:
    """As the pull stores it, in two accounts of one person."""
    outgoing = sent(account)
    raw = bounce(outgoing.message_id, about("bob@example.org"))
    for box in (account, make_account(account.user)):
        store_own_message(box.pk, raw, ARRIVED)
    assert [kind for kind, _ in events(outgoing)] == ["returned"]


def test_a_delay_and_a_delivery_change_no_state(account: MailAccount) -> None:
    outgoing = sent(account)
    arrive(account, bounce(outgoing.message_id, about("bob@example.org", "delayed", "4.4.1", "timed out")))
    arrive(account, bounce(outgoing.message_id, about("bob@example.org", "delivered", "2.0.0", "250 ok")))
    assert [text for _, text in events(outgoing)] == [
        "bob@example.org: the mail server could not be reached; not delivered yet, still being tried on 3 November",
        "bob@example.org: delivered on 3 November",
    ]
    assert set(outgoing.recipients.values_list("state", flat=True)) == {"accepted"}


def test_a_bounce_without_the_header_is_known_by_the_envelope_id(account: MailAccount) -> None:
    outgoing = sent(account)
    name = outgoing.message_id.replace("-", "+2D")
    arrive(account, bounce("", about("bob@example.org"), envelope_id=name))
    assert [kind for kind, _ in events(outgoing)] == ["returned"]


def test_a_read_receipt_is_told(account: MailAccount) -> None:
    outgoing = sent(account)
    raw = (
        "From: bob@example.org\r\n"
        "Content-Type: multipart/report; report-type=disposition-notification; boundary=b\r\n\r\n"
        "--b\r\n\r\nRead.\r\n--b\r\nContent-Type: message/disposition-notification\r\n\r\n"
        f"Final-Recipient: rfc822; bob@example.org\r\nOriginal-Message-ID: <{outgoing.message_id}>\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n\r\n--b--\r\n"
    ).encode()
    arrive(account, raw)
    assert events(outgoing) == [("read", "bob@example.org: opened on 3 November, as a read receipt says")]


@pytest.mark.parametrize("forged", ["message", "recipient", "user"])
def test_what_matches_nothing_of_ours_changes_nothing(account: MailAccount, forged: str) -> None:
    outgoing = sent(account)
    message_id = "guess@example.test" if forged == "message" else outgoing.message_id
    address = "mallory@example.org" if forged == "recipient" else "bob@example.org"
    box = make_account() if forged == "user" else account
    assert arrive(box, bounce(message_id, about(address))) == []
    assert set(outgoing.recipients.values_list("state", flat=True)) == {"accepted"}
    assert events(outgoing) == []


def test_a_report_on_an_uncertain_message_proves_that_it_left(account: MailAccount) -> None:
    outgoing = sent(account, state="uncertain")
    arrive(account, bounce(outgoing.message_id, about("bob@example.org")))
    outgoing.refresh_from_db()
    assert outgoing.state == "accepted"
    assert dict(outgoing.recipients.values_list("address", "state")) == {
        "bob@example.org": "returned", "carol@example.org": "accepted",
    }  # fmt: skip


def test_what_waits_or_was_refused_cannot_be_returned(account: MailAccount) -> None:
    outgoing = sent(account)
    outgoing.recipients.update(state="pending", code=None)
    arrive(account, bounce(outgoing.message_id, about("bob@example.org")))
    assert set(outgoing.recipients.values_list("state", flat=True)) == {"pending"}


def test_a_returned_recipient_still_counts_as_sent_to(account: MailAccount) -> None:
    outgoing = sent(account)
    arrive(account, bounce(outgoing.message_id, about("bob@example.org")))
    assert outgoing.identity is not None
    assert allowance.sending_room(outgoing.identity).used == 2
