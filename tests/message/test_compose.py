"""Composing: strict bytes that three readers read back equal, and nothing that could begin a second header."""

import email
import email.policy
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.header import decode_header, make_header
from email.headerregistry import Address as StdlibAddress
from email.message import EmailMessage

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from mailsync.message.bodies import choose_bodies, decode_part, decode_text, reader
from mailsync.message.compose import build_message
from mailsync.message.facts import Composition, OutgoingAttachment
from mailsync.message.flowed import flow, unflow
from mailsync.message.parse import parse_message
from mailsync.types import Address
from tests.message.strict import problems

PLAIN = Composition(
    sender=Address("Ann Lee", "ann@example.org"),
    to=(Address("Bob", "bob@example.net"),),
    cc=(),
    bcc=(),
    subject="Lunch",
    text="Shall we?\n",
    html=None,
    message_id="1@heron.example",
    date=datetime(2026, 3, 1, 12, 0, tzinfo=timezone(timedelta(hours=1))),
)
PICTURE = OutgoingAttachment("p.png", "image/png", b"\x89PNG\r\n\x1a\n", "pic@heron.example")
PDF = OutgoingAttachment("report.pdf", "application/pdf", b"%PDF-1.4 " * 100)


def _tree(raw: bytes) -> list[str]:
    return [f"{part.path} {part.content_type}" for part in parse_message(raw).root.walk()]


def test_the_plainest_message() -> None:
    built = build_message(PLAIN)
    assert built.raw == (
        b"Date: Sun, 01 Mar 2026 12:00:00 +0100\r\n"
        b"From: Ann Lee <ann@example.org>\r\n"
        b"To: Bob <bob@example.net>\r\n"
        b"Subject: Lunch\r\n"
        b"Message-ID: <1@heron.example>\r\n"
        b"MIME-Version: 1.0\r\n"
        b"Content-Type: text/plain; charset=utf-8; format=flowed\r\n"
        b"Content-Transfer-Encoding: 7bit\r\n"
        b"\r\n"
        b"Shall we?\r\n"
    )
    assert built.recipients == ("bob@example.net",)
    assert not built.needs_smtputf8
    assert not built.needs_8bitmime


def test_the_same_composition_gives_the_same_bytes() -> None:
    full = replace(PLAIN, html="<p>x</p>", attachments=(PICTURE, PDF))
    assert build_message(full) == build_message(full)


@pytest.mark.parametrize(
    ("changes", "tree"),
    [
        ({}, ["1 text/plain"]),
        ({"html": "<p>x</p>"}, ["TEXT multipart/alternative", "1 text/plain", "2 text/html"]),
        (
            {"html": '<img src="cid:pic@heron.example">', "attachments": (PICTURE,)},
            ["TEXT multipart/alternative", "1 text/plain", "2 multipart/related", "2.1 text/html", "2.2 image/png"],
        ),
        ({"attachments": (PDF,)}, ["TEXT multipart/mixed", "1 text/plain", "2 application/pdf"]),
        # Without HTML there is nothing that could refer to a picture: it is a file.
        ({"attachments": (PICTURE,)}, ["TEXT multipart/mixed", "1 text/plain", "2 image/png"]),
        (
            {"html": "<p>x</p>", "attachments": (PDF, PICTURE)},
            [
                "TEXT multipart/mixed",
                "1 multipart/alternative",
                "1.1 text/plain",
                "1.2 multipart/related",
                "1.2.1 text/html",
                "1.2.2 image/png",
                "2 application/pdf",
            ],
        ),
    ],
)
def test_only_the_levels_that_are_needed(changes: dict[str, object], tree: list[str]) -> None:
    raw = build_message(replace(PLAIN, **changes)).raw  # type: ignore[arg-type]
    assert _tree(raw) == tree
    assert problems(raw) == []


def test_an_inline_picture_is_shown_once_and_a_file_is_an_attachment() -> None:
    html = '<p>Hello <img src="cid:pic@heron.example"></p>'
    message = parse_message(build_message(replace(PLAIN, html=html, attachments=(PICTURE, PDF))).raw)
    assert [part.filename for part in message.attachments] == ["report.pdf"]
    related = choose_bodies(message.root).related
    assert [part.content_id for part in related] == ["pic@heron.example"]


def test_bcc_stands_in_the_sent_copy_and_the_envelope_only() -> None:
    built = build_message(replace(PLAIN, bcc=(Address("Eve", "eve@example.net"),)))
    assert b"eve@" not in built.raw
    assert b"\r\nBcc: Eve <eve@example.net>\r\n" in built.raw_sent_copy
    assert built.recipients == ("bob@example.net", "eve@example.net")


def test_only_hidden_recipients() -> None:
    built = build_message(replace(PLAIN, to=(), bcc=(Address("", "eve@example.net"),)))
    assert b"\r\nTo: undisclosed-recipients:;\r\n" in built.raw
    assert parse_message(built.raw).header.to == ()


def test_each_recipient_once_however_it_is_written() -> None:
    built = build_message(replace(PLAIN, cc=(Address("", "BOB@example.net"), Address("", "x@bücher.example"))))
    assert built.recipients == ("bob@example.net", "x@xn--bcher-kva.example")


def test_idn_becomes_a_labels_in_headers_and_envelope() -> None:
    built = build_message(replace(PLAIN, to=(Address("Jürgen", "j@bücher.example"),)))
    assert built.recipients == ("j@xn--bcher-kva.example",)
    assert built.raw.isascii()
    assert not built.needs_smtputf8


def test_a_local_part_beyond_ascii_says_so() -> None:
    built = build_message(replace(PLAIN, to=(Address("", "jürgen@example.org"),)))
    assert built.needs_smtputf8
    assert built.recipients == ("jürgen@example.org",)
    assert parse_message(built.raw).header.to == (Address("", "jürgen@example.org"),)


def test_references_receipts_and_reply_to() -> None:
    raw = build_message(
        replace(
            PLAIN,
            in_reply_to="b@x",
            references=("a@x", "not an id", "b@x"),
            reply_to=(Address("", "desk@example.org"),),
            request_receipt=True,
        )
    ).raw
    header = parse_message(raw).header
    assert (header.in_reply_to, header.references) == ("b@x", ("a@x", "b@x"))
    assert header.reply_to == (Address("", "desk@example.org"),)
    assert header.facts["mdn_to"] == [["", "ann@example.org"]]


def test_a_forwarded_message_stands_as_it_is_in_7bit_or_8bit() -> None:
    inner = build_message(PLAIN).raw
    built = build_message(replace(PLAIN, attachments=(OutgoingAttachment("a.eml", "message/rfc822", inner),)))
    assert _tree(built.raw)[2:] == ["2 message/rfc822", "2.1 text/plain"]
    assert not built.needs_8bitmime
    eight = inner.replace(b"Shall we?", "Käse?".encode()).replace(b"\r\n", b"\n")
    built = build_message(replace(PLAIN, attachments=(OutgoingAttachment("a.eml", "message/rfc822", eight),)))
    assert built.needs_8bitmime
    assert b"Content-Transfer-Encoding: 8bit" in built.raw
    assert problems(built.raw) == []


def test_a_message_with_endless_lines_goes_as_a_plain_file() -> None:
    data = b"Subject: x\r\n\r\n" + b"y" * 5000
    raw = build_message(replace(PLAIN, attachments=(OutgoingAttachment("a.eml", "message/rfc822", data),))).raw
    part = parse_message(raw).attachments[0]
    assert (part.content_type, part.filename) == ("application/octet-stream", "a.eml")
    assert decode_part(part, reader(raw)) == data


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("plain\n", b"7bit"),
        ("Grüße aus Köln, wo es heute regnet.\n" * 20, b"quoted-printable"),
        ("日本語のテキスト\n" * 20, b"base64"),
        ("x" * 2000, b"quoted-printable"),
    ],
)
def test_the_encoding_fits_the_text(text: str, encoding: bytes) -> None:
    raw = build_message(replace(PLAIN, text=text)).raw
    assert b"Content-Transfer-Encoding: " + encoding in raw
    assert problems(raw) == []
    assert parse_message(raw).text.strip() == text.strip()


def test_html_alone_gets_a_text_alternative_with_its_links() -> None:
    raw = build_message(replace(PLAIN, text="", html='<p>See <a href="https://example.org/">this</a></p>')).raw
    assert parse_message(raw).text == "See this <https://example.org/>"


def test_an_answer_to_an_invitation_is_an_alternative_with_its_method() -> None:
    calendar = "BEGIN:VCALENDAR\r\nMETHOD:REPLY\r\nSUMMARY:Frühstück\r\nEND:VCALENDAR\r\n"
    raw = build_message(replace(PLAIN, calendar=calendar, calendar_method="reply")).raw
    part = choose_bodies(parse_message(raw).root).calendar
    assert part is not None
    assert (part.path, part.params) == ("2", {"method": "REPLY"})
    assert decode_text(part, reader(raw)) == calendar.replace("\r\n", "\n")
    assert problems(raw) == []


def test_a_file_keeps_the_parameters_that_mean_something() -> None:
    invitation = OutgoingAttachment("i.ics", 'text/calendar; method="REQUEST"; charset=utf-8; x=y', b"BEGIN:VCALENDAR")
    raw = build_message(replace(PLAIN, attachments=(invitation,))).raw
    assert b"Content-Type: text/calendar; charset=utf-8; method=REQUEST\r\n" in raw


_INJECTIONS = ["\r\nBcc: eve@evil.example", "\nX: y", "\rX: y", "\x00", "\u2028X: y", "\x85X: y", "\x0bX", "\x1b[31m"]


@pytest.mark.parametrize("evil", _INJECTIONS)
@pytest.mark.parametrize("place", ["subject", "name", "address", "file name", "message_id", "reference", "content_id"])
def test_control_characters_are_refused_in_plain_words(place: str, evil: str) -> None:
    changes: dict[str, object] = {
        "subject": {"subject": f"Hi{evil}"},
        "name": {"to": (Address(f"Bob{evil}", "bob@example.net"),)},
        "address": {"to": (Address("Bob", f"bob@example.net{evil}"),)},
        "file name": {"attachments": (OutgoingAttachment(f"a{evil}.txt", "text/plain", b""),)},
        "message_id": {"message_id": f"1@heron.example{evil}"},
        "reference": {"references": (f"1@heron.example{evil}",)},
        "content_id": {"html": "x", "attachments": (OutgoingAttachment("a", "image/png", b"", f"a{evil}"),)},
    }[place]
    with pytest.raises(ValueError, match=r"control character|cannot be used|is not"):
        build_message(replace(PLAIN, **changes))  # type: ignore[arg-type]


def test_a_content_type_cannot_smuggle_a_header() -> None:
    evil = OutgoingAttachment("a.txt", "text/plain\r\nX-Evil: yes", b"x")
    raw = build_message(replace(PLAIN, attachments=(evil,))).raw
    assert b"X-Evil" not in raw
    assert parse_message(raw).attachments[0].content_type == "application/octet-stream"


@pytest.mark.parametrize(
    "address", ["bob", "bob@", "@example.org", "a b@example.org", "a@b@c", "<bob@example.org>", ""]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match="is not an email address"):
        build_message(replace(PLAIN, to=(Address("", address),)))


# What a form lets through: any text on one line, without control characters.
_LINE = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), max_size=120)
_DOMAIN = st.sampled_from(["example.org", "mail.example.net", "bücher.example", "例え.example"])
_LOCAL = st.from_regex(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]{1,20}(\.[A-Za-z0-9_-]{1,10})?", fullmatch=True)
_ADDRESS = st.builds(lambda local, domain: f"{local}@{domain}", _LOCAL, _DOMAIN)
_NAME = _LINE.map(lambda text: " ".join(text.split())[:60])
_MAILBOX = st.builds(Address, _NAME, _ADDRESS)
_BODY = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=400)
_FILE = st.builds(
    OutgoingAttachment,
    _LINE.map(lambda text: text.strip()),
    st.sampled_from(["text/plain", "image/png"]),
    st.binary(max_size=300),
)


@given(
    subject=_LINE,
    sender=_MAILBOX,
    to=st.lists(_MAILBOX, min_size=1, max_size=5),
    text=_BODY,
    html=st.none() | _BODY,
    files=st.lists(_FILE, max_size=2),
)
@settings(max_examples=60)
@example("q", Address("", "a@example.org"), [Address("", "b@example.org")], ">0\n>> 1\n>", None, [])
@example("=?utf-8?q?x?=", Address("a=?b", "a@example.org"), [Address('"', "b@example.org")], "-- \nx", None, [])
@example(
    "a  b   c" * 20, Address("\\", "a@example.org"), [Address("A, B; C:", "b@example.org")], "> q\n>> r\nFrom x", "", []
)
def test_what_a_form_accepts_is_read_back_equal(
    subject: str,
    sender: Address,
    to: list[Address],
    text: str,
    html: str | None,
    files: list[OutgoingAttachment],
) -> None:
    composition = replace(
        PLAIN, subject=subject, sender=sender, to=tuple(to), text=text, html=html, attachments=tuple(files)
    )
    built = build_message(composition)
    assert problems(built.raw) == []
    theirs = email.message_from_bytes(built.raw, policy=email.policy.default)
    assert isinstance(theirs, EmailMessage)
    ours = parse_message(built.raw)
    wanted = subject.strip(" ")
    # Spaces are all that may change: a reader trims what stands at the ends.
    assert ours.header.subject.strip() == wanted.strip()
    assert str(theirs["subject"]).strip() == wanted.strip()
    older = email.message_from_bytes(built.raw)
    unfolded = older["subject"].replace("\r\n", "").replace("\n", "")
    assert str(make_header(decode_header(unfolded))).strip() == wanted.strip()
    _same_mailboxes([sender], [ours.header.sender], theirs["from"].addresses)
    _same_mailboxes(to, list(ours.header.to), theirs["to"].addresses)
    assert len(theirs.keys()) == len({key.lower() for key in theirs})
    _same_text(composition, built.raw)
    found = [part for part in ours.root.walk() if part.disposition == "attachment"]
    assert [decode_part(part, reader(built.raw)) for part in found] == [one.data for one in files]
    for one, part in zip(files, theirs.iter_attachments(), strict=True):
        assert part.get_payload(decode=True) == one.data
        assert (part.get_filename() or "") == one.name


def _same_mailboxes(wanted: list[Address], ours: list[Address], theirs: tuple[StdlibAddress, ...]) -> None:
    assert [one.address for one in ours] == [one.addr_spec for one in theirs]
    assert len(ours) == len(wanted)
    for mine, his, meant in zip(ours, theirs, wanted, strict=True):
        # The library keeps a space between two encoded words of a phrase (RFC 2047 §6.2 says to drop it).
        assert "".join(his.display_name.split()) == "".join(meant.name.split())
        # Quotes around a whole name are taken off on reading, and a name that only repeats the address.
        if meant.name.strip("'\"") == meant.name and meant.name != mine.address:
            assert " ".join(mine.name.split()) == " ".join(meant.name.split())


def _same_text(composition: Composition, raw: bytes) -> None:
    chosen = choose_bodies(parse_message(raw).root)
    assert chosen.text is not None
    if composition.text:
        read = decode_text(chosen.text, reader(raw))
        assert _trimmed(read) == _trimmed(composition.text)
    if composition.html is not None:
        assert chosen.html is not None
        normal = composition.html.replace("\r\n", "\n").replace("\r", "\n")
        assert decode_text(chosen.html, reader(raw)).rstrip("\n") == normal.rstrip("\n").removeprefix("\ufeff")


def _trimmed(text: str) -> list[str]:
    """Lines without trailing spaces, which format=flowed gives a meaning of its own, and quotes as it writes them, with
    a space after them (RFC 3676 §4.4)."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").removeprefix("\ufeff").rstrip("\n").split("\n")
    return [re.sub("^(>+) ?", r"\1 ", line).rstrip(" ") if line != "-- " else line for line in lines]


@given(st.text(max_size=40), st.sampled_from(["subject", "name"]))
@settings(max_examples=60)
def test_no_input_puts_a_second_header_on_the_wire(text: str, place: str) -> None:
    hostile = f"x{text}\r\nBcc: eve@evil.example" if len(text) % 2 else text
    changes: dict[str, object] = (
        {"subject": hostile} if place == "subject" else {"to": (Address(hostile, "b@example.org"),)}
    )
    try:
        raw = build_message(replace(PLAIN, **changes)).raw  # type: ignore[arg-type]
    except ValueError:
        return
    header = email.message_from_bytes(raw)
    assert sorted(header.keys()) == sorted(
        ["Date", "From", "To", "Subject", "Message-ID", "MIME-Version", "Content-Type", "Content-Transfer-Encoding"]
    )
    assert problems(raw) == []


@given(_BODY)
@settings(max_examples=60)
def test_flowed_text_is_joined_back(text: str) -> None:
    assume("\r" not in text)
    # Quote marks and the text behind them are written with one space between them.
    plain = "\n".join(line if not line.startswith(">") else f"x{line}" for line in text.split("\n"))
    assert _trimmed(unflow(flow(plain))) == _trimmed(plain)


def test_dates_need_a_zone() -> None:
    with pytest.raises(ValueError, match="needs a time zone"):
        build_message(replace(PLAIN, date=datetime(2026, 1, 1, tzinfo=UTC).replace(tzinfo=None)))
