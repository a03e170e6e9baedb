"""The test server itself: what a test puts in comes out again."""

import pytest

from tests.servers.dovecot import Mailbox

pytestmark = pytest.mark.dovecot
RAW = b"Subject: one\r\nMessage-ID: <1@example.test>\r\n\r\nbody\r\n"


def test_appended_and_delivered_mail_is_there(mailbox: Mailbox) -> None:
    mailbox.append(RAW, flags="\\Seen")
    mailbox.deliver(RAW.replace(b"one", b"two"))
    raws = mailbox.raws()
    assert raws[0] == RAW
    assert b"Subject: two" in raws[1]
    assert mailbox.flags()[0] >= {"\\Seen"}
