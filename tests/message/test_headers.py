"""Headers as they should be and as they are: fields, encoded words, parameters, dates, ids."""

import pytest

from mailsync.message.dates import parse_date
from mailsync.message.encoded_words import decode_words, encode_words
from mailsync.message.headers import split_header, unfold, unstructured
from mailsync.message.parameters import clean_filename, parse_value
from mailsync.message.parse import parse_header
from mailsync.message.references import parse_message_id, parse_message_ids, reply_references


@pytest.mark.parametrize(
    ("block", "names", "body", "defects"),
    [
        (b"A: 1\r\nB: 2\r\n\r\nbody", [b"a", b"b"], b"body", []),
        (b"A: 1\nB: 2\n\nbody", [b"a", b"b"], b"body", []),
        (b"A: 1\r\r\nB: 2\r\r\n\r\r\nbody", [b"a", b"b"], b"body", []),
        (b"\r\nbody", [], b"body", []),
        (b"", [], b"", []),
        (b"A: 1", [b"a"], b"", []),
        (b"A : 1\r\n\r\n", [b"a"], b"", []),
        (b"From x@y Mon Jan 1\nA: 1\n\nbody", [b"a"], b"body", []),
        (b"Subject: 1\nDear Ann,\nhello\n", [b"subject"], b"Dear Ann,\nhello\n", ["missing_separator"]),
        (b"X: 1\njunk here\nSubject: 2\n\nbody", [b"x", b"subject"], b"body", ["junk_in_header"]),
        (b"X: 1\n--b\nContent-Type: a/b\n\n", [b"x"], b"--b\nContent-Type: a/b\n\n", ["missing_separator"]),
        (b"A: 1\r\n \r\n folded\r\n\r\nbody", [b"a"], b"body", []),
    ],
)  # fmt: skip
def test_where_a_header_ends(block: bytes, names: list[bytes], body: bytes, defects: list[str]) -> None:
    fields, at, found = split_header(block, 0, len(block))
    assert (list(fields), block[at:], found) == (names, body, defects)


def test_a_header_over_a_megabyte_is_cut_and_the_body_still_found() -> None:
    raw = b"Subject: a\r\nX: " + b"y" * 2_000_000 + b"\r\n\r\nbody"
    fields, at, defects = split_header(raw, 0, len(raw))
    assert (raw[at:], defects, unfold(fields[b"subject"][0])) == (b"body", ["header_too_big"], b"a")


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        (b"=?ISO-8859-1?q?a=20b?= =?ISO-8859-1?Q?c?=", "a bc"),
        (b"=?utf-8?B?w6Q=?=\r\n =?utf-8?B?w7Y=?=", "äö"),
        # A multi-byte character split over two words.
        (b"=?utf-8?Q?=C3?= =?utf-8?Q?=A4?=", "ä"),
        (b"=?utf-8?B?4oKs4oI=?= =?utf-8?B?rA==?=", "€€"),
        # Words that touch, words inside quotes, spaces inside a word, no padding, a language.
        (b"a=?utf-8?Q?b?=c", "abc"),
        (b'"=?utf-8?Q?=C3=A4?="', '"ä"'),
        (b"=?utf-8?Q?two words?=", "two words"),
        (b"=?utf-8?B?w6Q?=", "ä"),
        (b"=?utf-8*de?Q?=C3=A4?=", "ä"),
        (b"=?utf-8?Q?What??=", "What?"),
        # What cannot be decoded stays.
        (b"=?utf-8?Q?open", "=?utf-8?Q?open"),
        (b"=?utf-8?X?open?=", "=?utf-8?X?open?="),
        (b"=?nothing?Q?a=E4?=", "aä"),
        # Raw 8-bit in UTF-8 and in Latin-1; a line break smuggled in an encoded word becomes a space.
        ("Grüße".encode(), "Grüße"),
        ("Grüße".encode("latin-1"), "Grüße"),
        (b"=?utf-8?Q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        (b"=?utf-8?Q?nul=00?=", "nul"),
        (b"=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本"),
        (b"=?iso-2022-jp?B?GyRCLWpGfEtcLSEbKEI=?=", "㈱日本①"),
        (b"\x1b$BF|K\\8l\x1b(B 1", "日本語 1"),
        (b"=?gb2312?B?xOO6ww==?=", "你好"),
        (b"=?utf-7?Q?+AOQ-?=", "ä"),
        (b"one\r\n  two", "one  two"),
    ],
)
def test_readable_text(raw: bytes, text: str) -> None:
    assert unstructured(raw, "iso-8859-1") == text


def test_encoded_words_are_short_and_hold_whole_characters() -> None:
    text = "Zażółć gęślą jaźń 日本語テキスト " * 6
    words = encode_words(text, first_room=60)
    assert max(map(len, words)) <= 75
    assert len(words[0]) <= 60
    assert decode_words(" ".join(words)) == text
    assert all("�" not in decode_words(word) for word in words)


@pytest.mark.parametrize(
    ("value", "main", "params"),
    [
        ("text/plain", "text/plain", {}),
        ('Text/HTML; Charset="UTF-8"', "text/html", {"charset": "UTF-8"}),
        ("text/plain charset=utf-8", "text/plain", {"charset": "utf-8"}),
        ("text/plain; charset=utf-8 format=flowed", "text/plain", {"charset": "utf-8", "format": "flowed"}),
        ("a/b; name=two words.pdf", "a/b", {"name": "two words.pdf"}),
        ('a/b; name="x;y.pdf"; q=1', "a/b", {"name": "x;y.pdf", "q": "1"}),
        ('a/b; name="never closed', "a/b", {"name": "never closed"}),
        (r'a/b; name="a\"b"', "a/b", {"name": 'a"b'}),
        (r'a/b; name="C:\temp\new.txt"', "a/b", {"name": r"C:\temp\new.txt"}),
        ("a/b; name*=utf-8'en'%E2%82%AC%20rates.txt", "a/b", {"name": "€ rates.txt"}),
        ("a/b; name*0*=utf-8''%E2%82; name*1*=%AC; name*2=.txt", "a/b", {"name": "€.txt"}),
        ("a/b; name*1=b.txt; name*0=a", "a/b", {"name": "ab.txt"}),
        ("a/b; name=old.txt; name*=utf-8''n%C3%A9w.txt", "a/b", {"name": "néw.txt"}),
        ('a/b; name="=?utf-8?Q?=C3=A4.txt?="', "a/b", {"name": "ä.txt"}),
        ("a/b; charset = utf-8 ; ; x", "a/b", {"charset": "utf-8"}),
        ("; charset=utf-8", "", {"charset": "utf-8"}),
        ("text/plain (plain) ; charset=\"us-ascii\"", "text/plain", {"charset": "us-ascii"}),
    ],
)  # fmt: skip
def test_parameters(value: str, main: str, params: dict[str, str]) -> None:
    assert parse_value(value) == (main, params)


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", ".._.._etc_passwd"),
        (r"C:\Users\me\cv.doc", "cv.doc"),
        ("a\r\nb\x00.txt", "ab.txt"),
        ("photo\u202egpj.exe", "photogpj.exe"),
        ("  two   words .txt ", "two words .txt"),
        ("..", ""),
        ("", ""),
    ],
)
def test_file_names_are_safe_to_show_and_save(name: str, clean: str) -> None:
    assert clean_filename(name) == clean


def test_a_long_file_name_keeps_its_extension() -> None:
    assert clean_filename("x" * 500 + ".pdf") == "x" * 196 + ".pdf"


@pytest.mark.parametrize(
    ("text", "iso"),
    [
        ("Fri, 21 Nov 1997 09:55:06 -0600", "1997-11-21T09:55:06-06:00"),
        ("21 Nov 97 09:55 GMT", "1997-11-21T09:55:00+00:00"),
        ("Fri, 21 Nov 1997 09:55:60 +0100 (CET)", "1997-11-21T09:55:59+01:00"),
        ("Fri, 21 Nov 1997 09:55:06", "1997-11-21T09:55:06+00:00"),
        ("2024-02-29T10:00:00Z", "2024-02-29T10:00:00+00:00"),
        ("Fri, 21 Nov 1997 09:55:06 EST", "1997-11-21T09:55:06-05:00"),
        ("Fri, 21 Nov 1997 09:55:06 +9900", "1997-11-21T09:55:06+00:00"),
    ],
)
def test_dates(text: str, iso: str) -> None:
    date = parse_date(text)
    assert date is not None
    assert date.isoformat() == iso


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "Fri, 31 Feb 1997 09:55:06 +0000",
        "1 Jan 0001 00:00:00 +0000",
        "1 Jan 9999 00:00:00 +0000",
        "99 Foo 1997 99:99:99 +0000",
        "Thu, 01 Jan 1970 00:00:00 +0000",
    ],
)
def test_dates_that_cannot_be(text: str) -> None:
    assert parse_date(text) is None


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("<a@x>", ("a@x",)),
        ("<a@x> <b@y>,<a@x>", ("a@x", "b@y")),
        ("<a@\r\n x>", ("a@x",)),
        ("Your message of Monday <a@x>", ("a@x",)),
        ("a@x b@y", ("a@x", "b@y")),
        ("<no-at-sign>", ("no-at-sign",)),
        ("<>", ()),
        ("hello world", ()),
    ],
)
def test_message_ids(text: str, ids: tuple[str, ...]) -> None:
    assert parse_message_ids(text) == ids


def test_many_ids_keep_the_root_and_the_newest() -> None:
    ids = parse_message_ids(" ".join(f"<{number}@x>" for number in range(500)))
    assert (len(ids), ids[0], ids[1], ids[-1]) == (100, "0@x", "401@x", "499@x")


def test_a_message_id_without_brackets_or_at() -> None:
    assert parse_message_id("abc") == "abc"
    assert parse_message_id("two words") == ""


def test_references_of_a_reply() -> None:
    assert reply_references("c@x", ("a@x", "b@x"), "b@x") == ("a@x", "b@x", "c@x")
    assert reply_references("c@x", (), "b@x") == ("b@x", "c@x")
    assert reply_references("", ("a@x",), "") == ("a@x",)


def test_facts_of_a_list_message() -> None:
    header = parse_header(
        b"From: Ann <ann@example.org>\r\nSender: list-bounces@example.net\r\nSubject: Re: [list] Hi\r\n"
        b"List-Id: The List <list.example.net>\r\nList-Post: <mailto:list@example.net>\r\n"
        b"List-Unsubscribe: <mailto:off@example.net?subject=off>,\r\n <https://example.net/off?\r\n u=1>\r\n"
        b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nPrecedence: Bulk\r\nX-Priority: 1 (Highest)\r\n"
        b"Auto-Submitted: auto-generated\r\nDisposition-Notification-To: ann@example.org\r\n"
        b"Mail-Followup-To: list@example.net\r\nAuthentication-Results: mx.example; dkim=pass\r\n"
        b"Authentication-Results: evil; dkim=pass\r\n"
        b"DKIM-Signature: v=1; d=Example.org; h=From:Subject:\r\n List-Unsubscribe;\r\n"
        b"Return-Path: <>\r\n\r\n"
    )
    assert header.base_subject == "hi"
    assert header.facts == {
        "list_id": "list.example.net",
        "list_name": "The List",
        "list_post": "list@example.net",
        "list_unsubscribe": ["mailto:off@example.net?subject=off", "https://example.net/off?u=1"],
        "list_unsubscribe_post": True,
        "precedence": "bulk",
        "importance": "high",
        "auto_submitted": "auto-generated",
        "mdn_to": [["", "ann@example.org"]],
        "mail_followup_to": [["", "list@example.net"]],
        "sender": ["", "list-bounces@example.net"],
        "authentication_results": ["mx.example; dkim=pass", "evil; dkim=pass"],
        "dkim_signatures": [{"domain": "example.org", "headers": ["from", "subject", "list-unsubscribe"]}],
        "return_path": "",
    }


@pytest.mark.parametrize(
    ("field", "is_said", "by_program"),
    [
        (b"X-Auto-Response-Suppress: All", True, False),
        (b"X-Auto-Response-Suppress: DR, RN; oof", True, False),
        (b"X-Auto-Response-Suppress: DR, RN, NRN", False, False),
        (b"X-Autoreply: yes", True, True),
        (b"Precedence: auto_reply", True, True),
        (b"List-Owner: <mailto:x@example.org>", True, False),
        (b"Content-Type: Multipart/Report; report-type=delivery-status; boundary=b", True, True),
        (b"Content-Type: multipart/mixed; boundary=b", False, False),
        (b"Auto-Submitted: no", False, False),
    ],
)
def test_what_a_program_wrote_or_wants_unanswered(field: bytes, is_said: bool, by_program: bool) -> None:
    header = parse_header(b"From: ann@example.org\r\n" + field + b"\r\n\r\n")
    assert header.facts.get("unanswered", False) is is_said
    assert header.facts.get("by_program", False) is by_program


def test_defects_are_named_and_nothing_raises_on_an_empty_header() -> None:
    header = parse_header(b"")
    assert set(header.defects) == {"from_missing", "message_id_missing", "date_missing"}
    twice = parse_header(b"Subject: one\nSubject: two\nFrom: broken\nDate: never\nMessage-ID: <a@b>\n\n")
    assert set(twice.defects) == {"repeated_subject", "address_broken_from", "date_broken"}
    assert (twice.subject, twice.sender.name) == ("one", "broken")
