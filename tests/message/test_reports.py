"""Bounces, delays and read receipts: whom they are about, and why."""

import pytest

from mailsync.message.bodies import reader
from mailsync.message.parse import parse_message
from mailsync.message.reports import Report, ReportedRecipient, read_report


def _report(
    status: str, original: str = "Message-ID: <sent@heron.example>\r\n", kind: str = "delivery-status"
) -> bytes:
    return (
        "From: MAILER-DAEMON@mx.example\r\nReturn-Path: <>\r\n"
        f"Content-Type: multipart/report; report-type={kind}; boundary=b\r\n\r\n"
        "--b\r\n\r\nSorry.\r\n"
        f"--b\r\nContent-Type: message/{kind}\r\n\r\n{status}\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\n{original}\r\n--b--\r\n"
    ).encode()


def _read(raw: bytes) -> Report | None:
    return read_report(parse_message(raw), reader(raw))


def test_a_bounce_for_two() -> None:
    raw = _report(
        "Reporting-MTA: dns; mx.example\r\n\r\n"
        "Final-Recipient: rfc822; ann@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\n"
        "Diagnostic-Code: smtp; 550 5.1.1 <ann@example.org>:\r\n no such user\r\n\r\n"
        "Original-Recipient: rfc822;bob@example.org\r\nFinal-Recipient: rfc822; robert@inner.example\r\n"
        "Action: delayed\r\nStatus: 4.2.2 (full)\r\n"
    )
    assert _read(raw) == Report(
        "delivery",
        "sent@heron.example",
        (
            ReportedRecipient(
                "ann@example.org", "failed", "5.1.1", "unknown_address", "550 5.1.1 <ann@example.org>: no such user"
            ),
            ReportedRecipient("bob@example.org", "delayed", "4.2.2", "full", ""),
        ),
    )


@pytest.mark.parametrize(
    ("status", "diagnostic", "reason"),
    [
        ("5.1.2", "", "unknown_domain"),
        ("5.2.3", "", "too_big"),
        ("5.7.1", "554 5.7.1 Service unavailable; Client host blocked using zen.spamhaus.org", "spam"),
        ("5.7.1", "550 5.7.1 Unauthenticated email is not accepted due to the domain's DMARC policy", "sender_refused"),
        ("5.7.1", "550 relaying denied", "refused"),
        ("5.0.0", "550 User unknown", "unknown_address"),
        ("5.0.0", "552 Mailbox full", "full"),
        ("", "550 5.4.4 nothing", "unknown_domain"),
        ("4.4.7", "", "expired"),
        ("5.0.0", "", "other"),
    ],
)
def test_reasons(status: str, diagnostic: str, reason: str) -> None:
    raw = _report(
        f"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@example.org\r\nAction: failed\r\n"
        f"Status: {status}\r\nDiagnostic-Code: smtp; {diagnostic}\r\n"
    )
    report = _read(raw)
    assert report is not None
    assert report.recipients[0].reason == reason


def test_a_delivered_report_has_no_reason() -> None:
    report = _read(
        _report("A: b\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: delivered\r\nStatus: 2.0.0\r\n")
    )
    assert report is not None
    assert report.recipients == (ReportedRecipient("a@b.example", "delivered", "2.0.0", "", ""),)


def test_a_read_receipt() -> None:
    raw = _report(
        "Final-Recipient: rfc822; ann@example.org\r\nOriginal-Message-ID: <sent@heron.example>\r\n"
        "Disposition: manual-action/MDN-sent-manually; displayed\r\n",
        kind="disposition-notification",
    )
    assert _read(raw) == Report("receipt", "sent@heron.example", (ReportedRecipient("ann@example.org", "displayed"),))


def test_a_bounce_of_exim() -> None:
    raw = (
        b"From: Mail Delivery System <Mailer-Daemon@mx.example>\r\nX-Failed-Recipients: ann@example.org\r\n\r\n"
        b"A message that you sent could not be delivered:\r\n\r\n  ann@example.org\r\n    user unknown\r\n\r\n"
        b"------ This is a copy of the message ------\r\n\r\nMessage-ID: <sent@heron.example>\r\nSubject: x\r\n"
    )
    report = _read(raw)
    assert report is not None
    assert report.original_message_id == "sent@heron.example"
    assert [(one.address, one.action, one.reason) for one in report.recipients] == [
        ("ann@example.org", "failed", "unknown_address")
    ]


def test_a_bounce_of_qmail() -> None:
    raw = (
        b"From: MAILER-DAEMON@mx.example\nReturn-Path: <>\n\nHi. This is the qmail-send program at mx.example.\n\n"
        b"<ann@example.org>:\n550 5.2.2 mailbox full\n\n--- Below this line is a copy of the message.\n\n"
        b"Message-ID: <sent@heron.example>\n"
    )
    report = _read(raw)
    assert report is not None
    assert report.original_message_id == "sent@heron.example"
    assert [(one.address, one.reason) for one in report.recipients] == [("ann@example.org", "full")]


def test_other_messages_are_no_reports() -> None:
    assert _read(b"Subject: x\r\n\r\n<ann@example.org>:\r\nis my address\r\n") is None
    assert _read(_report("nothing here")) is None
    assert _read(b"") is None
