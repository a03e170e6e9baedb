"""The demo's mail server: delivery by the envelope, bytes unchanged, mailboxes that outlive a restart."""

import os
import smtplib
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from onebox import mailstate
from onebox.mailstate import DemoMailbox, StoredMail
from onebox.processes import Child, wait_until
from onebox.valkey import free_port

PROJECT = Path(__file__).resolve().parents[2]
ANNA, NOOR = "anna@nordlicht.example", "noor@nordlicht.example"


@contextmanager
def mail_server(folder: Path) -> Iterator[tuple[int, int]]:
    imap, smtp = free_port(), free_port()
    child = Child(
        "mail server",
        [*(sys.executable, "-W", "ignore", "-m", "onebox.mailserver"), f"--imap-port={imap}", f"--smtp-port={smtp}"],
        log=folder / "mailserver.log",
        env={**os.environ, "HERON_DEMO_PASSWORD": "pw"},
        cwd=PROJECT,
    )
    child.start()

    def listens() -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", smtp)) == 0

    wait_until("The mail server", listens, child=child)
    try:
        yield imap, smtp
    finally:
        child.stop()


def test_mail_reaches_the_envelope_recipients_with_its_bytes_unchanged(tmp_path: Path) -> None:
    raw = b"From: anna@nordlicht.example\r\nTo: undisclosed\r\nSubject: Gr\xc3\xbc\xc3\x9fe\r\n\r\n.dot\r\n\xe9\r\n"
    with mail_server(tmp_path) as (imap, smtp):
        with smtplib.SMTP("127.0.0.1", smtp) as client:
            client.login(ANNA, "pw")
            client.sendmail(ANNA, [NOOR, "Hidden@nordlicht.example"], raw)
        for address in (NOOR, "hidden@nordlicht.example"):
            _, mails = DemoMailbox("127.0.0.1", imap, address, "pw").read()
            assert [mail.raw[-len(raw) :] for mail in mails] == [raw]
        _, mails = DemoMailbox("127.0.0.1", imap, ANNA, "pw").read()
        assert mails == []


def test_a_wrong_password_and_a_missing_login_are_refused(tmp_path: Path) -> None:
    with mail_server(tmp_path) as (_, smtp), smtplib.SMTP("127.0.0.1", smtp) as client:
        with pytest.raises(smtplib.SMTPAuthenticationError):
            client.login(ANNA, "wrong")
        with pytest.raises(smtplib.SMTPSenderRefused):
            client.sendmail(ANNA, [NOOR], b"Subject: x\r\n\r\nx\r\n")


def test_mailboxes_outlive_a_restart(tmp_path: Path) -> None:
    mails = [
        StoredMail(
            "INBOX", ("\\Seen", "$Work"), datetime(2025, 3, 4, 5, 6, 7, tzinfo=UTC), b"Subject: a\r\n\r\n\xffa\r\n"
        ),
        StoredMail("Boat house", (), datetime(2025, 3, 5, tzinfo=UTC), b"Subject: b\r\n\r\nb"),
    ]
    with mail_server(tmp_path) as (imap, _):
        first = DemoMailbox("127.0.0.1", imap, ANNA, "pw")
        assert first.fill(mails, ["Sent"]) == 2
        mailstate.save([first], tmp_path / "state")
    with mail_server(tmp_path) as (imap, _):
        second = DemoMailbox("127.0.0.1", imap, ANNA, "pw")
        assert mailstate.load(second, tmp_path / "state")
        folders, kept = second.read()
        assert sorted(folders) == ["Boat house", "INBOX", "Sent"]
        assert sorted(kept, key=lambda mail: mail.date) == mails
        stranger = DemoMailbox("127.0.0.1", imap, NOOR, "pw")
        assert not mailstate.load(stranger, tmp_path / "state")
