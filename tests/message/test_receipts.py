"""Read receipts: only where they may be sent, and readable as what they are."""

from datetime import UTC, datetime

import pytest

from mailsync.message.bodies import reader
from mailsync.message.compose import BuiltMessage
from mailsync.message.facts import ParsedHeader
from mailsync.message.parse import parse_header, parse_message
from mailsync.message.receipts import build_receipt, receipt_requested
from mailsync.message.reports import ReportedRecipient, read_report
from mailsync.types import Address
from tests.message.strict import problems

ME = Address("Bob", "bob@example.org")


def _asking(more: str = "") -> ParsedHeader:
    return parse_header(
        b"From: Ann <ann@example.net>\r\nSubject: Gr\xc3\xbc\xc3\x9fe {x}\r\nMessage-ID: <1@x>\r\n"
        b"Disposition-Notification-To: Ann <ann@example.net>\r\n" + more.encode() + b"\r\n"
    )


def _build(header: ParsedHeader) -> BuiltMessage:
    return build_receipt(header, ME, message_id="r@heron.example", date=datetime(2026, 1, 1, tzinfo=UTC))


def test_a_receipt_says_which_message_was_displayed() -> None:
    built = _build(_asking())
    assert problems(built.raw) == []
    assert built.recipients == ("ann@example.net",)
    message = parse_message(built.raw)
    assert message.header.subject == "Read: Grüße {x}"
    assert message.header.facts["auto_submitted"] == "auto-replied"
    report = read_report(message, reader(built.raw))
    assert report is not None
    assert (report.kind, report.original_message_id) == ("receipt", "1@x")
    assert report.recipients == (ReportedRecipient("bob@example.org", "displayed"),)


@pytest.mark.parametrize(
    "more",
    [
        "Auto-Submitted: auto-replied\r\n",
        "Precedence: bulk\r\n",
        "Return-Path: <>\r\n",
    ],
)
def test_machines_and_lists_get_none(more: str) -> None:
    assert receipt_requested(_asking(more)) is None
    with pytest.raises(ValueError, match="did not ask"):
        _build(_asking(more))


def test_a_message_that_does_not_ask_gets_none() -> None:
    assert receipt_requested(parse_header(b"From: ann@example.net\r\n\r\n")) is None
