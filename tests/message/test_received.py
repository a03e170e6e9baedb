"""When a message reached its mailbox, told by its own header."""

from datetime import UTC, datetime

import pytest

from mailsync.message.received import choose_received_at

NOW = datetime(2026, 3, 10, tzinfo=UTC)
STAMP = b"Received: from a (a [192.0.2.1])\r\n by b with ESMTP;\r\n Sun, 1 Mar 2026 10:00:00 +0100 (CET)\r\n"
OLDER = b"Received: from c by a; Sat, 28 Feb 2026 10:00:00 +0000\r\n"
DATE = b"Date: Fri, 27 Feb 2026 12:00:00 +0000\r\n"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (STAMP + OLDER + DATE, datetime(2026, 3, 1, 9, tzinfo=UTC)),
        (OLDER + DATE, datetime(2026, 2, 28, 10, tzinfo=UTC)),
        (b"Received: by b (no date)\r\n" + DATE, datetime(2026, 2, 27, 12, tzinfo=UTC)),
        (DATE, datetime(2026, 2, 27, 12, tzinfo=UTC)),
        # Yet to come, before there was mail, or nothing at all: it came when it came.
        (b"Date: Fri, 27 Feb 2032 12:00:00 +0000\r\n", NOW),
        (b"Received: x; Thu, 1 Jan 1970 00:00:00 +0000\r\n", NOW),
        (b"Subject: hello\r\n", NOW),
        (b"", NOW),
    ],
)
def test_the_newest_stamp_that_can_be_true(header: bytes, expected: datetime) -> None:
    assert choose_received_at(header + b"\r\nDate: in the body\r\n", NOW) == expected
