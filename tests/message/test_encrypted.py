"""What is encrypted: opened by OpenSSL and by our own reader with each key it is for, by no other, and whole."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from mailsync.message.bodies import reader
from mailsync.message.cms import read_signers
from mailsync.message.compose import build_message
from mailsync.message.encrypted import is_readable_by
from mailsync.message.enveloped import Envelope, open_envelope, read_envelope
from mailsync.message.parse import parse_message
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.protection import find_protection, signed_bytes
from mailsync.message.transfer import decode_transfer
from tests.message.smime import NOW, certificate, keys, office, person, root
from tests.message.strict import problems
from tests.message.test_compose import PDF, PICTURE, PLAIN

LETTER = replace(PLAIN, text="Grüße, streng geheim\n", html="<p>Grüße, streng geheim</p>", attachments=(PDF, PICTURE))
ADA = OwnKey(person("rsa"), keys()["rsa"], (office(),))


def bob() -> OwnKey:
    key = rsa.generate_private_key(65537, 2048)
    return OwnKey(certificate("Bob", key, ("Office", keys()["office"]), address="bob@example.test"), key)


def opened_with(raw: bytes, *own: OwnKey) -> bytes:
    part = find_protection(parse_message(raw).root).part
    assert part is not None
    envelope = read_envelope(decode_transfer(reader(raw)(part.start, part.end), part.encoding))
    assert isinstance(envelope, Envelope)
    return open_envelope(envelope, own).entity


def test_each_reader_opens_it_and_nobody_else() -> None:
    other = bob()
    raw = build_message(LETTER, readers=[ADA.certificate, other.certificate]).raw
    assert problems(raw) == []
    protection = find_protection(parse_message(raw).root)
    assert (protection.kind, protection.way, protection.is_whole) == ("encrypted", "smime", True)
    for own in (ADA, other):
        entity = opened_with(raw, own)
        assert b"report.pdf" in entity
        assert "Grüße, streng geheim" in parse_message(entity).preview
    assert opened_with(raw, bob()) == b""


def test_nothing_of_it_stands_outside_but_the_header() -> None:
    raw = build_message(LETTER, readers=[ADA.certificate]).raw
    assert b"Subject: Lunch\r\n" in raw
    for word in (b"geheim", b"report", b"text/html"):
        assert word not in raw
    assert raw != build_message(LETTER, readers=[ADA.certificate]).raw


def test_openssl_opens_it(tmp_path: Path) -> None:
    (tmp_path / "letter").write_bytes(build_message(LETTER, readers=[ADA.certificate]).raw)
    key = ADA.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key").write_bytes(key)
    told = ["-in", tmp_path / "letter", "-inkey", tmp_path / "key", "-out", tmp_path / "out"]
    subprocess.run(["openssl", "cms", "-decrypt", *told], check=True, capture_output=True)
    assert "Grüße, streng geheim" in parse_message((tmp_path / "out").read_bytes()).preview


def test_signed_first_then_encrypted() -> None:
    raw = build_message(LETTER, ADA, [ADA.certificate]).raw
    assert b"multipart/signed" not in raw
    entity = opened_with(raw, ADA)
    protection = find_protection(parse_message(entity).root)
    assert protection.part is not None
    (signer,) = read_signers(*signed_bytes(protection.part, reader(entity)), [root()], NOW)
    assert signer.state == "good"
    assert signer.certificate == ADA.certificate.public_bytes(Encoding.DER)


@pytest.mark.parametrize(
    ("kind", "usage", "possible"),
    [
        ("rsa", None, True),
        ("rsa", {"key_encipherment"}, True),
        ("rsa", {"digital_signature"}, False),
        ("ec", None, False),
    ],
)
def test_for_whom_can_be_encrypted(kind: str, usage: set[str] | None, possible: bool) -> None:
    assert is_readable_by(person(kind, usage=usage)) is possible
