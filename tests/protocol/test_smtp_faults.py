"""What submission servers and networks do wrong: before the dot a retry is safe, after it nobody knows."""

from dataclasses import replace

import pytest

from mailsync.errors import MailError, NeedsUser, Rejected, TryLater
from mailsync.protocol import smtp
from mailsync.protocol.contract import UncertainDelivery
from mailsync.types import Secret, Security, SubmissionReply
from tests.servers.scripted import Expect, Hangup, Pause, Raw, Read, Reset, Say, ScriptMaker, StartTls, Step, Until

RAW = b"Subject: x\r\n\r\n.dot\r\n"
LOGIN: tuple[Step, ...] = (
    Say("220 hello"),
    Expect("EHLO "),
    Say("250-me\n250 AUTH PLAIN"),
    Expect("AUTH PLAIN "),
    Say("235 2.7.0 in"),
)
MAIL: tuple[Step, ...] = (Expect("MAIL FROM:<a@example.org>$"), Say("250 ok"))
RCPT: tuple[Step, ...] = (Expect("RCPT TO:<b@example.org>$"), Say("250 ok"))
DATA: tuple[Step, ...] = (Expect("DATA$"), Say("354 go"))
DOT = Until(b"\r\n.\r\n")


def submit(
    sender: smtp.SmtpSender, marks: list[str] | None = None, recipients: tuple[str, ...] = ("b@example.org",)
) -> SubmissionReply:
    seen = marks if marks is not None else []
    return sender.submit(
        mail_from="a@example.org",
        recipients=recipients,
        raw=RAW,
        before_data=lambda: seen.append("data"),
        before_dot=lambda _: seen.append("dot"),
    )


def test_the_bytes_are_stuffed_and_the_rest_untouched(scripted: ScriptMaker) -> None:
    server = scripted([*LOGIN, *MAIL, *RCPT, *DATA, DOT, Say("250 2.0.0 queued as 7"), Expect("QUIT"), Say("221 bye")])
    with smtp.connect(server.settings("smtp")) as sender:
        reply = submit(sender)
    assert (reply.code, reply.enhanced, reply.text) == (250, "2.0.0", "queued as 7")
    assert b"Subject: x\r\n\r\n..dot\r\n.\r\n" in server.heard


@pytest.mark.parametrize("end", [Hangup(), Reset(), Say("421 4.3.2 closing")])
@pytest.mark.parametrize("so_far", [MAIL[:1], (*MAIL, *RCPT[:1]), (*MAIL, *RCPT, *DATA[:1])])
def test_a_break_before_the_dot_is_safe_to_retry(scripted: ScriptMaker, so_far: tuple[Step, ...], end: Step) -> None:
    server = scripted([*LOGIN, *so_far, end])
    marks: list[str] = []
    with smtp.connect(server.settings("smtp")) as sender:
        if isinstance(end, Say) and so_far[-1] == DATA[0]:
            assert submit(sender, marks).code == 421  # the reply to DATA belongs to the message
        else:
            with pytest.raises(TryLater):
                submit(sender, marks)
    assert "dot" not in marks


def test_a_reply_cut_after_any_byte(scripted: ScriptMaker) -> None:
    """Before the dot it is safe to try again, whatever the fragment looks like; after it nobody knows."""
    told: list[tuple[Step, bytes]] = [
        (Expect("EHLO "), b"220 hello\r\n"),
        (Expect("AUTH PLAIN "), b"250-me\r\n250 AUTH PLAIN\r\n"),
        (Expect("MAIL FROM:"), b"235 2.7.0 in\r\n"),
        (Expect("RCPT TO:"), b"250 ok\r\n"),
        (Expect("DATA$"), b"250-2.1.5\r\n250 ok\r\n"),
        (DOT, b"354 go\r\n"),
        (Expect("QUIT"), b"250-2.0.0 queued\r\n250 2.0.0 as 7\r\n"),
    ]
    for place, (_, reply) in enumerate(told):
        so_far = [step for next_step, whole in told[:place] for step in (Raw(whole), next_step)]
        for cut in range(len(reply)):
            server = scripted([*so_far, Raw(reply[:cut]), Hangup()])
            marks: list[str] = []
            is_last = place == len(told) - 1
            with pytest.raises((UncertainDelivery,) if is_last else (TryLater, NeedsUser)) as raised:
                submit(smtp.connect(server.settings("smtp")), marks)
            assert is_last or not isinstance(raised.value, UncertainDelivery)
            assert ("dot" in marks) is is_last, (place, cut)
            assert ("data" in marks) is (place >= 5), (place, cut)
            server.stop()


def test_a_callback_that_fails_stops_before_the_dot(scripted: ScriptMaker) -> None:
    server = scripted([*LOGIN, *MAIL, *RCPT, *DATA, Until(b"..dot\r\n"), Until(b"never")])

    def lost(_taken: object) -> None:
        raise LookupError("the lease is lost")

    sender = smtp.connect(server.settings("smtp"))
    with pytest.raises(LookupError):
        sender.submit(
            mail_from="a@example.org",
            recipients=["b@example.org"],
            raw=RAW,
            before_data=lambda: None,
            before_dot=lost,
        )
    sender.close()
    server.stop()
    assert b"QUIT" not in server.pending


@pytest.mark.parametrize("end", [Hangup(), Reset(), Raw(b"25"), Raw(b"garbage\r\n")])
def test_a_lost_reply_after_the_dot_is_uncertain(scripted: ScriptMaker, end: Step) -> None:
    server = scripted([*LOGIN, *MAIL, *RCPT, *DATA, DOT, end])
    marks: list[str] = []
    with smtp.connect(server.settings("smtp"), final_reply_seconds=1) as sender, pytest.raises(UncertainDelivery):
        submit(sender, marks)
    assert marks == ["data", "dot"]


def test_silence_after_the_dot_is_uncertain_and_a_late_reply_counts(scripted: ScriptMaker) -> None:
    server = scripted(
        [*LOGIN, *MAIL, *RCPT, *DATA, DOT, Pause(0.6), Say("250 at last")],
        [*LOGIN, *MAIL, *RCPT, *DATA, DOT, Pause(0.6)],
    )
    settings = server.settings("smtp", seconds=0.3)
    with smtp.connect(settings, final_reply_seconds=5) as sender:
        assert submit(sender).code == 250
    with smtp.connect(settings, final_reply_seconds=0.2) as sender, pytest.raises(UncertainDelivery):
        submit(sender)


@pytest.mark.parametrize(("reply", "code"), [("450 4.2.0 later", 450), ("550 5.7.1 no", 550), ("554 5.4.5 quota", 554)])
def test_the_reply_to_the_dot_is_handed_on(scripted: ScriptMaker, reply: str, code: int) -> None:
    server = scripted([*LOGIN, *MAIL, *RCPT, *DATA, DOT, Say(reply)])
    with smtp.connect(server.settings("smtp")) as sender:
        assert submit(sender).code == code


@pytest.mark.parametrize(
    ("reply", "error", "detail"),
    [
        ("550 5.7.1 not as you", Rejected, "550"),
        ("552 5.3.4 too big", Rejected, "552"),
        ("451 4.3.0 later", TryLater, None),
        ("421 4.3.2 closing", TryLater, None),
        ("530 5.7.0 log in first", NeedsUser, "password"),
        ("535 5.7.8 no", NeedsUser, "password"),
        ("534 5.7.9 Application-specific password required", NeedsUser, "app_password"),
    ],
)
def test_what_a_refused_sender_means(
    scripted: ScriptMaker, reply: str, error: type[MailError], detail: str | None
) -> None:
    server = scripted([*LOGIN, MAIL[0], Say(reply)])
    with smtp.connect(server.settings("smtp")) as sender, pytest.raises(error) as caught:
        submit(sender)
    assert getattr(caught.value, "after_seconds" if error is TryLater else "code") == detail


def test_a_refused_data_leaves_the_replies_of_the_recipients(scripted: ScriptMaker) -> None:
    server = scripted([*LOGIN, *MAIL, *RCPT, DATA[0], Say("554 5.5.1 no valid recipients")])
    marks: list[str] = []
    with smtp.connect(server.settings("smtp")) as sender:
        reply = submit(sender, marks)
    assert (reply.code, reply.recipients[0].accepted, marks) == (554, True, ["data"])


def test_mixed_and_many_lined_replies(scripted: ScriptMaker) -> None:
    server = scripted(
        [
            *(
                *LOGIN,
                *MAIL,
                Expect("RCPT"),
                Say("550-5.1.1 no such user\n550 5.1.1 here"),
                Expect("RCPT"),
                Say("251 on"),
            ),
            *(Expect("RCPT"), Say("452 4.5.3 too many"), *DATA, DOT, Say("250 ok")),
        ]
    )
    with smtp.connect(server.settings("smtp")) as sender:
        reply = submit(sender, recipients=("x@example.org", "y@example.org", "z@example.org"))
    assert [(r.accepted, r.code, r.enhanced, r.text) for r in reply.recipients] == [
        (False, 550, "5.1.1", "no such user here"),
        (True, 251, "", "on"),
        (False, 452, "4.5.3", "too many"),
    ]


# Connecting. ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("steps", "error", "code"),
    [
        ((Pause(1.5),), NeedsUser, "timeout"),
        ((Say("* OK IMAP"),), NeedsUser, "protocol"),
        ((Say("554 5.7.1 not for you"),), NeedsUser, "protocol"),
        ((Say("421 too many connections"),), TryLater, None),
        ((Hangup(),), TryLater, None),
        ((Say("220 x"), Expect("EHLO"), Say("502 what?")), NeedsUser, "protocol"),
        ((Say("220 x"), Expect("EHLO"), Say("250 me")), NeedsUser, "security"),
        ((*LOGIN[:4], Say("535 5.7.8 wrong")), NeedsUser, "password"),
        ((*LOGIN[:4], Say("534 5.7.9 Application-specific password required")), NeedsUser, "app_password"),
        ((*LOGIN[:4], Say("535 5.7.139 SmtpClientAuthentication is disabled")), NeedsUser, "imap_disabled"),
        ((*LOGIN[:4], Say("454 4.7.0 later")), TryLater, None),
        ((*LOGIN[:4], Hangup()), TryLater, None),
    ],
)
def test_what_goes_wrong_up_to_the_login(
    scripted: ScriptMaker, steps: tuple[Step, ...], error: type[MailError], code: str | None
) -> None:
    server = scripted(steps)
    with pytest.raises(error) as caught:
        smtp.connect(server.settings("smtp", seconds=1))
    assert getattr(caught.value, "code", None) == code
    assert "open sesame" not in f"{caught.value} {caught.value.detail}"


def test_starttls_that_was_stripped_is_refused_before_the_password(scripted: ScriptMaker) -> None:
    server = scripted([*LOGIN[:3], Expect("never")])
    with pytest.raises(NeedsUser) as caught:
        smtp.connect(server.settings("smtp", security=Security.STARTTLS))
    assert caught.value.code == "security"
    assert [line[:4] for line in server.heard] == [b"ehlo"]


def test_plain_text_after_starttls_is_refused(scripted: ScriptMaker) -> None:
    steps = [Say("220 x"), Expect("EHLO"), Say("250-me\n250 STARTTLS"), Expect("STARTTLS")]
    server = scripted([*steps, Raw(b"220 go\r\n250 AUTH PLAIN\r\n"), StartTls()])
    with pytest.raises(NeedsUser, match="attacker") as caught:
        smtp.connect(server.settings("smtp", security=Security.STARTTLS))
    assert caught.value.code == "security"


def test_login_in_two_steps_and_a_refused_token(scripted: ScriptMaker) -> None:
    server = scripted(
        [
            *(
                Say("220 x"),
                Expect("EHLO"),
                Say("250-me\n250 AUTH=LOGIN"),
                Expect("AUTH LOGIN$"),
                Say("334 VXNlcm5hbWU6"),
            ),
            *(Expect("dXNlcg==$"), Say("334 UGFzc3dvcmQ6"), Expect("b3BlbiBzZXNhbWU=$"), Say("235 in")),
        ],
        [
            *(Say("220 x"), Expect("EHLO"), Say("250-me\n250 AUTH LOGIN XOAUTH2"), Expect("AUTH XOAUTH2 ")),
            *(Say("334 eyJzdGF0dXMiOiI0MDAifQ=="), Expect("$"), Say("535 5.7.8 no")),
        ],
    )
    smtp.connect(server.settings("smtp")).close()
    with pytest.raises(NeedsUser) as caught:
        smtp.connect(replace(server.settings("smtp"), secret=Secret("oauth2", "token")))
    assert caught.value.code == "token"
    assert '"status":"400"' in caught.value.detail


def test_an_endless_reply_is_cut_off(scripted: ScriptMaker) -> None:
    server = scripted([Raw(b"220-" + b"x" * 100_000)], [Raw(b"220-x\r\n" * 1000)])
    for _ in range(2):
        with pytest.raises(MailError):
            smtp.connect(server.settings("smtp", seconds=2))


# Reports asked for (RFC 3461). --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offered", "sender", "mail", "rcpt"),
    [
        ("DSN", "a@example.org", " RET=HDRS ENVID=x\\+2By@example.org", " NOTIFY=FAILURE,DELAY ORCPT=rfc822;b@"),
        ("DSN", "", " RET=HDRS ENVID=x\\+2By@example.org", " NOTIFY=NEVER"),
        ("HELP", "a@example.org", "", ""),
    ],
)
def test_reports_are_asked_for_where_they_are_offered(
    scripted: ScriptMaker, offered: str, sender: str, mail: str, rcpt: str
) -> None:
    ends = "$" if offered == "HELP" else ""
    server = scripted(
        [
            *(*LOGIN[:2], Say(f"250-me\n250-{offered}\n250 AUTH PLAIN"), *LOGIN[3:]),
            *(Expect(f"MAIL FROM:<{sender}>{mail}$"), Say("250 ok")),
            *(Expect(f"RCPT TO:<b@example.org>{rcpt}{ends}"), Say("250 ok"), *DATA, DOT, Say("250 ok")),
        ]
    )
    with smtp.connect(server.settings("smtp")) as connection:
        reply = connection.submit(
            mail_from=sender,
            recipients=["b@example.org"],
            raw=RAW,
            before_data=lambda: None,
            before_dot=lambda _: None,
            envelope_id="x+y@example.org",
        )
    assert reply.code == 250


# Pipelining (RFC 2920). ---------------------------------------------------------------------------

PIPELINED: tuple[Step, ...] = (*LOGIN[:2], Say("250-me\n250-PIPELINING\n250 AUTH PLAIN"), *LOGIN[3:])
GROUP: tuple[Step, ...] = (Expect("MAIL"), Expect("RCPT"), Expect("DATA$"))


def test_the_envelope_and_data_leave_in_one_go(scripted: ScriptMaker) -> None:
    together = b"MAIL FROM:<a@example.org>\r\nRCPT TO:<x@example.org>\r\nRCPT TO:<y@example.org>\r\nDATA\r\n"
    server = scripted(
        [
            *(
                *PIPELINED,
                Read(len(together)),
                Say("250 ok\n550 5.1.1 no such user\n250 ok\n354 go"),
                DOT,
                Say("250 ok"),
            ),
            *(*GROUP, Say("550 5.7.1 not as you\n503 first MAIL\n503 first MAIL")),
            *(Expect("RSET"), Say("250 ok"), *GROUP, Say("250 ok\n250 ok\n354 go"), DOT),
            Say("250 2.0.0 the second"),
        ]
    )
    marks: list[str] = []
    with smtp.connect(server.settings("smtp")) as sender:
        reply = submit(sender, marks, recipients=("x@example.org", "y@example.org"))
        assert [(one.address, one.accepted) for one in reply.recipients] == [
            ("x@example.org", False), ("y@example.org", True),
        ]  # fmt: skip
        assert marks == ["data", "dot"]
        assert together in server.heard
        with pytest.raises(Rejected):
            submit(sender)
        # The replies that nobody waited for are not taken for those of the next transaction.
        assert submit(sender).text == "the second"


def test_what_precedes_the_group_is_done_before_any_of_it_leaves(scripted: ScriptMaker) -> None:
    server = scripted([*PIPELINED, Expect("QUIT"), Say("221 bye")])

    def lost() -> None:
        raise LookupError("the lease is lost")

    with smtp.connect(server.settings("smtp")) as sender, pytest.raises(LookupError):
        sender.submit(
            mail_from="a@example.org",
            recipients=["b@example.org"],
            raw=RAW,
            before_data=lost,
            before_dot=lambda _: None,
        )
    server.stop()
    assert server.heard[-1].startswith(b"QUIT")


@pytest.mark.parametrize("said", ["250 ok\n550 5.1.1 no such user\n354 go", "550 5.7.1 not as you\n503 no\n354 go"])
def test_data_taken_for_nobody_ends_with_a_single_dot(scripted: ScriptMaker, said: str) -> None:
    """RFC 2920 §3.1: nothing of the message leaves, and the connection carries the next one."""
    server = scripted(
        [
            *(*PIPELINED, *GROUP, Say(said), Expect(r"\.$"), Say("554 5.5.1 no valid recipients")),
            *(Expect("RSET"), Say("250 ok"), *GROUP, Say("250 ok\n250 ok\n354 go"), DOT, Say("250 2.0.0 the second")),
        ]
    )
    marks: list[str] = []
    with smtp.connect(server.settings("smtp")) as sender:
        if said.startswith("550"):
            with pytest.raises(Rejected):
                submit(sender, marks)
        else:
            assert submit(sender, marks).code is None
        assert marks == ["data"]
        assert submit(sender).text == "the second"


def test_where_every_address_is_unspeakable_no_data_is_asked_for(scripted: ScriptMaker) -> None:
    server = scripted([*PIPELINED, Expect("MAIL"), Say("250 ok"), Expect("RSET"), Say("250 ok")])
    with smtp.connect(server.settings("smtp")) as sender:
        reply = submit(sender, recipients=("grüße@example.org",))
    assert (reply.code, reply.recipients[0].code) == (None, 553)


@pytest.mark.parametrize("said", ["421 4.3.2 closing", "550 5.7.1 no", "250 ok", "250 ok\n421 4.3.2 closing"])
def test_a_break_within_the_group_is_safe_to_retry(scripted: ScriptMaker, said: str) -> None:
    server = scripted([*PIPELINED, *GROUP, Say(said), Hangup()])
    marks: list[str] = []
    error = Rejected if said.startswith("550") else TryLater
    with smtp.connect(server.settings("smtp")) as sender, pytest.raises(error):
        submit(sender, marks)
    assert "dot" not in marks
    server.stop()
    assert b"QUIT" not in server.pending
