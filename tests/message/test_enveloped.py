"""Encrypted letters as other programs make them: what opens, for whom, and what is said where it does not."""

import pytest
from asn1crypto import cms, core
from hypothesis import given
from hypothesis import strategies as st

from mailsync.message import enveloped
from mailsync.message.certificates import CertificateId, key_id_of
from mailsync.message.enveloped import Envelope, Opened, open_envelope, read_envelope
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.smime import count_elements, joined_pieces
from tests.message.smime import TEXT, encrypted, keys, own_key, person, signed


def opened(data: bytes, *own: OwnKey) -> Opened:
    envelope = read_envelope(data)
    return open_envelope(envelope, own) if isinstance(envelope, Envelope) else envelope


@pytest.mark.parametrize("stream", [[], ["-stream"]], ids=["whole", "streamed"])
@pytest.mark.parametrize("cipher", ["-aes-128-cbc", "-aes-192-cbc", "-aes-256-cbc", "-des3"])
def test_each_cipher_whole_and_streamed(cipher: str, stream: list[str]) -> None:
    own = own_key("rsa")
    data = encrypted(TEXT * 3000, own.certificate, options=[cipher, *stream])
    assert (b"\x30\x80" in data[:4]) == bool(stream)
    assert opened(data, own) == Opened(TEXT * 3000)


@pytest.mark.parametrize("cipher", ["-aes-128-gcm", "-aes-256-gcm"])
def test_a_byte_changed_on_the_way_is_damage_where_the_cipher_tells(cipher: str) -> None:
    own = own_key("rsa")
    data = encrypted(TEXT, own.certificate, options=[cipher])
    assert opened(data, own) == Opened(TEXT)
    for at in (-1, -20, -60):
        changed = bytearray(data)
        changed[at] ^= 1
        assert opened(bytes(changed), own) == Opened(problem="damaged"), at


@pytest.mark.parametrize("options", [[], ["-keyid"]], ids=["by number", "by key"])
@pytest.mark.parametrize("kind", ["rsa", "ec"])
def test_by_either_name_and_kind_of_key(kind: str, options: list[str]) -> None:
    own = own_key(kind)
    data = encrypted(TEXT, own.certificate, options=["-aes-256-cbc", *options])
    envelope = read_envelope(data)
    assert isinstance(envelope, Envelope)
    number = CertificateId(own.certificate.issuer.public_bytes(), own.certificate.serial_number)
    assert envelope.recipients == ((CertificateId(key_id=key_id_of(own.certificate)),) if options else (number,))
    assert open_envelope(envelope, [own]) == Opened(TEXT)


@pytest.mark.parametrize(
    "options",
    [
        ["-keyopt", "rsa_padding_mode:oaep"],
        ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256", "-keyopt", "rsa_mgf1_md:sha256"],
        ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_label:686572"],
    ],
)
def test_the_newer_padding_of_rsa(options: list[str]) -> None:
    own = own_key("rsa")
    assert opened(encrypted(TEXT, own.certificate, recipient=options), own) == Opened(TEXT)


@pytest.mark.parametrize("digest", ["sha1", "sha224", "sha256", "sha384", "sha512"])
def test_agreement_on_a_curve_with_each_digest(digest: str) -> None:
    own = own_key("ec")
    data = encrypted(TEXT, own.certificate, recipient=["-keyopt", f"ecdh_kdf_md:{digest}"])
    assert opened(data, own) == Opened(TEXT)


def test_one_of_several_recipients_opens_it_by_the_key_that_fits() -> None:
    """As Thunderbird and Outlook write it: for all it goes to, and for who wrote it."""
    mine, theirs, other = own_key("rsa"), own_key("ec"), own_key("rsa")
    data = encrypted(TEXT, theirs.certificate, mine.certificate)
    assert opened(data, other, mine) == Opened(TEXT)
    assert opened(data, theirs) == Opened(TEXT)
    assert opened(data, other) == Opened(problem="no_key")
    assert opened(data) == Opened(problem="no_key")


def test_a_wrong_key_and_a_wrong_padding_are_one_failure() -> None:
    """Whoever changes the message's key learns nothing, not even whether its padding was right (RFC 3218)."""
    own = own_key("rsa")
    data = encrypted(TEXT * 50, own.certificate)
    wrapper = cms.ContentInfo.load(data)
    sent = wrapper["content"]["recipient_infos"][0].chosen["encrypted_key"].native
    public = keys()["rsa"].public_key().public_numbers()
    told = set()
    for number in (1, 2, 3, public.n - 1, int.from_bytes(sent, "big") // 2):
        wrapper["content"]["recipient_infos"][0].chosen["encrypted_key"] = number.to_bytes(256, "big")
        told.add(opened(wrapper.dump(force=True), own))
    assert told == {Opened(problem="damaged")}


def test_damaged_in_any_way_it_says_so_or_shows_other_words() -> None:
    """CBC alone does not notice what is changed: what is shown then is for ``webmail`` to keep in."""
    own = own_key("rsa")
    data = encrypted(TEXT, own.certificate)
    assert opened(data[:-10], own).problem == "damaged"
    changed = bytearray(data)
    changed[-1] ^= 1
    assert opened(bytes(changed), own).problem == "damaged"
    for bad in (b"", b"\x30", b"words", TEXT, b"\x30\x80" * 3000, b"\x30\x84\xff\xff\xff\xff"):
        assert opened(bad, own).problem in ("damaged", "unsupported"), bad[:10]


def test_what_is_signed_or_compressed_is_not_taken_for_encrypted() -> None:
    assert opened(signed(person(), keys()["ec"])).problem == "unsupported"


def test_no_weaker_cipher_slips_in_by_another_name() -> None:
    """RC2 and DES of the nineties; and CBC where the structure promises that nothing was changed, or the reverse."""
    own = own_key("rsa")
    data = encrypted(TEXT, own.certificate)
    wrapper = cms.ContentInfo.load(data)
    algorithm = wrapper["content"]["encrypted_content_info"]["content_encryption_algorithm"]
    algorithm["algorithm"] = "des"
    assert opened(wrapper.dump(force=True), own) == Opened(problem="unsupported")
    algorithm["algorithm"] = "aes256_gcm"
    assert opened(wrapper.dump(force=True), own) == Opened(problem="unsupported")


def test_text_without_a_header_is_text() -> None:
    own = own_key("rsa")
    found = opened(encrypted("Grüße, ohne Kopf".encode(), own.certificate), own)
    assert found.entity.startswith(b"Content-Type: text/plain; charset=utf-8\r\n\r\nGr")
    assert opened(encrypted(b"\x00\xff\x13", own.certificate), own) == Opened(problem="damaged")


def test_its_size_has_a_limit_and_so_have_its_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    own = own_key("rsa")
    data = encrypted(TEXT * 2000, own.certificate, options=["-aes-128-cbc", "-stream"])
    monkeypatch.setattr(enveloped, "MAX_BYTES", len(data) - 1)
    assert opened(data, own) == Opened(problem="too_large")
    monkeypatch.undo()
    monkeypatch.setattr(enveloped, "_MOST_ELEMENTS", 10)
    assert opened(data, own) == Opened(problem="unsupported")


def test_a_key_in_endless_pieces_is_not_put_together() -> None:
    wrapper = cms.ContentInfo.load(encrypted(TEXT, own_key("rsa").certificate))
    wrapper["content"]["recipient_infos"][0].chosen["encrypted_key"] = bytes(20_000)
    assert read_envelope(wrapper.dump(force=True)) == Opened(problem="damaged")


def test_pieces_are_joined_whatever_their_form() -> None:
    assert joined_pieces(b"\x04\x01a\x24\x80\x04\x02bc\x00\x00\x24\x03\x04\x01d") == b"abcd"
    with pytest.raises(ValueError, match="kind 2"):
        joined_pieces(b"\x04\x01a\x02\x01\x01")


def test_elements_are_counted_whatever_their_form() -> None:
    assert count_elements(core.Sequence.load(b"\x30\x00").dump(), 10) == 1
    pieces = b"\x24\x80" + b"\x04\x01a" * 500 + b"\x00\x00"
    assert count_elements(pieces, 10_000) == 502
    assert count_elements(pieces, 100) == 100
    assert count_elements(b"\x3f\x81\x01\x04" + b"\x04\x00" * 2, 10) == 3
    assert count_elements(b"\x04\x84\xff\xff\xff\xff" + b"\x04\x00" * 500, 10_000) == 1


@given(st.data())
def test_bytes_changed_anywhere_raise_nothing(data: st.DataObject) -> None:
    own, sent = _one()
    changed = bytearray(sent)
    for _ in range(data.draw(st.integers(1, 4))):
        changed[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.integers(0, 255))
    assert opened(bytes(changed), own).problem in ("", "no_key", "damaged", "unsupported")


_MADE: list[tuple[OwnKey, bytes]] = []


def _one() -> tuple[OwnKey, bytes]:
    if not _MADE:
        own = own_key("ec")
        _MADE.append((own, encrypted(TEXT, own.certificate, options=["-aes-128-gcm"])))
    return _MADE[0]
