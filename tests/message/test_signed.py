"""What is signed: read back as it was written, verified by OpenSSL and by our own reader, and safe on its way."""

import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from mailsync.message.bodies import choose_bodies, decode_text, reader
from mailsync.message.cms import read_signers
from mailsync.message.compose import build_message, dated_anew
from mailsync.message.facts import Composition, OutgoingAttachment
from mailsync.message.parse import parse_message
from mailsync.message.pkcs12 import OwnKey
from mailsync.message.protection import find_protection, signed_bytes
from tests.message.smime import NOW, keys, office, person, root
from tests.message.strict import problems
from tests.message.test_compose import PDF, PICTURE, PLAIN

EIGHT_BIT = OutgoingAttachment("old.eml", "message/rfc822", "Subject: x\r\n\r\nGrüße\r\n".encode())
SEVEN_BIT = OutgoingAttachment("older.eml", "message/rfc822", b"Subject: x\r\n\r\nHello\r\n")
FLOWED = OutgoingAttachment("flowed.eml", "message/rfc822", b"Subject: x\r\n\r\nHello \r\nFrom here\r\n")
LONG_NAME = OutgoingAttachment("Protokoll der Hauptversammlung über alles Mögliche " * 2 + ".txt", "text/plain", b"x")
LETTERS = {
    "plain": PLAIN,
    "umlauts": replace(PLAIN, subject="Grüße", text="Grüße aus Plön – 日本語\n" * 40),
    "fragile": replace(PLAIN, text="From here on\n> From there  \nit was \nfine\t\n-- \nAnn\n"),
    "one long line": replace(PLAIN, text="From " + "word " * 400 + "\n"),
    "html": replace(PLAIN, html='<p>Look </p>\nFrom me: <img src="cid:pic@heron.example">', attachments=(PICTURE, PDF)),
    "files": replace(PLAIN, attachments=(PDF, SEVEN_BIT, EIGHT_BIT, FLOWED, LONG_NAME)),
    "blind": replace(PLAIN, bcc=PLAIN.to),
}


def own(kind: str = "ec") -> OwnKey:
    return OwnKey(person(kind), keys()[kind], (office(),))


def covered_by(raw: bytes) -> bytes:
    parsed = parse_message(raw)
    return signed_bytes(find_protection(parsed.root).part, reader(raw))[1]  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", ["ec", "rsa"])
@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_a_signed_letter_is_verified_and_says_what_it_said(letter: Composition, kind: str, tmp_path: Path) -> None:
    built, bare = build_message(letter, own(kind)), build_message(letter)
    assert problems(built.raw) == []
    protection = find_protection(parse_message(built.raw).root)
    assert (protection.kind, protection.way, protection.is_whole) == ("signed", "smime", True)
    data, content = signed_bytes(protection.part, reader(built.raw))  # type: ignore[arg-type]
    (signer,) = read_signers(data, content, [root()], NOW)
    assert (signer.state, signer.addresses) == ("good", ("ada@example.test",))
    assert _words(built.raw) == _words(bare.raw)
    assert built.recipients == bare.recipients

    (tmp_path / "letter").write_bytes(built.raw)
    (tmp_path / "roots").write_bytes(root().public_bytes(Encoding.PEM))
    told = ["-CAfile", tmp_path / "roots", "-attime", str(int(NOW.timestamp())), "-out", tmp_path / "content"]
    command = ["openssl", "cms", "-verify", "-in", tmp_path / "letter", *told]
    subprocess.run(command, check=True, capture_output=True)
    assert (tmp_path / "content").read_bytes() == content


def _words(raw: bytes) -> list[str]:
    bodies = choose_bodies(parse_message(raw).root)
    # The last line end of a part is its boundary's.
    return [decode_text(one, reader(raw)).rstrip("\n") for one in (bodies.text, bodies.html) if one is not None]


@pytest.mark.parametrize("letter", LETTERS.values(), ids=LETTERS)
def test_what_is_signed_is_changed_by_no_server_on_its_way(letter: Composition) -> None:
    built = build_message(letter, own())
    content = covered_by(built.raw)
    assert content.isascii()
    assert not built.needs_8bitmime
    for line in content.split(b"\r\n"):
        assert not line.endswith((b" ", b"\t"))
        assert not line.startswith(b"From ")
        assert len(line) <= 998


def test_a_forwarded_message_is_a_message_only_as_long_as_nobody_may_change_it() -> None:
    root_part = parse_message(build_message(LETTERS["files"], own()).raw).root
    kinds = {part.filename: part.content_type for part in root_part.walk() if part.filename.endswith(".eml")}
    plain = "application/octet-stream"
    assert kinds == {"older.eml": "message/rfc822", "old.eml": plain, "flowed.eml": plain}


def test_a_signed_letter_that_leaves_later_is_the_same_letter() -> None:
    built = build_message(PLAIN, own())
    later = dated_anew(built.raw, NOW)
    assert later != built.raw
    assert covered_by(later) == covered_by(built.raw)


def test_the_copy_in_sent_has_the_blind_copies_and_the_same_signature() -> None:
    built = build_message(LETTERS["blind"], own())
    assert b"\r\nBcc: " in built.raw_sent_copy
    assert b"\r\nBcc: " not in built.raw
    assert covered_by(built.raw_sent_copy) == covered_by(built.raw)


def test_one_changed_word_is_found() -> None:
    raw = build_message(PLAIN, own()).raw.replace(b"Shall we?", b"Shall he?")
    protection = find_protection(parse_message(raw).root)
    data, content = signed_bytes(protection.part, reader(raw))  # type: ignore[arg-type]
    assert [one.state for one in read_signers(data, content, [root()], NOW)] == ["changed"]
