"""Files of a certificate with its key: as programs write them, with wrong words, with nothing of use."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import core
from asn1crypto import pkcs12 as structure
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID

from mailsync.errors import CannotDo
from mailsync.extract.own_keys import open_pkcs12
from mailsync.message.certificates import CertificateId, addresses_of, can_encrypt, can_sign, key_id_of
from mailsync.message.pkcs12 import MAX_FILE_BYTES, MOST_ROUNDS, read_key, read_pkcs12
from tests.message.smime import WORD, certificate, keys, office, packed, person, root


def refusal(data: bytes, word: str = WORD) -> CannotDo:
    with pytest.raises(CannotDo) as told:
        read_pkcs12(data, word)
    return told.value


@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_what_was_packed_comes_out(kind: str) -> None:
    (found,) = read_pkcs12(packed(kind), WORD)
    assert addresses_of(found.certificate) == ("ada@example.test",)
    assert set(found.chain) == {office(), root()}
    assert read_key(found.key_der()).private_numbers() == keys()[kind].private_numbers()
    assert "key=" not in repr(found)


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["-legacy"],
        ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
        ["-keypbe", "AES-128-CBC", "-certpbe", "NONE", "-nomac"],
    ],
)
@pytest.mark.parametrize("word", [WORD, ""])
def test_as_openssl_writes_it(options: list[str], word: str, tmp_path: Path) -> None:
    data = written(tmp_path, person("rsa"), "rsa", *options, word=word)
    (found,) = read_pkcs12(data, word)
    assert found.certificate.subject == person("rsa").subject


def test_a_backup_of_several_gives_all_of_them(tmp_path: Path) -> None:
    """As Firefox and Thunderbird write "Backup all": each key with its certificate, the old one as well."""
    old, new = person("rsa", days=(-300, -1)), person("ec")
    files = [structure.Pfx.load(written(tmp_path, one, kind, "-nomac")) for one, kind in ((old, "rsa"), (new, "ec"))]
    both, other = files
    safes = structure.AuthenticatedSafe([*both.authenticated_safe, *other.authenticated_safe])
    both["auth_safe"]["content"] = safes.dump()
    found = read_pkcs12(both.dump(force=True), WORD)
    assert {one.certificate for one in found} == {old, new}
    assert [one.chain for one in found] == [(), ()]
    assert all(one.key.public_key() == one.certificate.public_key() for one in found)
    assert {one.certificate for one in open_pkcs12(both.dump(force=True), WORD)} == {old, new}


def test_as_it_is_streamed(tmp_path: Path) -> None:
    """With indefinite lengths and in pieces (X.690 §8.1.3.6, §8.7.3), as NSS does."""
    pfx = structure.Pfx.load(written(tmp_path, person("rsa"), "rsa"))
    content, end = pfx["auth_safe"]["content"].native, b"\0\0"
    pieces = b"".join(core.OctetString(content[at : at + 500]).dump() for at in range(0, len(content), 500))
    safe = b"\x30\x80" + pfx["auth_safe"]["content_type"].dump() + b"\xa0\x80\x24\x80" + pieces + end * 3
    data = b"\x30\x80" + pfx["version"].dump() + safe + pfx["mac_data"].dump() + end
    assert len(read_pkcs12(data, WORD)) == 1


def written(folder: Path, certified: x509.Certificate, kind: str, *options: str, word: str = WORD) -> bytes:
    """A file by openssl."""
    key = keys()[kind].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "both.pem").write_bytes(key + certified.public_bytes(Encoding.PEM))
    command = ["openssl", "pkcs12", "-export", "-in", "both.pem", "-passout", f"pass:{word}", *options]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True).stdout


def test_the_wrong_words_are_told_from_the_wrong_file() -> None:
    assert refusal(packed(), "open sesame").field == "passphrase"
    for data in (b"", b"-----BEGIN CERTIFICATE-----", person().public_bytes(Encoding.DER), packed()[:-5]):
        assert "no file of a certificate" in str(refusal(data)), data[:20]
        assert refusal(data).field == "file"
    assert "too large" in str(refusal(packed() + bytes(MAX_FILE_BYTES)))


def test_a_certificate_without_its_key() -> None:
    data = pkcs12.serialize_key_and_certificates(None, None, None, [person()], BestAvailableEncryption(WORD.encode()))
    assert "together with the key" in str(refusal(data))


def test_keys_of_other_kinds(monkeypatch: pytest.MonkeyPatch) -> None:
    key: Any = ed25519.Ed25519PrivateKey.generate()
    data = pkcs12.serialize_key_and_certificates(b"", key, certificate("Ada", key, office_of()), None, NoEncryption())
    assert "RSA of 1024 to 8192 bits and elliptic curves" in str(refusal(data, ""))
    monkeypatch.setattr("mailsync.message.pkcs12._MIN_RSA_BITS", 2049)
    assert "RSA of 1024 to 8192 bits" in str(refusal(packed()))


def office_of() -> tuple[str, Any]:
    return ("Office", keys()["office"])


@pytest.mark.parametrize("where", ["mac", "key", "certificates"])
def test_a_file_that_wants_to_be_hashed_for_hours(where: str) -> None:
    """Refused for what it says, before anything of it is hashed."""
    pfx = structure.Pfx.load(packed())
    safes = pfx.authenticated_safe
    if where == "mac":
        pfx["mac_data"]["iterations"] = 2**31
    for safe in safes:
        kind = safe["content_type"].native
        if kind == "encrypted_data" and where == "certificates":
            ask(safe["content"]["encrypted_content_info"]["content_encryption_algorithm"])
        elif kind == "data" and where == "key":
            bags = structure.SafeContents.load(safe["content"].native)
            ask(bags[0]["bag_value"]["encryption_algorithm"])
            safe["content"] = bags.dump(force=True)
    pfx["auth_safe"]["content"] = safes.dump(force=True)
    assert f"than the {MOST_ROUNDS // 1_000_000} million" in str(refusal(pfx.dump(force=True)))


def test_rounds_that_are_less_than_none_make_up_for_nothing() -> None:
    pfx = structure.Pfx.load(packed())
    safes = pfx.authenticated_safe
    pfx["mac_data"]["iterations"] = -(2**31)
    for safe in safes:
        if safe["content_type"].native == "encrypted_data":
            ask(safe["content"]["encrypted_content_info"]["content_encryption_algorithm"])
    pfx["auth_safe"]["content"] = safes.dump(force=True)
    assert "million" in str(refusal(pfx.dump(force=True)))


def ask(algorithm: Any) -> None:
    algorithm["parameters"]["key_derivation_func"]["parameters"]["iteration_count"] = 2**31


def slow(rounds: int) -> bytes:
    """As hidden as an outside one, and just as long."""
    builder = PrivateFormat.PKCS12.encryption_builder().kdf_rounds(rounds).hmac_hash(hashes.SHA256())
    return packed(encryption=builder.build(WORD.encode()))


def test_opened_in_a_child_that_is_stopped() -> None:
    (opened,) = open_pkcs12(packed(), WORD)
    assert (opened.certificate.subject, len(opened.chain)) == (person("rsa").subject, 2)
    with pytest.raises(CannotDo) as told:
        open_pkcs12(packed(), "wrong")
    assert told.value.field == "passphrase"
    with pytest.raises(CannotDo, match="too long"):
        open_pkcs12(slow(4_000_000), WORD, limit_seconds=0.3)


@pytest.mark.parametrize(
    ("usage", "purpose", "expected"),
    [
        (None, None, (True, True)),
        (None, ExtendedKeyUsageOID.EMAIL_PROTECTION, (True, True)),
        (None, ExtendedKeyUsageOID.SERVER_AUTH, (False, False)),
        ({"digital_signature"}, None, (True, False)),
        ({"content_commitment"}, None, (True, False)),
        ({"key_encipherment"}, None, (False, True)),
        ({"key_agreement"}, None, (False, False)),
    ],
)
def test_what_a_key_is_for(
    usage: set[str] | None, purpose: x509.ObjectIdentifier | None, expected: tuple[bool, bool]
) -> None:
    one = certificate("Ada", keys()["rsa"], office_of(), purpose=purpose, usage=usage)
    assert (can_sign(one), can_encrypt(one)) == expected


def test_a_curve_agrees_on_keys() -> None:
    for usage, expected in (({"key_agreement"}, True), ({"key_encipherment"}, False), (None, True)):
        assert can_encrypt(certificate("Ada", keys()["ec"], office_of(), usage=usage)) is expected


def test_which_certificate_is_meant() -> None:
    one, other = person("rsa"), person("rsa")
    by_number = CertificateId(one.issuer.public_bytes(), one.serial_number)
    assert (by_number.means(one), by_number.means(other)) == (True, False)
    by_key = CertificateId(key_id=key_id_of(one))
    assert (by_key.means(one), by_key.means(person("ec"))) == (True, False)
    assert not CertificateId().means(one)
