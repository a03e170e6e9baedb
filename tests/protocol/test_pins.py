"""A pinned certificate: exactly that one is taken, whatever authorities say, and no other gets a word from us."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mailsync.errors import CertificateRefused, NeedsUser
from mailsync.protocol import imap, pop3, smtp
from mailsync.protocol.certificate import fingerprint, parse_certificate
from mailsync.protocol.imap import ImapSource
from mailsync.protocol.pop3 import Pop3Source
from mailsync.protocol.smtp import SmtpSender
from mailsync.types import Secret, Security, ServerSettings
from onebox.processes import wait_until
from tests.message.smime import person, unruly
from tests.servers.dovecot import Mailbox
from tests.servers.self_signed import SelfSigned, TlsFront, make_self_signed
from tests.servers.smtp import SmtpServer

LOGIN = re.compile(rb"LOGIN|AUTHENTICATE")


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> SelfSigned:
    return make_self_signed(tmp_path_factory.mktemp("pins") / "home.pem")


@pytest.fixture
def front(mailbox: Mailbox, signed: SelfSigned) -> Iterator[TlsFront]:
    server = TlsFront(mailbox.server.imap, signed.file).start()
    yield server
    server.stop()


def settings(mailbox: Mailbox, front: TlsFront, pin: str = "") -> ServerSettings:
    return replace(mailbox.imap, port=front.port, pinned_sha256=pin)


@pytest.mark.dovecot
def test_the_pinned_one_is_taken_and_the_unpinned_is_not(mailbox: Mailbox, front: TlsFront, signed: SelfSigned) -> None:
    with pytest.raises(NeedsUser, match=r"self-signed.*administrator of this Heron can trust") as caught:
        imap.connect(settings(mailbox, front))
    assert caught.value.code == "certificate"
    source = imap.connect(settings(mailbox, front, fingerprint(signed.der)))
    assert "IDLE" in source.capabilities
    source.close()
    front.stop()
    assert LOGIN.search(front.heard), "what is said to the front is heard"


@pytest.mark.dovecot
def test_a_change_is_told_and_gets_no_password(mailbox: Mailbox, front: TlsFront, signed: SelfSigned) -> None:
    front.show(mailbox.server.certificates.chain, mailbox.server.certificates.key)
    # An authority vouches for the new one; that is not what was trusted.
    imap.connect(settings(mailbox, front)).close()
    with pytest.raises(CertificateRefused, match="another certificate than the one that was trusted") as caught:
        imap.connect(settings(mailbox, front, fingerprint(signed.der)))
    assert parse_certificate(caught.value.der).fingerprint in str(caught.value)


@pytest.mark.dovecot
def test_the_unpinned_and_the_changed_one_hear_nothing(mailbox: Mailbox, front: TlsFront, signed: SelfSigned) -> None:
    for pin in ("", "ab" * 32):
        with pytest.raises(NeedsUser):
            imap.connect(settings(mailbox, front, pin))
    front.stop()
    assert front.heard == b""


@pytest.mark.dovecot
@pytest.mark.parametrize("protocol", ["imap", "pop3", "smtp"])
def test_under_starttls_too(mailbox: Mailbox, smtp_server: SmtpServer, protocol: str) -> None:
    found: ServerSettings = {
        "imap": mailbox.imap_starttls,
        "pop3": mailbox.pop3_starttls,
        "smtp": smtp_server.starttls,
    }[protocol]
    connect: Callable[[ServerSettings], ImapSource | Pop3Source | SmtpSender] = {
        "imap": imap.connect,
        "pop3": pop3.connect,
        "smtp": smtp.connect,
    }[protocol]

    def has_tried() -> bool:
        """Whether the server was told who wants to log in."""
        return bool(smtp_server.logins) if protocol == "smtp" else mailbox.address in mailbox.server.log()

    unread = replace(found, pinned_sha256="none", secret=Secret("password", "never sent"))
    with pytest.raises(CertificateRefused) as caught:
        connect(unread)
    with pytest.raises(NeedsUser):
        connect(replace(found, ca_file=None))
    assert not has_tried()
    shown = parse_certificate(caught.value.der)
    assert "localhost" in shown.names
    assert found.security is Security.STARTTLS
    opened = connect(replace(found, pinned_sha256=shown.sha256, ca_file=None))
    opened.drop() if isinstance(opened, Pop3Source) else opened.close()
    wait_until("The login in the server's log", has_tried, seconds=10)


def test_what_a_certificate_says(signed: SelfSigned) -> None:
    shown = parse_certificate(signed.der)
    assert (shown.names, shown.issuer) == (("localhost",), "")
    assert shown.not_before is not None
    assert shown.not_after is not None
    assert shown.not_before < shown.not_after
    assert len(shown.fingerprint) == 95
    # What is no certificate has a fingerprint all the same, and a change of it is seen.
    assert parse_certificate(b"rubbish").names == ()
    assert parse_certificate(b"rubbish").sha256 != parse_certificate(b"rubbisch").sha256


def test_a_certificate_that_breaks_its_rules_has_a_fingerprint() -> None:
    """An appliance, or a stranger, shows what it likes."""
    twice = unruly()["an extension twice"].public_bytes(Encoding.DER)
    newer = person("ec").public_bytes(Encoding.DER).replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"))
    for der in (twice, newer):
        shown = parse_certificate(der)
        assert (shown.sha256, shown.names) == (fingerprint(der), ())
