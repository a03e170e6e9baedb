"""The demo's mail server: delivery by the envelope, bytes unchanged, mailboxes that outlive a restart."""

import imaplib
import os
import re
import smtplib
import socket
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from onebox import mailstate
from onebox.launcher import Launcher
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


def test_a_label_is_kept_and_taken_off_again(tmp_path: Path) -> None:
    mail = StoredMail("INBOX", ("$Work",), datetime(2025, 3, 4, tzinfo=UTC), b"Subject: a\r\n\r\na\r\n")

    def flags(client: imaplib.IMAP4) -> set[str]:
        _, (line,) = client.fetch("1", "(FLAGS)")
        assert isinstance(line, bytes)
        return {flag.decode() for flag in imaplib.ParseFlags(line)} - {"\\Recent"}

    with mail_server(tmp_path) as (imap, _):
        assert DemoMailbox("127.0.0.1", imap, ANNA, "pw").fill([mail], []) == 1
        for verb, left in (("+FLAGS", {"$Work", "Gr&APw-n"}), ("-FLAGS", {"$Work"})):
            with imaplib.IMAP4("127.0.0.1", imap) as client:
                client.login(ANNA, "pw")
                client.select()
                _, permanent = client.response("PERMANENTFLAGS")
                assert b"\\*" in permanent[0]
                client.store("1", verb, "(Gr&APw-n)")
            with imaplib.IMAP4("127.0.0.1", imap) as client:
                client.login(ANNA, "pw")
                client.select()
                assert flags(client) == left


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


class Kept:
    """A mailbox without a server: what it has is read, what is filled in is noted."""

    user = ANNA

    def __init__(self, *raws: bytes) -> None:
        self.mails = [StoredMail("INBOX", (), datetime(2025, 3, 4, tzinfo=UTC), raw) for raw in raws]

    def read(self) -> tuple[list[str], list[StoredMail]]:
        return ["INBOX"], self.mails

    def fill(self, mails: Iterable[StoredMail], folders: Iterable[str] = ()) -> int:
        self.mails.extend(mails)
        return len(self.mails)


def _loaded(state: Path) -> list[bytes]:
    mailbox = Kept()
    assert mailstate.load(cast(DemoMailbox, mailbox), state)
    return [mail.raw for mail in mailbox.mails]


#: What ``save`` asks of the file system to change what stands there, in turn.
STEPS = [("rmtree", 0), ("rmtree", 1), ("replace", 0), ("replace", 1), ("rmtree", 2)]


@pytest.mark.parametrize(("call", "number"), STEPS)
def test_a_save_cut_short_leaves_one_state_or_the_other_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int
) -> None:
    state = tmp_path / "state"
    mailstate.save([cast(DemoMailbox, Kept(b"Subject: old\r\n\r\n"))], state)
    calls = 0

    def cut_short(real: Callable[..., None]) -> Callable[..., None]:
        def step(path: Path, *rest: Path, **options: bool) -> None:
            nonlocal calls
            if calls == number:
                if call == "rmtree":  # Half removed: the list stands, its letter is gone.
                    for letter in path.rglob("*.eml"):
                        letter.unlink()
                raise KeyboardInterrupt
            calls += 1
            real(path, *rest, **options)

        return step

    with monkeypatch.context() as patch:
        module = mailstate.shutil if call == "rmtree" else mailstate.os
        patch.setattr(module, call, cut_short(getattr(module, call)))
        with pytest.raises(KeyboardInterrupt):
            mailstate.save([cast(DemoMailbox, Kept(b"Subject: new\r\n\r\n"))], state)
    assert _loaded(state) in ([b"Subject: old\r\n\r\n"], [b"Subject: new\r\n\r\n"])
    # And the next one goes through.
    mailstate.save([cast(DemoMailbox, Kept(b"Subject: newer\r\n\r\n"))], state)
    assert _loaded(state) == [b"Subject: newer\r\n\r\n"]
    assert [path.name for path in tmp_path.iterdir()] == ["state"]


def test_a_state_with_a_letter_missing_says_what_to_do(tmp_path: Path) -> None:
    state = tmp_path / "state"
    mailstate.save([cast(DemoMailbox, Kept(b"Subject: a\r\n\r\n", b"Subject: b\r\n\r\n"))], state)
    next(state.rglob("*.eml")).unlink()
    mailbox = Kept()
    with pytest.raises(RuntimeError, match=re.escape(f"Remove the folder {state}")):
        mailstate.load(cast(DemoMailbox, mailbox), state)
    assert mailbox.mails == []


def test_a_demo_stopped_while_its_mailboxes_fill_keeps_what_it_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    launcher = Launcher(tmp_path, demo=True, port=0)
    saved: list[bool] = []

    class Running:
        running = True

        def stop(self) -> None: ...

    monkeypatch.setattr(launcher, "mail_server", Running())
    monkeypatch.setattr(launcher, "_save_mail", lambda: saved.append(True))
    launcher._stop()
    assert not saved
    launcher.mail_filled = True
    launcher._stop()
    assert saved
