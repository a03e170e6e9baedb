"""The test server itself: what a test puts in comes out again, and its absence is never silent in CI."""

import pytest

from tests.servers import dovecot as dovecot_server
from tests.servers.dovecot import Mailbox

RAW = b"Subject: one\r\nMessage-ID: <1@example.test>\r\n\r\nbody\r\n"


@pytest.mark.dovecot
def test_appended_and_delivered_mail_is_there(mailbox: Mailbox) -> None:
    mailbox.append(RAW, flags="\\Seen")
    mailbox.deliver(RAW.replace(b"one", b"two"))
    raws = mailbox.raws()
    assert raws[0] == RAW
    assert b"Subject: two" in raws[1]
    assert mailbox.flags()[0] >= {"\\Seen"}


@pytest.mark.parametrize(("ci", "outcome"), [("true", pytest.fail.Exception), ("", pytest.skip.Exception)])
def test_a_missing_dovecot_is_skipped_by_name_but_fails_in_ci(
    monkeypatch: pytest.MonkeyPatch, ci: str, outcome: type[BaseException]
) -> None:
    monkeypatch.setattr(dovecot_server, "dovecot_binary", lambda: None)
    monkeypatch.setenv("CI", ci)
    with pytest.raises(outcome, match="apt-get install dovecot-imapd"):
        dovecot_server.require_dovecot()
