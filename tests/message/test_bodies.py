"""Which parts are shown, which are attachments, and what their bytes and text are."""

import base64
import struct
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from mailsync.message.bodies import (
    attachments,
    choose_bodies,
    decode_part,
    decode_text,
    reader,
    stream_part,
)
from mailsync.message.facts import Part
from mailsync.message.parse import parse_message
from mailsync.message.smime import signed_content
from mailsync.message.structure import read_structure
from mailsync.message.tnef import decompress_rtf


def _multipart(subtype: str, *parts: str, boundary: str = "b", more: str = "") -> str:
    body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts)
    return f"Content-Type: multipart/{subtype}; boundary={boundary}{more}\r\n\r\n{body}--{boundary}--\r\n"


TEXT = "Content-Type: text/plain; charset=utf-8\r\n\r\nplain words"
HTML = "Content-Type: text/html; charset=utf-8\r\n\r\n<p>rich words</p><img src='cid:p@x'>"
CALENDAR = "Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR"
PICTURE = "Content-Type: image/png; name=p.png\r\nContent-ID: <p@x>\r\nContent-Transfer-Encoding: base64\r\n\r\nUE5H"
NAMELESS_PICTURE = "Content-Type: image/png\r\nContent-ID: <p@x>\r\n\r\nPNG"
PDF = "Content-Type: application/pdf\r\nContent-Disposition: attachment; filename=a.pdf\r\n\r\n%PDF"
TEXT_FILE = "Content-Type: text/plain; name=notes.txt\r\nContent-Disposition: attachment\r\n\r\nnotes"
SIGNATURE = "Content-Type: application/pgp-signature; name=signature.asc\r\n\r\nPGP"
NESTED = "Content-Type: message/rfc822\r\n\r\nSubject: Inner\r\n" + TEXT
FOOTER = "Content-Type: text/plain\r\n\r\nlist footer"
STATUS = "Content-Type: message/delivery-status\r\n\r\nAction: failed"
ENRICHED = "Content-Type: text/enriched\r\n\r\n<bold>bold</bold> words"
RETURNED = "Content-Type: text/rfc822-headers\r\n\r\nSubject: Inner"


@pytest.mark.parametrize(
    ("raw", "html", "text", "more", "attached"),
    [
        (TEXT, "", "1", [], []),
        (HTML, "1", "", [], []),
        (_multipart("alternative", TEXT, HTML), "2", "1", [], []),
        (ENRICHED, "1", "", [], []),
        (_multipart("alternative", TEXT, ENRICHED), "2", "1", [], []),
        (_multipart("alternative", TEXT, ENRICHED, HTML), "3", "1", [], []),
        (_multipart("alternative", TEXT, HTML, ENRICHED), "2", "1", [], []),
        (_multipart("mixed", TEXT, ENRICHED), "", "1", ["2"], []),
        # Seen in practice: the richer form first.
        (_multipart("alternative", HTML, TEXT), "1", "2", [], []),
        (_multipart("alternative", TEXT, HTML, CALENDAR), "2", "1", [], []),
        (_multipart("mixed", TEXT, PDF), "", "1", [], ["2"]),
        (_multipart("mixed", _multipart("alternative", TEXT, HTML, boundary="c"), PDF), "1.2", "1.1", [], ["2"]),
        # Apple Mail: text, a file, text again; a list's footer below an alternative.
        (_multipart("mixed", TEXT, PDF, FOOTER), "", "1", ["3"], ["2"]),
        (_multipart("mixed", _multipart("alternative", TEXT, HTML, boundary="c"), FOOTER), "1.2", "1.1", ["2"], []),
        (_multipart("mixed", TEXT, TEXT_FILE), "", "1", [], ["2"]),
        (_multipart("related", HTML, PICTURE), "1", "", [], []),
        (_multipart("related", PICTURE, HTML), "2", "", [], []),
        (_multipart("alternative", TEXT, _multipart("related", HTML, PICTURE, boundary="c")), "2.1", "1", [], []),
        # Seen in practice: the alternative inside the related.
        (_multipart("related", _multipart("alternative", TEXT, HTML, boundary="c"), PICTURE), "1.2", "1.1", [], []),
        (_multipart("signed", TEXT, SIGNATURE), "", "1", [], []),
        (_multipart("signed", _multipart("mixed", TEXT, PDF, boundary="c"), SIGNATURE), "", "1.1", [], ["1.2"]),
        (_multipart("report", TEXT, STATUS, NESTED), "", "1", [], ["3"]),
        # Seen in practice: what was returned as plain text; reports that say nothing to people.
        (_multipart("report", TEXT, STATUS, FOOTER), "", "1", ["3"], []),
        (_multipart("report", STATUS), "", "1", [], []),
        (_multipart("report", STATUS, RETURNED), "", "1", ["2"], []),
        (STATUS, "", "1", [], []),
        (_multipart("mixed", TEXT, NESTED), "", "1", [], ["2"]),
        (PDF, "", "", [], ["1"]),
        (_multipart("encrypted", "Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1", PDF), "", "", [], ["2"]),
        (_multipart("x-unknown", TEXT, PDF), "", "1", [], ["2"]),
        (_multipart("alternative", TEXT, "Content-Type: text/x-amp-html\r\n\r\n<html amp>", HTML), "3", "1", [], []),
        (
            _multipart("alternative", TEXT, _multipart("mixed", HTML, PDF, FOOTER, boundary="c")),
            "2.1",
            "1",
            ["2.3"],
            ["2.2"],
        ),
        (_multipart("mixed", "Content-Type: text/plain; name=body.txt\r\n\r\nx", TEXT_FILE), "", "1", [], ["2"]),
        (_multipart("mixed", TEXT, "Content-Type: text/vcard\r\n\r\nBEGIN:VCARD"), "", "1", [], ["2"]),
        ("Content-Type: text/x-odd\r\n\r\nwords", "", "1", [], []),
    ],
)
def test_what_is_shown_and_what_is_attached(
    raw: str, html: str, text: str, more: list[str], attached: list[str]
) -> None:
    root = parse_message(raw.encode()).root
    bodies = choose_bodies(root)
    assert (bodies.html.path if bodies.html else "") == html
    assert (bodies.text.path if bodies.text else "") == text
    assert [part.path for part in bodies.more] == more
    assert [part.path for part in attachments(root)] == attached


@pytest.mark.parametrize(
    ("html", "attached"),
    [
        ('<img src="cid:p@x">', []),
        ("<img src='CID:p@x'>", []),
        ('<img src="cid:p%40x">', []),
        ("<p>no picture</p>", ["2"]),
    ],
)
def test_a_picture_is_inline_only_where_the_html_shows_it(html: str, attached: list[str]) -> None:
    body = f"Content-Type: text/html\r\n\r\n{html}"
    for subtype in ("mixed", "related"):
        message = parse_message(_multipart(subtype, body, PICTURE).encode())
        assert [part.path for part in message.attachments] == attached
        kept = Part.from_json(message.root.as_json())
        assert [part.path for part in attachments(kept)] == attached


@pytest.mark.parametrize(
    ("content_type", "attached"),
    [
        ("image/jpg", []),
        ("application/octet-stream; name=p.png", []),
        ("image/svg+xml; name=logo.svg", ["2"]),
        ("image/tiff", ["2"]),
        ("application/pdf; name=plan.pdf", ["2"]),
    ],
)
def test_what_no_page_can_show_is_a_file_though_the_html_refers_to_it(content_type: str, attached: list[str]) -> None:
    body = 'Content-Type: text/html\r\n\r\n<img src="cid:p@x">'
    part = f"Content-Type: {content_type}\r\nContent-ID: <p@x>\r\n\r\nx"
    message = parse_message(_multipart("related", body, part).encode())
    assert [part.path for part in message.attachments] == attached


def test_in_a_tree_that_nobody_marked_related_parts_are_inline() -> None:
    root, _, _ = read_structure(_multipart("related", "Content-Type: text/html\r\n\r\n<p>", PICTURE).encode())
    assert attachments(root) == ()


def test_an_invitation_is_found_wherever_it_stands() -> None:
    for raw in (
        _multipart("alternative", TEXT, HTML, CALENDAR),
        _multipart("mixed", TEXT, CALENDAR.replace("\r\n\r\n", '; name="i.ics"\r\n\r\n', 1)),
    ):
        found = choose_bodies(parse_message(raw.encode()).root).calendar
        assert found is not None
        assert found.params["method"] == "REQUEST"


def test_a_nested_message_has_section_numbers_of_its_own() -> None:
    inner = _multipart("mixed", TEXT, PDF, boundary="c")
    raw = _multipart("mixed", TEXT, f"Content-Type: message/rfc822\r\n\r\nSubject: Inner one\r\n{inner}")
    root = parse_message(raw.encode()).root
    assert [part.path for part in root.walk()] == ["TEXT", "1", "2", "2.TEXT", "2.1", "2.2"]
    assert root.children[1].filename == "Inner one.eml"
    assert [part.path for part in attachments(root)] == ["2"]


@pytest.mark.parametrize(
    ("header", "body", "decoded"),
    [
        ("base64", "aGVsbG8gd29ybGQ=", b"hello world"),
        ("base64", "aGVs\r\nbG8g d29y\r\nbGQ", b"hello world"),
        ("BASE64 ; x", "aGVsbG8=", b"hello"),
        ("quoted-printable", "h=65llo=\r\n world=20=\r\n!", b"hello world !"),
        ("7bit", "as it is", b"as it is"),
        ("8 bit", "as it is", b"as it is"),
        ("x-uuencode", "begin 644 a.txt\r\n%:&5L;&\\\r\n`\r\nend", b"hello"),
        # Text that only claims to be base64.
        ("base64", "Dear all\r\nhow are you\r\nsee you", b"Dear all\r\nhow are you\r\nsee you"),
        # A footer that a list put below the padding.
        ("base64", "aGVsbG8=\r\n____________\r\nThe footer of the list", b"hello"),
    ],
)
def test_transfer_encodings(header: str, body: str, decoded: bytes) -> None:
    raw = f"Content-Type: application/x\r\nContent-Transfer-Encoding: {header}\r\n\r\n{body}".encode()
    part = parse_message(raw).root
    assert decode_part(part, reader(raw)) == decoded
    assert b"".join(stream_part(part, reader(raw))) == decoded


def test_a_big_attachment_streams_in_small_pieces() -> None:
    data = bytes(range(256)) * 12_000
    encoded = base64.encodebytes(data).replace(b"\n", b"\r\n")
    raw = b"Content-Type: application/x\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded
    part = parse_message(raw).root
    pieces = list(stream_part(part, reader(raw)))
    assert b"".join(pieces) == data
    assert max(map(len, pieces)) < 300_000
    assert part.size_bytes == len(data)


@pytest.mark.parametrize(
    ("content_type", "body", "text"),
    [
        ("text/plain; charset=utf-8", "Grüße".encode(), "Grüße"),
        ("text/plain; charset=utf-8", "Grüße".encode("latin-1"), "Grüße"),
        ("text/plain; charset=iso-8859-1", "Grüße".encode(), "Grüße"),
        ("text/plain; charset=iso-8859-1", "été".encode("latin-1"), "été"),
        ("text/plain; charset=iso-8859-1", "€ “x”".encode("cp1252"), "€ “x”"),
        ("text/plain; charset=iso-8859-1", "Grüße".encode("latin-1"), "Grüße"),
        ("text/plain", "Grüße".encode(), "Grüße"),
        ("text/plain; charset=us-ascii", "Grüße".encode(), "Grüße"),
        ("text/plain; charset=no-such", "Grüße".encode("latin-1"), "Grüße"),
        ("text/plain; charset=base64", "Grüße".encode(), "Grüße"),
        ("text/plain; charset=gb2312", "你好，世界".encode("gb18030"), "你好，世界"),
        ("text/plain; charset=ks_c_5601-1987", "안녕하세요".encode("cp949"), "안녕하세요"),
        ("text/plain; charset=iso-2022-jp", "日本語".encode("iso2022_jp"), "日本語"),
        ("text/plain; charset=koi8-r", "Привет".encode("koi8_r"), "Привет"),
        ("text/plain; charset=utf-16", "Grüße".encode("utf-16"), "Grüße"),
        ("text/plain; charset=utf-8", b"\xef\xbb\xbfbom", "bom"),
        ("text/plain; charset=utf-8", b"a\x00b\r\nc\rd", "ab\nc\nd"),
        ("text/plain; charset=utf-8; format=flowed", b"one \r\ntwo\r\n> a \r\n> b", "one two\n> a b"),
        ("text/plain; format=flowed; delsp=yes", b"one \r\ntwo", "onetwo"),
        ("text/html", '<meta charset="koi8-r">Привет'.encode("koi8_r"), '<meta charset="koi8-r">Привет'),
    ],
)
def test_text_is_decoded_as_it_was_meant(content_type: str, body: bytes, text: str) -> None:
    raw = f"Content-Type: {content_type}\r\n\r\n".encode() + body
    assert decode_text(parse_message(raw).root, reader(raw)) == text


def test_text_without_a_charset_is_guessed_as_a_last_resort() -> None:
    words = "Это письмо написано без указания кодировки, и мы всё-таки хотим его прочитать. " * 5
    raw = b"Content-Type: text/plain\r\n\r\n" + words.encode("cp1251")
    assert decode_text(parse_message(raw).root, reader(raw)) == words


def test_a_capped_text_is_read_to_the_cap_only() -> None:
    raw = b"Content-Type: text/plain; charset=utf-8\r\n\r\n" + "ä".encode() * 1000
    part = parse_message(raw).root
    asked: list[tuple[int, int]] = []

    def read(start: int, end: int) -> bytes:
        asked.append((start, end))
        return raw[start:end]

    assert decode_text(part, read, max_bytes=101).startswith("ä" * 50)
    assert asked == [(part.start, part.start + 101)]


def test_offsets_fit_for_old_macintosh_mail() -> None:
    raw = b"Subject: Hi\rContent-Type: text/plain\r\rline one\rline two\r"
    message = parse_message(raw)
    assert (message.header.subject, message.text) == ("Hi", "line one\nline two")
    assert "bare_cr" in message.defects
    assert raw[message.root.start : message.root.end] == b"line one\rline two\r"


def test_uuencoded_files_come_out_of_the_text() -> None:
    raw = b"Subject: x\n\nSee the file.\n\nbegin 644 a.txt\n%:&5L;&\\\n`\nend\n\nBye\n"
    message = parse_message(raw)
    assert message.text == "See the file.\n\n\n\nBye"
    assert [(part.filename, part.synthetic) for part in message.attachments] == [("a.txt", "uuencode")]
    assert decode_part(message.attachments[0], reader(raw)) == b"hello"


def test_words_that_begin_like_uuencode_are_words() -> None:
    raw = b"Subject: x\n\nbegin 644 times\nand then end\nend\n"
    message = parse_message(raw)
    assert message.attachments == ()
    assert message.text == "begin 644 times\nand then end\nend"


def _tnef_attribute(level: int, name: int, data: bytes) -> bytes:
    return struct.pack("<BII", level, name, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def _mapi(*properties: tuple[int, int, bytes]) -> bytes:
    out = struct.pack("<I", len(properties))
    for kind, name, value in properties:
        out += struct.pack("<HHII", kind, name, 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return out


def test_winmail_dat_is_unpacked() -> None:
    tnef = (
        struct.pack("<IH", 0x223E9F78, 1)
        + _tnef_attribute(1, 0x0002800C, b"The body\0")
        + _tnef_attribute(2, 0x00069002, b"\0" * 14)
        + _tnef_attribute(2, 0x00018010, b"REPORT~1.TXT\0")
        + _tnef_attribute(2, 0x0006800F, b"file one")
        + _tnef_attribute(2, 0x00069005, _mapi((0x1F, 0x3707, "Übersicht.txt\0".encode("utf-16-le"))))
        + _tnef_attribute(2, 0x00069002, b"\0" * 14)
        + _tnef_attribute(2, 0x00018010, b"b.png\0")
        + _tnef_attribute(2, 0x0006800F, b"file two")
    )
    attached = "Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    raw = _multipart("mixed", TEXT, attached + base64.encodebytes(tnef).decode()).encode()
    message = parse_message(raw)
    assert [(part.path, part.filename, part.content_type) for part in message.attachments] == [
        ("2.2", "Übersicht.txt", "text/plain"),
        ("2.3", "b.png", "image/png"),
    ]
    assert [decode_part(part, reader(raw)) for part in message.attachments] == [b"file one", b"file two"]
    assert message.text == "plain words"


def test_a_message_that_is_only_winmail_dat_shows_the_body_inside() -> None:
    tnef = struct.pack("<IH", 0x223E9F78, 1) + _tnef_attribute(1, 0x0002800C, b"The body\0")
    raw = b"Content-Type: application/ms-tnef\r\n\r\n" + tnef
    message = parse_message(raw)
    assert message.text == "The body"
    assert message.attachments == ()


def test_a_broken_winmail_dat_stays_the_file_it_is() -> None:
    raw = b"Content-Type: application/ms-tnef; name=winmail.dat\r\n\r\nnot tnef"
    message = parse_message(raw)
    assert [part.filename for part in message.attachments] == ["winmail.dat"]


def test_an_opaque_signature_is_opened() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Ann")])
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (x509.CertificateBuilder(name, name, key.public_key(), 1, begin, begin + timedelta(days=1))).sign(
        key, hashes.SHA256()
    )
    entity = _multipart("mixed", TEXT, PDF).encode()
    signer = pkcs7.PKCS7SignatureBuilder().set_data(entity).add_signer(certificate, key, hashes.SHA256())
    signed = signer.sign(Encoding.DER, [pkcs7.PKCS7Options.Binary])
    raw = b"Content-Type: application/pkcs7-mime; smime-type=signed-data; name=smime.p7m\r\n"
    raw += b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.encodebytes(signed)
    message = parse_message(raw)
    assert message.text == "plain words"
    assert [part.filename for part in message.attachments] == ["a.pdf"]
    assert decode_part(message.attachments[0], reader(raw)) == b"%PDF"


_BROKEN = (b"", b"0", b"\x30\x80" * 500, b"\x30\x80\x06\x09" + b"x" * 9, b"\x30\x85" + b"\xff" * 5, b"\x30\x00")


@pytest.mark.parametrize("data", _BROKEN)
def test_what_is_no_signature_stays_a_file(data: bytes) -> None:
    assert signed_content(data) == b""


def test_a_mailing_list_digest_lists_its_messages() -> None:
    raw = _multipart("digest", "\r\nSubject: one\r\n\r\nfirst", "\r\nSubject: two\r\n\r\nsecond").encode()
    root = parse_message(raw).root
    assert [part.filename for part in attachments(root)] == ["one.eml", "two.eml"]


def test_more_parts_than_can_be_keep_their_bytes() -> None:
    raw = _multipart("mixed", *[f"\r\npart {number}" for number in range(1500)]).encode()
    message = parse_message(raw)
    parts = list(message.root.walk())
    assert len(parts) <= 1002
    assert "too_many_parts" in message.defects
    assert b"part 1499" in raw[parts[-1].start : parts[-1].end]


def test_deeper_than_can_be_is_text() -> None:
    raw = "Content-Type: text/plain\r\n\r\ndeepest"
    for number in range(80):
        raw = _multipart("mixed", raw, boundary=f"b{number}x")
    message = parse_message(raw.encode())
    assert "too_deep" in message.defects
    assert "deepest" in message.text


def test_compressed_rtf_is_expanded() -> None:
    # [MS-OXRTFCP] §3.2: the examples of the specification's own kind, a literal run and a reference into the window.
    raw = b"{\\rtf1\\ansi hi}"
    literal = b"".join(b"\x00" + raw[at : at + 8] for at in range(0, len(raw), 8))
    data = struct.pack("<IIII", len(literal) + 12, len(raw), 0x75465A4C, 0) + literal
    assert decompress_rtf(data) == raw
    # A control byte whose first bit is a reference: offset 0, length 10 → the window's own beginning.
    reference = struct.pack("<IIII", 15, 10, 0x75465A4C, 0) + b"\x01" + bytes((0x00, 0x08))
    assert decompress_rtf(reference) == b"{\\rtf1\\ans"
    assert decompress_rtf(struct.pack("<IIII", 5, 5, 0x414C454D, 0) + b"{\\rtf") == b"{\\rtf"
    assert decompress_rtf(b"nonsense") == b""


def test_what_was_signed_is_whole_however_small_its_pieces_are() -> None:
    names = [bytes.fromhex(f"06092a864886f70d01070{number}") for number in (2, 1)]
    pieces, end = b"\x04\x03abc" * 12_000, bytes(2)
    inside = b"\x02\x01\x01\x31\x00\x30\x80" + names[1] + b"\xa0\x80\x24\x80" + pieces + end * 3
    assert signed_content(b"\x30\x80" + names[0] + b"\xa0\x80\x30\x80" + inside + end * 3) == b"abc" * 12_000
