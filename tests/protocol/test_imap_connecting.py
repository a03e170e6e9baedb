"""What IMAP servers do wrong while a session begins: greeting, TLS, login. No password leaves where it must not."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mailsync.errors import MailError, NeedsUser, TryLater
from mailsync.protocol import imap
from mailsync.types import Secret, Security
from tests.protocol.imap_scripts import close_opened, login, opened
from tests.servers.certificates import Certificates
from tests.servers.scripted import (
    Expect,
    Hangup,
    Pause,
    Raw,
    Read,
    Reset,
    Say,
    ScriptedServer,
    ScriptMaker,
    StartTls,
    Step,
)


@pytest.fixture(autouse=True)
def close_what_was_opened() -> Iterator[None]:
    yield
    close_opened()


def refused_login(scripted: ScriptMaker, *steps: Step, kind: type[MailError] = NeedsUser) -> MailError:
    server = scripted(steps)
    with pytest.raises(kind) as caught:
        imap.connect(server.settings(seconds=1))
    return caught.value


def test_a_slow_greeting_is_a_time_out(scripted: ScriptMaker) -> None:
    error = refused_login(scripted, Pause(1.5), Say("* OK late"))
    assert isinstance(error, NeedsUser)
    assert error.code == "timeout"
    assert "TLS or STARTTLS" in str(error)


@pytest.mark.parametrize("end", [Hangup(), Reset()])
def test_an_end_instead_of_a_greeting_passes(scripted: ScriptMaker, end: Step) -> None:
    refused_login(scripted, end, kind=TryLater)


def test_too_many_connections_in_the_greeting(scripted: ScriptMaker) -> None:
    error = refused_login(scripted, Say("* BYE Too many connections from your address"), kind=TryLater)
    assert "Too many" in error.detail


@pytest.mark.parametrize("greeting", ["220 smtp.example.org ESMTP", "+OK POP3 ready", "HTTP/1.1 400 Bad Request"])
def test_a_server_of_another_kind_is_named(scripted: ScriptMaker, greeting: str) -> None:
    error = refused_login(scripted, Say(greeting))
    assert isinstance(error, NeedsUser)
    assert error.code == "protocol"
    assert "does not speak IMAP" in str(error)


@pytest.mark.parametrize("greeting", [b"* OK \xff\xfe\r\n", b"\xff\xfe\r\n", b"* OK [CAPABILITY \xff] hi\r\n"])
def test_a_greeting_in_no_alphabet_is_answered_in_words(scripted: ScriptMaker, greeting: bytes) -> None:
    refused_login(scripted, Raw(greeting), Read(20), Raw(b"* CAPABILITY \xff\r\n"), Hangup(), kind=MailError)


def capabilities(words: str) -> tuple[Step, ...]:
    return (Expect(r"\S+ CAPABILITY"), Say(f"* CAPABILITY {words}\n{{tag}} OK"))


def test_starttls_that_was_stripped_is_refused_before_the_password(scripted: ScriptMaker) -> None:
    server = scripted([Say("* OK"), *capabilities("IMAP4rev1"), *capabilities("IMAP4rev1")])
    with pytest.raises(NeedsUser) as caught:
        imap.connect(server.settings(security=Security.STARTTLS))
    assert caught.value.code == "security"
    assert not any(b"LOGIN" in line for line in server.heard)


def test_a_preauth_greeting_does_not_skip_starttls(scripted: ScriptMaker) -> None:
    words = "IMAP4rev1 STARTTLS"
    server = scripted([Say("* PREAUTH welcome"), *capabilities(words), *capabilities(words)])
    with pytest.raises(NeedsUser) as caught:
        imap.connect(server.settings(security=Security.STARTTLS))
    assert caught.value.code == "security"


def test_plain_text_after_starttls_is_refused(scripted: ScriptMaker) -> None:
    words = "IMAP4rev1 STARTTLS"
    steps = [Say("* OK"), *capabilities(words), *capabilities(words), Expect(r"\S+ STARTTLS")]
    server = scripted([*steps, Raw(b"{tag} OK go\r\n* CAPABILITY IMAP4rev1 AUTH=EVIL\r\n"), StartTls()])
    with pytest.raises(NeedsUser) as caught:
        imap.connect(server.settings(security=Security.STARTTLS))
    assert caught.value.code == "security"
    assert "attacker" in str(caught.value)


@pytest.mark.parametrize(
    ("which", "words"), [("expired", "has expired"), ("other_name", "for another name"), ("unknown", "does not know")]
)
def test_a_bad_certificate_is_named(certificates: Certificates, which: str, words: str) -> None:
    chain, key = certificates.chain, certificates.key
    if which != "unknown":
        chain, key = getattr(certificates, f"{which}_chain"), getattr(certificates, f"{which}_key")
    server = ScriptedServer([[]], replace(certificates, chain=chain, key=key), tls=True)
    try:
        settings = server.settings()
        with pytest.raises(NeedsUser, match=words) as caught:
            imap.connect(replace(settings, ca_file=None) if which == "unknown" else settings)
    finally:
        server.stop()
    assert caught.value.code == "certificate"


def test_tls_where_there_is_none_is_named(scripted: ScriptMaker) -> None:
    server = scripted([Say("* OK I speak plainly")])
    with pytest.raises(NeedsUser) as caught:
        imap.connect(replace(server.settings(), security=Security.TLS))
    assert caught.value.code == "security"


def test_plain_text_is_refused_unless_allowed(scripted: ScriptMaker) -> None:
    server = scripted()
    with pytest.raises(NeedsUser) as caught:
        imap.connect(replace(server.settings(), allow_plaintext=False))
    assert caught.value.code == "security"


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("NO [AUTHENTICATIONFAILED] wrong", "password"),
        ("NO LOGIN failed", "password"),
        ("BAD LOGIN failed", "password"),
        ("NO [ALERT] Application-specific password required: https://support.google.com/", "app_password"),
        ("NO [AUTHENTICATIONFAILED] Please use authorization code to login", "app_password"),
        ("NO [ALERT] Your account is not enabled for IMAP use.", "imap_disabled"),
        ("NO Login of busy.bee@example.org failed", "password"),
    ],
)
def test_what_a_refused_login_means(scripted: ScriptMaker, answer: str, code: str) -> None:
    server = scripted([*login()[:6], Say(f"{{tag}} {answer}")])
    with pytest.raises(NeedsUser) as caught:
        imap.connect(replace(server.settings(seconds=1), username="busy.bee@example.org"))
    error = caught.value
    assert error.code == code
    assert "open sesame" not in f"{error} {error.detail}"


@pytest.mark.parametrize("answer", ["{tag} NO [UNAVAILABLE] later", "* BYE [UNAVAILABLE] Too many logins"])
def test_a_login_that_fails_for_now_passes(scripted: ScriptMaker, answer: str) -> None:
    refused_login(scripted, *login()[:6], Say(answer), kind=TryLater)


@pytest.mark.parametrize("end", [Hangup(), Reset()])
def test_a_drop_in_the_login_backs_off(scripted: ScriptMaker, end: Step) -> None:
    refused_login(scripted, *login()[:6], end, kind=TryLater)


def test_a_refused_token_asks_to_connect_again(scripted: ScriptMaker) -> None:
    words = "IMAP4rev1 SASL-IR AUTH=XOAUTH2"
    steps = [
        *(Say("* OK"), *capabilities(words), *capabilities(words)),
        Expect(r"\S+ AUTHENTICATE XOAUTH2 dXNlcj11c2VyAWF1dGg9QmVhcmVyIHRva2VuAQE="),
        Raw(b"+ eyJzdGF0dXMiOiI0MDAifQ==\r\n{tag} NO [AUTHENTICATIONFAILED] Invalid credentials\r\n"),
        Expect("$"),
    ]
    server = scripted(steps)
    with pytest.raises(NeedsUser) as caught:
        imap.connect(replace(server.settings(), secret=Secret("oauth2", "token")))
    assert caught.value.code == "token"
    assert '{"status":"400"}' in caught.value.detail


def test_a_password_with_a_line_break_never_leaves(scripted: ScriptMaker) -> None:
    server = scripted()
    with pytest.raises(NeedsUser) as caught:
        imap.connect(replace(server.settings(), secret=Secret("password", "x\r\nA1 LOGOUT")))
    assert caught.value.code == "password"


def test_a_password_beyond_ascii_goes_as_a_literal(scripted: ScriptMaker) -> None:
    words = "IMAP4rev1"
    server = scripted(
        [
            *(Say("* OK"), *capabilities(words), *capabilities(words)),
            *(Expect(r'\S+ LOGIN "user" \{6\}$'), Raw(b"+ go\r\n"), Read(6), Expect("$"), Hangup()),
        ]
    )
    with pytest.raises(TryLater):
        imap.connect(replace(server.settings(), secret=Secret("password", "süß!")))
    assert "süß!".encode() in server.heard


def test_capabilities_that_change_after_login_are_read_again(scripted: ScriptMaker) -> None:
    steps = [
        *(Say("* OK"), *capabilities("IMAP4rev1 MOVE"), *capabilities("IMAP4rev1 MOVE")),
        *(Expect(r"\S+ LOGIN "), Say("{tag} OK [CAPABILITY IMAP4rev1 UIDPLUS] in")),
        *(Expect(r"\S+ ID "), Say("{tag} BAD what?")),
    ]
    source = opened(scripted(steps))
    assert source.capabilities == {"IMAP4REV1", "UIDPLUS"}


def test_a_server_that_offers_plain_and_does_not_know_it(scripted: ScriptMaker) -> None:
    words = "IMAP4rev1 AUTH=PLAIN SASL-IR"
    steps = [
        *(Say("* OK"), *capabilities(words), *capabilities(words)),
        *(Expect(r"\S+ AUTHENTICATE PLAIN "), Say("{tag} BAD what?")),
        *(Expect(r'\S+ LOGIN "user" "open sesame"$'), Say("{tag} OK [CAPABILITY IMAP4rev1] in")),
        *(Expect(r"\S+ ID "), Say("{tag} OK")),
    ]
    assert opened(scripted(steps)).capabilities == {"IMAP4REV1"}
