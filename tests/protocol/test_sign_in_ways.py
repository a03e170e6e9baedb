"""Ways to say a password (PLAIN, LOGIN, CRAM-MD5), as a server offers them; and the truth where it offers none."""

import base64

import pytest

from mailsync.errors import NeedsUser
from mailsync.protocol import imap, pop3, smtp
from tests.servers.scripted import Expect, Say, ScriptMaker, Step, Until

#: The name is ``user``, the password ``open sesame``.
NAME, PASSWORD = b"dXNlcg==\r\n", b"b3BlbiBzZXNhbWU=\r\n"
CHALLENGE = base64.b64encode(b"<1@x>").decode()
#: printf '<1@x>' | openssl dgst -md5 -hmac 'open sesame'
DIGEST = base64.b64encode(b"user 2898883d8751462bf78c349f73c58dd1") + b"\r\n"
LINE = Until(b"\r\n")


def imap_steps(words: str, *steps: Step) -> list[Step]:
    asked = (Expect(r"\S+ CAPABILITY"), Say(f"* CAPABILITY IMAP4rev1 {words}\n{{tag}} OK"))
    return [Say("* OK"), *asked, *asked, *steps]


IMAP_IN = (Say("{tag} OK [CAPABILITY IMAP4rev1] in"), Expect(r"\S+ ID "), Say("{tag} OK"))
BY_LOGIN = (Expect(r"\S+ AUTHENTICATE LOGIN$"), Say("+ VXNlcm5hbWU6"), LINE, Say("+ UGFzc3dvcmQ6"), LINE)
BY_CRAM = (Expect(r"\S+ AUTHENTICATE CRAM-MD5$"), Say(f"+ {CHALLENGE}"), LINE)


def test_imap_by_login_where_the_command_is_disabled(scripted: ScriptMaker) -> None:
    server = scripted(imap_steps("SASL-IR LOGINDISABLED AUTH=LOGIN AUTH=CRAM-MD5", *BY_LOGIN, *IMAP_IN), tls=True)
    source = imap.connect(server.settings())
    assert server.heard[3:5] == [NAME, PASSWORD]
    source._session.wire.shutdown()


def test_imap_by_cram_md5(scripted: ScriptMaker) -> None:
    server = scripted(imap_steps("LOGINDISABLED AUTH=CRAM-MD5 AUTH=GSSAPI", *BY_CRAM, *IMAP_IN), tls=True)
    source = imap.connect(server.settings())
    assert server.heard[3] == DIGEST
    assert "sesame" not in " ".join(source.transcript)
    source._session.wire.shutdown()


@pytest.mark.parametrize(
    ("words", "tls", "said", "code"),
    [
        ("LOGINDISABLED AUTH=GSSAPI", True, "no sign-in by password, only GSSAPI", "protocol"),
        ("LOGINDISABLED", True, "though the connection is encrypted", "protocol"),
        ("LOGINDISABLED", False, "Choose TLS", "security"),
    ],
)
def test_imap_without_any_way_in(scripted: ScriptMaker, words: str, tls: bool, said: str, code: str) -> None:
    with pytest.raises(NeedsUser, match=said) as caught:
        imap.connect(scripted(imap_steps(words), tls=tls).settings())
    assert caught.value.code == code


def test_imap_told_a_wrong_password_by_login(scripted: ScriptMaker) -> None:
    steps = imap_steps("LOGINDISABLED AUTH=LOGIN", *BY_LOGIN, Say("{tag} NO [AUTHENTICATIONFAILED] wrong"))
    with pytest.raises(NeedsUser) as caught:
        imap.connect(scripted(steps, tls=True).settings())
    assert caught.value.code == "password"


def pop_steps(offered: str, *steps: Step) -> list[Step]:
    return [Say("+OK"), Expect("CAPA"), Say(f"+OK\nSASL {offered}\nUIDL\n."), *steps]


POP_IN = (Say("+OK in"), Expect("CAPA"), Say("-ERR what?"))


def test_pop3_by_login_and_by_cram_md5(scripted: ScriptMaker) -> None:
    server = scripted(
        pop_steps("LOGIN", Expect("AUTH LOGIN$"), Say("+ VXNlcm5hbWU6"), LINE, Say("+ UGFzc3dvcmQ6"), LINE, *POP_IN),
        pop_steps("CRAM-MD5", Expect("AUTH CRAM-MD5$"), Say(f"+ {CHALLENGE}"), LINE, *POP_IN),
        pop_steps("GSSAPI"),
        tls=True,
    )
    for heard in ([NAME, PASSWORD], [DIGEST]):
        del server.heard[:]
        with pop3.connect(server.settings("pop3")):
            pass
        assert server.heard[2 : 2 + len(heard)] == heard
    with pytest.raises(NeedsUser, match="only GSSAPI"):
        pop3.connect(server.settings("pop3"))


def test_smtp_by_cram_md5(scripted: ScriptMaker) -> None:
    hello = (Say("220 x"), Expect("EHLO"))
    server = scripted(
        [
            *hello,
            *(Say("250-me\n250 AUTH CRAM-MD5 GSSAPI"), Expect("AUTH CRAM-MD5$"), Say(f"334 {CHALLENGE}")),
            *(LINE, Say("235 in")),
        ],
        [*hello, Say("250-me\n250 AUTH GSSAPI NTLM")],
        tls=True,
    )
    smtp.connect(server.settings("smtp")).close()
    assert server.heard[2] == DIGEST
    with pytest.raises(NeedsUser, match="only GSSAPI, NTLM"):
        smtp.connect(server.settings("smtp"))
