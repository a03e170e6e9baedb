"""A connection looked at step by step: each failure ends where it happens, in its own words."""

import socket
from dataclasses import replace
from pathlib import Path

import pytest

from mailsync.engine.probe import examine, probe_incoming
from mailsync.protocol import egress
from mailsync.types import Examined, Secret, ServerSettings
from tests.servers.certificates import Certificates
from tests.servers.dovecot import Mailbox
from tests.servers.self_signed import TlsFront, make_self_signed
from tests.servers.smtp import SmtpServer

pytestmark = [pytest.mark.dovecot, pytest.mark.django_db]


def outcome(steps: list[Examined]) -> str:
    """As ``resolve connect tls! login- …``: ! failed, - was not reached."""
    return " ".join(step.step + ("-" if not step.reached else "" if step.result.ok else "!") for step in steps)


def test_all_of_it_works(mailbox: Mailbox, smtp_server: SmtpServer) -> None:
    for server in (mailbox.imap, mailbox.imap_starttls, mailbox.pop3, smtp_server.tls, smtp_server.starttls):
        steps = examine(server)
        assert outcome(steps) == "resolve connect tls login capabilities", server
        shown = steps[2].certificate
        assert shown is not None
        assert "localhost" in shown.names
        assert steps[3].facts == (server.username,)
        assert steps[4].facts


def ends(server: ServerSettings) -> tuple[str, str, str]:
    steps = examine(server)
    failed = next(step for step in steps if not step.result.ok)
    return outcome(steps), failed.result.code, failed.result.message


def test_where_it_ends(mailbox: Mailbox, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nothing = "resolve connect! tls- login- capabilities-"
    assert ends(replace(mailbox.imap, port=port))[:2] == (nothing, "refused")
    assert ends(replace(mailbox.imap, secret=Secret("password", "wrong")))[:2] == (
        "resolve connect tls login! capabilities-",
        "password",
    )
    # A port of clear text, spoken to in TLS.
    assert ends(replace(mailbox.imap, port=mailbox.server.imap))[:2] == (
        "resolve connect tls! login- capabilities-",
        "security",
    )
    said = ends(replace(mailbox.imap, host="localhost", allow_private=False))
    assert said[:2] == ("resolve! connect- tls- login- capabilities-", "forbidden_host")
    monkeypatch.setattr(egress, "_resolve", _nobody)
    assert ends(replace(mailbox.imap, host="imap.nowhere.test"))[0].startswith("resolve! connect-")


def _nobody(host: str, port: int) -> list[str]:
    raise egress.NeedsUser(f"There is no server called {host}.", code="unknown_host")


@pytest.mark.parametrize(
    ("which", "words"),
    [
        ("expired", "has expired. Its operator must renew it"),
        ("other", "for another name. Enter the server by the name"),
    ],
)
def test_a_bad_certificate_is_shown_and_said(
    mailbox: Mailbox, certificates: Certificates, which: str, words: str
) -> None:
    chain = certificates.expired_chain if which == "expired" else certificates.other_name_chain
    key = certificates.expired_key if which == "expired" else certificates.other_name_key
    front = TlsFront(mailbox.server.imap, chain, key).start()
    try:
        server = replace(mailbox.imap, port=front.port)
        state, code, message = ends(server)
        assert (state, code) == ("resolve connect tls! login- capabilities-", "certificate")
        assert words in message
        shown = probe_incoming(server).certificate
        assert shown is not None
        assert shown.names == (("elsewhere.example",) if which == "other" else ("localhost", "127.0.0.1"))
        assert shown == examine(server)[2].certificate
    finally:
        front.stop()


def test_without_a_secret_nothing_is_signed_in_to(mailbox: Mailbox) -> None:
    steps = examine(mailbox.imap, lacks="No password is stored.")
    assert outcome(steps) == "resolve connect tls login! capabilities-"
    assert steps[3].result.message == "No password is stored."


@pytest.mark.parametrize("way", ["expired", "self-signed", "other", "plain"])
def test_without_a_secret_the_protection_is_judged_all_the_same(
    mailbox: Mailbox, certificates: Certificates, way: str, tmp_path: Path
) -> None:
    chain, key = {
        "expired": (certificates.expired_chain, certificates.expired_key),
        "other": (certificates.other_name_chain, certificates.other_name_key),
    }.get(way, (make_self_signed(tmp_path / "home.pem").file, None))
    front = TlsFront(mailbox.server.imap, chain, key).start()
    try:
        server = replace(mailbox.imap, port=mailbox.server.imap if way == "plain" else front.port)
        steps = examine(server, lacks="No password is stored.")
        assert outcome(steps) == "resolve connect tls! login- capabilities-"
        assert steps[2].result.code == ("security" if way == "plain" else "certificate")
        assert (steps[2].certificate is None) is (way == "plain")
    finally:
        front.stop()
    assert front.heard == b""


@pytest.mark.parametrize("kind", ["pop3", "pop3_starttls", "tls", "starttls"])
def test_without_a_secret_every_protocol_begins_its_protection(
    mailbox: Mailbox, smtp_server: SmtpServer, kind: str
) -> None:
    server: ServerSettings = getattr(mailbox if kind.startswith("pop3") else smtp_server, kind)
    steps = examine(server, lacks="No password is stored.")
    assert outcome(steps) == "resolve connect tls login! capabilities-"
    assert steps[2].certificate is not None
    untrusting = examine(replace(server, pinned_sha256="ab" * 32), lacks="No password is stored.")
    assert outcome(untrusting) == "resolve connect tls! login- capabilities-"
    assert untrusting[2].certificate == steps[2].certificate
