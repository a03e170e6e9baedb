"""POP3 against a real Dovecot, and against servers that break off or speak in odd ways."""

from dataclasses import replace

import pytest

from mailsync.errors import MailError, NeedsUser, Rejected, TryLater, TryNow
from mailsync.protocol import pop3
from mailsync.types import Secret, Security
from tests.servers.dovecot import Mailbox
from tests.servers.scripted import Expect, Hangup, Pause, Raw, Reset, Say, ScriptMaker, StartTls, Step

RAW = b"Subject: dots\r\n\r\n.\r\n..two\r\n.three\r\nend\r\n"


@pytest.mark.dovecot
@pytest.mark.parametrize("way", ["pop3", "pop3_starttls"])
def test_every_verb(mailbox: Mailbox, way: str) -> None:
    mailbox.append_many([RAW, RAW.replace(b"dots", b"more")])
    with pop3.connect(getattr(mailbox, way)) as source:
        assert "UIDL" in source.capabilities
        count, size = source.stat()
        assert (count, size) == (2, 2 * len(RAW))
        ids = source.uidl()
        assert ids is not None
        assert len(set(ids.values())) == 2
        assert source.list() == {1: len(RAW), 2: len(RAW)}
        assert source.top(1) == b"Subject: dots\r\n\r\n"
        assert source.retr(1) == RAW
        source.noop()
        said = "\n".join(source.transcript)
        source.dele(1)
        source.quit()
    assert mailbox.password not in said
    assert [raw[:14] for raw in mailbox.raws()] == [b"Subject: more\r"]


@pytest.mark.dovecot
def test_a_dropped_session_deletes_nothing(mailbox: Mailbox) -> None:
    mailbox.append(RAW)
    with pop3.connect(mailbox.pop3) as source:
        source.retr(1)
        source.dele(1)
    assert mailbox.raws() == [RAW]
    with pop3.connect(mailbox.pop3) as source:
        assert source.stat()[0] == 1


@pytest.mark.dovecot
def test_a_wrong_password_asks_the_user(mailbox: Mailbox) -> None:
    with pytest.raises(NeedsUser) as caught:
        pop3.connect(replace(mailbox.pop3, secret=Secret("password", "wrong")))
    assert caught.value.code == "password"


LOGIN: tuple[Step, ...] = (
    Say("+OK hello"),
    Expect("CAPA"),
    Say("-ERR what?"),
    Expect("USER user"),
    Say("+OK"),
    Expect("PASS "),
    Say("+OK in"),
    Expect("CAPA"),
    Say("-ERR what?"),
)


def test_a_message_that_is_not_there_is_rejected_and_the_session_goes_on(scripted: ScriptMaker) -> None:
    server = scripted([*LOGIN, Expect("RETR 9"), Say("-ERR no such message"), Expect("RETR 1"), Say("+OK\nhello\n.")])
    with pop3.connect(server.settings("pop3")) as source:
        with pytest.raises(Rejected):
            source.retr(9)
        assert source.retr(1) == b"hello\r\n"


def test_the_end_before_the_dot_is_no_message(scripted: ScriptMaker) -> None:
    server = scripted([*LOGIN, Expect("RETR 1"), Raw(b"+OK\r\nSubject: half\r\n\r\nthis en"), Hangup()])
    with pop3.connect(server.settings("pop3")) as source, pytest.raises(TryNow):
        source.retr(1)


def test_a_reset_in_the_middle_is_no_message(scripted: ScriptMaker) -> None:
    server = scripted([*LOGIN, Expect("RETR 1"), Raw(b"+OK\r\nSubject: half\r\n"), Pause(0.05), Reset()])
    with pop3.connect(server.settings("pop3")) as source, pytest.raises(TryNow):
        source.retr(1)


def test_long_lines_and_odd_line_ends_are_exact(scripted: ScriptMaker) -> None:
    body = b"Subject: x\r\n\r\n" + b"y" * 100_000 + b"\r\nbare\n" + b"." * 3 + b"\r\n"
    server = scripted([*LOGIN, Expect("RETR 1"), Raw(b"+OK\r\n" + body.replace(b"\n...", b"\n....") + b".\r\n")])
    with pop3.connect(server.settings("pop3")) as source:
        assert source.retr(1) == body


def test_a_line_without_end_is_cut_off(scripted: ScriptMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mailsync.protocol.pop3.MAX_MESSAGE_BYTES", 50_000)
    server = scripted([*LOGIN, Expect("RETR 1"), Raw(b"+OK\r\n" + b"y" * 200_000)])
    with pop3.connect(server.settings("pop3")) as source, pytest.raises(Rejected) as caught:
        source.retr(1)
    assert caught.value.code == "TOOBIG"


def test_unique_ids_come_as_they_are(scripted: ScriptMaker) -> None:
    server = scripted([*LOGIN, Expect("UIDL"), Say("+OK\n1 same\n2 same\n3 \n4 a b\nrubbish\n.")])
    with pop3.connect(server.settings("pop3")) as source:
        assert source.uidl() == {1: "same", 2: "same", 3: "", 4: "a b"}


def test_no_uidl_is_told_apart_from_an_empty_one(scripted: ScriptMaker) -> None:
    server = scripted([*LOGIN, Expect("UIDL"), Say("-ERR not here"), Expect("UIDL"), Say("+OK\n.")])
    with pop3.connect(server.settings("pop3")) as source:
        assert source.uidl() is None
        assert source.uidl() == {}


def test_a_quit_without_answer_is_unknown(scripted: ScriptMaker) -> None:
    server = scripted([*LOGIN, Expect("DELE 1"), Say("+OK"), Expect("QUIT"), Hangup()])
    with pop3.connect(server.settings("pop3")) as source:
        source.dele(1)
        with pytest.raises(TryNow):
            source.quit()


@pytest.mark.parametrize(
    ("line", "error", "detail"),
    [
        ("-ERR [IN-USE] locked", TryLater, 60),
        ("-ERR Unable to lock maildrop", TryLater, 60),
        ("-ERR [LOGIN-DELAY] wait 5 minutes", TryLater, 300),
        ("-ERR [SYS/TEMP] disk", TryLater, None),
        ("-ERR [SYS/PERM] gone", NeedsUser, "protocol"),
        ("-ERR [AUTH] no", NeedsUser, "password"),
        ("-ERR bad", NeedsUser, "password"),
        ("-ERR [AUTH] Application-specific password required", NeedsUser, "app_password"),
        ("-ERR Your account is not enabled for POP access", NeedsUser, "imap_disabled"),
    ],
)
def test_what_a_refused_login_means(
    scripted: ScriptMaker, line: str, error: type[MailError], detail: str | int | None
) -> None:
    server = scripted([*LOGIN[:6], Say(line)])
    with pytest.raises(error) as caught:
        pop3.connect(server.settings("pop3"))
    assert getattr(caught.value, "code" if error is NeedsUser else "after_seconds") == detail


def test_stls_that_was_stripped_is_refused_before_the_password(scripted: ScriptMaker) -> None:
    server = scripted([Say("+OK"), Expect("CAPA"), Say("+OK\nUSER\n."), Expect("never")])
    with pytest.raises(NeedsUser) as caught:
        pop3.connect(server.settings("pop3", security=Security.STARTTLS))
    assert caught.value.code == "security"
    assert server.heard == [b"CAPA"]


def test_plain_text_after_stls_is_refused(scripted: ScriptMaker) -> None:
    server = scripted(
        [Say("+OK"), Expect("CAPA"), Say("+OK\nSTLS\n."), Expect("STLS"), Raw(b"+OK\r\n+OK injected\r\n"), StartTls()]
    )
    with pytest.raises(NeedsUser) as caught:
        pop3.connect(server.settings("pop3", security=Security.STARTTLS))
    assert caught.value.code == "security"


def test_microsofts_token_login_takes_two_steps(scripted: ScriptMaker) -> None:
    server = scripted(
        [
            Say("+OK"),
            Expect("CAPA"),
            Say("+OK\nSASL PLAIN XOAUTH2\nUSER\n."),
            Expect("AUTH XOAUTH2$"),
            Say("+ "),
            Expect("dXNlcj11c2VyAWF1dGg9QmVhcmVyIHRva2VuAQE="),
            Say("-ERR [AUTH] Authentication failure"),
        ]
    )
    with pytest.raises(NeedsUser) as caught:
        pop3.connect(replace(server.settings("pop3"), secret=Secret("oauth2", "token")))
    assert caught.value.code == "token"


def test_a_server_of_another_kind_is_named(scripted: ScriptMaker) -> None:
    server = scripted([Say("220 smtp.example.org ESMTP")])
    with pytest.raises(NeedsUser) as caught:
        pop3.connect(server.settings("pop3"))
    assert caught.value.code == "protocol"
    assert str(server.port) in str(caught.value)
