"""Submission against a real SMTP server: TLS, login, envelope, dots and the two callbacks."""

from dataclasses import replace

import pytest

from mailsync.errors import NeedsUser, Rejected
from mailsync.protocol import smtp
from mailsync.types import Secret, SubmissionReply
from tests.servers.dovecot import Mailbox
from tests.servers.smtp import SmtpServer

RAW = b"From: a@example.test\r\nSubject: dots\r\n\r\n.\r\n..two\r\nend\r\n"


def submit(
    sender: smtp.SmtpSender, recipients: list[str], raw: bytes = RAW, marks: list[str] | None = None
) -> SubmissionReply:
    seen = marks if marks is not None else []
    return sender.submit(
        mail_from="sender@example.test",
        recipients=recipients,
        raw=raw,
        before_data=lambda: seen.append("data"),
        before_dot=lambda _: seen.append("dot"),
    )


@pytest.mark.parametrize("way", ["tls", "starttls"])
def test_a_message_arrives_as_it_was_frozen(smtp_server: SmtpServer, way: str) -> None:
    marks: list[str] = []
    with smtp.connect(getattr(smtp_server, way)) as sender:
        assert sender.size_limit_bytes == 10_000_000
        reply = submit(sender, ["b@example.org", "c@example.org"], marks=marks)
        said = "\n".join(sender.transcript)
    assert (reply.code, reply.enhanced) == (250, "2.0.0")
    assert all(r.accepted for r in reply.recipients)
    assert marks == ["data", "dot"]
    [message] = smtp_server.received
    assert message.raw == RAW
    assert message.recipients == ("b@example.org", "c@example.org")
    assert f"SIZE={len(RAW)}" in message.mail_options
    assert "correct horse" not in said
    assert "Subject" not in said


def test_mixed_replies_send_to_those_accepted(smtp_server: SmtpServer) -> None:
    smtp_server.refuse("gone@example.org", "550 5.1.1 no such user")
    smtp_server.refuse("later@example.org", "451 4.3.0 come back")
    with smtp.connect(smtp_server.tls) as sender:
        reply = submit(sender, ["gone@example.org", "b@example.org", "later@example.org"])
    assert [(r.accepted, r.code, r.enhanced) for r in reply.recipients] == [
        (False, 550, "5.1.1"),
        (True, 250, "2.1.5"),
        (False, 451, "4.3.0"),
    ]
    assert smtp_server.received[0].recipients == ("b@example.org",)


def test_all_refused_sends_nothing_and_the_connection_goes_on(smtp_server: SmtpServer) -> None:
    smtp_server.refuse("gone@example.org", "550 5.1.1 no such user")
    marks: list[str] = []
    with smtp.connect(smtp_server.tls) as sender:
        reply = submit(sender, ["gone@example.org"], marks=marks)
        assert reply.code is None
        assert marks == []
        assert submit(sender, ["b@example.org"]).code == 250
        assert submit(sender, ["c@example.org"]).code == 250
    assert [m.recipients for m in smtp_server.received] == [("b@example.org",), ("c@example.org",)]


def test_a_wrong_password_asks_the_user(smtp_server: SmtpServer) -> None:
    with pytest.raises(NeedsUser) as caught:
        smtp.connect(replace(smtp_server.tls, secret=Secret("password", "wrong")))
    assert caught.value.code == "password"


def test_too_large_is_told_before_anything_is_sent(smtp_server: SmtpServer) -> None:
    with smtp.connect(smtp_server.tls) as sender:
        sender.size_limit_bytes = 20
        with pytest.raises(Rejected) as caught:
            submit(sender, ["b@example.org"])
    assert caught.value.code == "552"
    assert smtp_server.received == []


def test_addresses_beyond_ascii(smtp_server: SmtpServer) -> None:
    with smtp.connect(smtp_server.tls) as sender:
        submit(sender, ["grün@bücher.example"])
        sender.supports_smtputf8 = False
        reply = submit(sender, ["grün@bücher.example", "b@bücher.example"])
    assert smtp_server.received[0].recipients == ("grün@xn--bcher-kva.example",)
    assert [r.accepted for r in reply.recipients] == [False, True]
    assert smtp_server.received[1].recipients == ("b@xn--bcher-kva.example",)


@pytest.mark.parametrize("address", ["b@example.org>\r\nRCPT TO:<x@example.org", "a b@example.org", "nobody"])
def test_no_address_smuggles_a_command(smtp_server: SmtpServer, address: str) -> None:
    with smtp.connect(smtp_server.tls) as sender:
        reply = submit(sender, [address, "b@example.org"])
    assert [r.accepted for r in reply.recipients] == [False, True]
    assert smtp_server.received[0].recipients == ("b@example.org",)


@pytest.mark.parametrize("raw", [b"Subject: x\n\nbare\n", b"a\r\n\rb\r\n", b"a\0b\r\n", b"no end"])
def test_bare_line_ends_and_nul_are_refused(smtp_server: SmtpServer, raw: bytes) -> None:
    with smtp.connect(smtp_server.tls) as sender, pytest.raises(Rejected):
        submit(sender, ["b@example.org"], raw)
    assert smtp_server.received == []


@pytest.mark.dovecot
def test_what_is_sent_to_a_test_mailbox_arrives_in_it(smtp_server: SmtpServer, mailbox: Mailbox) -> None:
    smtp_server.deliver_to(mailbox)
    with smtp.connect(smtp_server.tls) as sender:
        assert submit(sender, [mailbox.address]).code == 250
    [arrived] = mailbox.raws()
    assert arrived == b"Return-Path: <sender@example.org>\r\n" + RAW
