"""S/MIME signatures: who signed, and whether it holds. The structure is checked against what pyca
writes."""

import email.policy
from collections.abc import Callable
from datetime import datetime, timedelta
from email.parser import BytesParser
from typing import Any

import pytest
from asn1crypto import cms, core
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import pkcs7
from cryptography.x509.oid import ExtendedKeyUsageOID

from mailsync.message.bodies import reader
from mailsync.message.cms import Signer, read_signers
from mailsync.message.parse import parse_message
from mailsync.message.protection import find_protection, signed_bytes
from tests.message.smime import (
    CONTENT,
    HEAD,
    NOW,
    TEXT,
    certificate,
    detached,
    keys,
    office,
    opaque,
    person,
    root,
    signed,
    unruly,
)


def read(data: bytes, content: bytes = CONTENT, at: datetime = NOW) -> Signer:
    (found,) = read_signers(data, content, [root()], at)
    return found


@pytest.mark.parametrize(
    ("kind", "told"),
    [
        ("ec", {}),
        ("rsa", {}),
        ("rsa", {"rsa_padding": padding.PSS(padding.MGF1(hashes.SHA256()), 32)}),
    ],
)
def test_an_unchanged_letter_of_somebody_vouched_for(kind: str, told: dict[str, Any]) -> None:
    who = person(kind)
    found = read(signed(who, keys()[kind], **told))
    whole = who.public_bytes(serialization.Encoding.DER)
    assert found == Signer("good", "Ada", ("ada@example.test",), "Office Ltd", who.not_valid_after_utc, whole)


@pytest.mark.parametrize("options", [(), (pkcs7.PKCS7Options.NoAttributes,), (pkcs7.PKCS7Options.DetachedSignature,)])
def test_each_form_of_a_signature(options: tuple[pkcs7.PKCS7Options, ...]) -> None:
    data = signed(person(), keys()["ec"], options=(pkcs7.PKCS7Options.Binary, *options))
    assert read(data).state == "good"
    assert read(data, CONTENT.replace(b"10", b"90")).state == "changed"


@pytest.mark.parametrize(
    ("who", "state"),
    [
        (lambda: person(days=(-100, -1)), "expired"),
        (lambda: person(days=(1, 100)), "expired"),
        (lambda: person(purpose=None), "good"),
        (lambda: person(purpose=ExtendedKeyUsageOID.SERVER_AUTH), "unknown"),
        (lambda: certificate("Ada", keys()["ec"]), "unknown"),  # her own word
        (lambda: certificate("Ada", keys()["ec"], ("Office", keys()["root"])), "unknown"),  # by another key
    ],
)
def test_what_a_certificate_is_worth(who: Callable[[], x509.Certificate], state: str) -> None:
    assert read(signed(who(), keys()["ec"])).state == state


def test_an_authority_that_is_none() -> None:
    """Somebody with a certificate of their own issues one for another."""
    mallory = person(address="mallory@evil.test")
    forged = certificate("Ada", keys()["rsa"], ("Ada", keys()["ec"]))
    assert read(signed(forged, keys()["rsa"], beside=(office(), mallory))).state == "unknown"


def test_time_is_that_of_receipt() -> None:
    data = signed(person(days=(-100, 1)), keys()["ec"])
    assert read(data).state == "good"
    assert read(data, at=NOW + timedelta(days=2)).state == "expired"


def altered(data: bytes, change: Callable[[Any], None]) -> bytes:
    wrapper = cms.ContentInfo.load(data)
    change(wrapper["content"])
    return bytes(wrapper.dump(force=True))


def test_a_signature_that_was_moved_to_other_bytes() -> None:
    """The digest is rewritten, the signature over the attributes is not."""

    def change(content: Any) -> None:
        for one in content["signer_infos"][0]["signed_attrs"]:
            if one["type"].native == "message_digest":
                one["values"] = [core.OctetString(bytes(32))]

    assert read(altered(signed(person(), keys()["ec"]), change)).state == "changed"


def test_a_hash_that_proves_nothing() -> None:
    def change(content: Any) -> None:
        content["signer_infos"][0]["digest_algorithm"] = {"algorithm": "sha1"}

    assert read(altered(signed(person(), keys()["ec"]), change)).state == "unsupported"


def test_the_certificate_was_left_out() -> None:
    def change(content: Any) -> None:
        content["certificates"] = []

    assert read(altered(signed(person(), keys()["ec"]), change)) == Signer("unsupported")


def test_names_that_steer_the_text_are_plain() -> None:
    who = certificate("A\u202eda\nx", keys()["ec"], ("Office", keys()["office"]))
    assert read(signed(who, keys()["ec"])).name == "Adax"


@pytest.mark.parametrize("data", [b"", b"0", b"0\x80" * 4000, CONTENT, bytes(500)])
def test_bytes_that_are_no_signature(data: bytes) -> None:
    assert read_signers(data, CONTENT, [root()], NOW) == ()


# Of damaged certificates, cryptography warns that it will refuse them one day; then they are refused.
@pytest.mark.filterwarnings("ignore::cryptography.utils.CryptographyDeprecationWarning")
def test_damage_is_never_an_exception() -> None:
    data = signed(person(), keys()["ec"])
    for at in range(0, len(data), 3):
        for broken in (data[:at], data[:at] + b"\xff" + data[at + 1 :]):
            read_signers(broken, CONTENT, [root()], NOW)


def state_of(raw: bytes) -> tuple[str, str, bool, str]:
    found = find_protection(parse_message(raw).root)
    assert found.part is not None
    data, content = signed_bytes(found.part, reader(raw))
    signers = read_signers(data, content, [root()], NOW)
    return found.kind, found.way, found.is_whole, signers[0].state if signers else ""


@pytest.mark.parametrize("raw", [detached(), opaque(), detached().replace(b"\r\n", b"\n")])
def test_a_signed_letter(raw: bytes) -> None:
    assert state_of(raw) == ("signed", "smime", True, "good")


def test_a_letter_of_several_parts() -> None:
    inner = (
        b"Content-Type: multipart/mixed; boundary=i\r\n\r\n--i\r\n" + TEXT + b"\r\n--i\r\n" + TEXT + b"\r\n--i--\r\n"
    )
    assert state_of(detached(inner))[3] == "good"


def test_a_changed_letter() -> None:
    raw = detached()
    assert state_of(raw.replace(b"10 euros", b"90 euros"))[3] == "changed"
    # The header of the part is signed too.
    assert state_of(raw.replace(b"text/plain; charset=utf-8", b"text/plain; charset=utf-7"))[3] == "changed"


def test_what_stands_beside_the_signed_part_is_not_signed() -> None:
    within = detached().removeprefix(HEAD)
    mixed = b"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n"
    around = HEAD + mixed + TEXT + b"\r\n--m\r\n" + within + b"\r\n--m--\r\n"
    assert state_of(around) == ("signed", "smime", False, "good")
    assert state_of(detached(after=b"--b\r\n" + TEXT + b"\r\n")) == ("signed", "smime", False, "good")


def test_a_signed_letter_that_was_forwarded_is_not_the_senders() -> None:
    raw = HEAD + b"Content-Type: message/rfc822\r\n\r\n" + detached()
    assert find_protection(parse_message(raw).root).kind == ""


def test_what_pyca_writes_as_a_message() -> None:
    """Its own multipart/signed, read as any other."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(b"Pay 10 euros.\r\n")
    builder = builder.add_signer(person("rsa"), keys()["rsa"], hashes.SHA256()).add_certificate(office())
    options = [pkcs7.PKCS7Options.DetachedSignature, pkcs7.PKCS7Options.Text]
    raw = builder.sign(serialization.Encoding.SMIME, options)
    assert BytesParser(policy=email.policy.default).parsebytes(raw).is_multipart()
    assert state_of(raw) == ("signed", "smime", True, "good")


@pytest.mark.parametrize(
    ("content_type", "told"),
    [
        ("application/pkcs7-mime; smime-type=enveloped-data", ("encrypted", "smime")),
        ("application/x-pkcs7-mime", ("encrypted", "smime")),
        ("application/pkcs7-mime; smime-type=certs-only", ("", "")),
        ('multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b', ("encrypted", "pgp")),
        ('multipart/signed; protocol="application/pgp-signature"; boundary=b', ("signed", "pgp")),
    ],
)
def test_protection_by_type(content_type: str, told: tuple[str, str]) -> None:
    parts = b"--b\r\n" + TEXT + b"\r\n--b\r\nContent-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n"
    found = find_protection(parse_message(HEAD + b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + parts).root)
    assert (found.kind, found.way) == told


def test_openpgp_without_mime() -> None:
    body = parse_message(HEAD + b"\r\n-----BEGIN PGP MESSAGE-----\r\n").root
    assert find_protection(body, "-----BEGIN PGP MESSAGE-----\n").kind == "encrypted"
    assert find_protection(body, "-----BEGIN PGP SIGNED MESSAGE-----\n").kind == "signed"
    assert find_protection(body, "Hello").kind == ""


def test_a_key_that_came_along() -> None:
    key = b"Content-Type: application/pgp-keys; name=key.asc\r\nContent-Disposition: attachment\r\n\r\nx\r\n"
    mixed = (
        HEAD + b"Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n" + TEXT + b"\r\n--m\r\n" + key + b"--m--\r\n"
    )
    assert find_protection(parse_message(mixed).root).has_key


def test_a_signature_in_endless_pieces_is_not_put_together() -> None:
    """Joining 10 MB of them took asn1crypto 3.7 seconds, and 30 MB half a minute, while a reader waits."""
    wrapper = cms.ContentInfo.load(signed(person(), keys()["ec"]))
    wrapper["content"]["signer_infos"][0]["signature"] = bytes(70_000)
    assert read(wrapper.dump(force=True)) == Signer("unsupported")
    scraps = b"\x30\x84" + (400_000).to_bytes(4, "big") + b"\x05\x00" * 200_000
    assert read_signers(scraps, CONTENT, [root()], NOW) == ()


@pytest.mark.parametrize(("what", "state"), [("an extension twice", "unknown"), ("a curve of nobody", "unsupported")])
def test_a_certificate_that_breaks_its_rules_is_worth_nothing_and_stops_nobody(what: str, state: str) -> None:
    """What a stranger sends must not keep a letter from being read."""
    found = read(signed(unruly()[what], keys()["rsa" if state == "unknown" else "ec"]))
    assert (found.state, found.certificate) == (state, b"")


def test_a_certificate_of_no_known_version_is_worth_nothing_and_stops_nobody() -> None:
    data = signed(person(), keys()["ec"])
    newer = data.replace(bytes.fromhex("a003020102"), bytes.fromhex("a003020105"))
    assert newer != data
    assert read_signers(newer, CONTENT, [root()], NOW) == ()
