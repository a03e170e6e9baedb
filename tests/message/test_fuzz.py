"""A small part of the mutation fuzz: ``python -m bench.parse --mutate 100000`` is the whole of it."""

import json
import time
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.mailbox import generated_mailbox
from bench.parse import mutated
from mailsync.message.bodies import decode_part, reader
from mailsync.message.facts import ParsedMessage
from mailsync.message.html_text import html_to_text
from mailsync.message.parse import parse_header, parse_message
from mailsync.message.quotes import mark_lines
from mailsync.message.smime import signed_content
from mailsync.message.tnef import read_tnef
from mailsync.message.transfer import decode_stream, decode_transfer
from mailsync.message.uuencode import unpack_uuencode

_SMALL = [raw for raw in generated_mailbox(40, seed=3) if len(raw) < 20_000]


def _storable(message: ParsedMessage) -> None:
    """PostgreSQL takes neither NUL nor half a surrogate pair, and JSON only what is plain."""
    text = json.dumps(asdict(message), default=str, ensure_ascii=False)
    text.encode("utf-8")
    assert "\\u0000" not in text
    assert "\x00" not in text


def test_mutated_messages_never_raise_and_never_dawdle() -> None:
    for raw in mutated(_SMALL, 300, seed=11):
        began = time.process_time()
        message = parse_message(raw)
        assert time.process_time() - began < 2.0
        _storable(message)
        read = reader(raw)
        for part in message.root.walk():
            decode_part(part, read)


@given(st.binary(max_size=2000))
@settings(max_examples=200)
def test_any_bytes_are_a_message(data: bytes) -> None:
    message = parse_message(data)
    assert message.root.end <= len(data)
    _storable(message)
    parse_header(data)
    read_tnef(b"\x78\x9f\x3e\x22\x00\x00" + data)
    signed_content(data)
    signed_content(b"\x30\x80\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02\xa0\x80\x30\x80" + data)
    unpack_uuencode(b"begin 644 a\n" + data + b"\nend\n")


@pytest.mark.parametrize("value", [b"a\0b@x.example", b"=?utf-7?q?+2AA-?=", b'"\0" <a\0b>', b"<a\0b>", b"\xff\xfe\0"])
def test_nothing_that_cannot_be_stored_comes_out_of_a_header(value: bytes) -> None:
    names = b"Subject From To Message-ID References List-Unsubscribe Authentication-Results Content-Type Content-ID"
    names += b" Content-Disposition Keywords Delivered-To Return-Path"
    _storable(parse_message(b"".join(name + b": " + value + b"\r\n" for name in names.split()) + b"\r\n" + value))


@given(st.text("AZaz09+/= \r\n-", max_size=40).map(str.encode))
@settings(max_examples=300)
def test_any_base64_is_decoded_whole_as_in_a_stream(data: bytes) -> None:
    whole = decode_transfer(data, "base64")
    assert b"".join(decode_stream(reader(data), 0, len(data), "base64")) == whole


@given(st.text(max_size=1000))
@settings(max_examples=200)
def test_any_text_has_lines_and_any_html_has_text(text: str) -> None:
    assert len(mark_lines(text)) == len(text.split("\n"))
    html_to_text(text)


_HOSTILE_MESSAGES = {
    "boundaries": b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"--a\r\n\r\nx\r\n" * 100_000,
    "almost boundaries": b"Content-Type: multipart/mixed; boundary=a\r\n\r\n" + b"\n--ab" * 200_000,
    "nested multiparts": b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (n, n) for n in range(2000)
    ),
    "one boundary for all": b"Content-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n" * 20_000,
    "nested messages": b"Content-Type: message/rfc822\r\n\r\n" * 20_000,
    "one endless header": b"Subject: " + b"=?utf-8?q?a?= " * 100_000,
    "many fields": b"To: a@example.org\r\n" * 50_000,
    "folds": b"Subject: a" + b"\r\n b" * 300_000,
    "parameters": b"Content-Type: a/b" + b"; name*0*=x" * 100_000,
    "quotes": b"Content-Type: a/b; name=" + b'"' * 500_000,
    "references": b"References: " + b"<a@b> " * 200_000,
    "quoted lines": b"\r\n" + b">" * 1_000_000,
    "quote levels": b"\r\n" + b"> > > > > > > > > > > > x\r\n" * 40_000,
    "from lines": b"\r\n" + b"From: x\r\n" * 100_000,
    "wrote lines": b"\r\n" + b"On wrote:\r\n> a\r\n" * 60_000,
    "wrote and blank": b"\r\n" + (b"wrote" + b" " * 290 + b"x\r\n> a\r\n") * 100,
    "uuencode": b"\r\n" + b"begin 644 a\r\n" * 70_000,
    "flowed": b"Content-Type: text/plain; format=flowed\r\n\r\n" + b"a \r\n" * 250_000,
    "html": b"Content-Type: text/html\r\n\r\n" + b"<div style=display:none>" * 40_000,
    "spaces": b"Subject:" + b" " * 1_000_000 + b"x",
    "base64 joints": b"Content-Transfer-Encoding: base64\r\n\r\n" + b"YQ==\r\n" * 150_000,
    "carriage returns": b"Subject: a" + b"\r" * 1_000_000 + b"\n\n",
    "carriage returns amid words": b"Subject: a" + b"\r" * 1_000_000 + b"a\n\n",
    # Each of these held a worker for minutes to hours, and so did the first with lines as short as mail's are.
    "spaces in a list's URL": b"List-Unsubscribe: <" + b"\r\n " * 16_000 + b"x\r\n\r\n",
    "spaces before an @": b'From: "' + b" " * 1_000_000 + b'x"@b\r\n\r\n',
    "an id of many @": b"Message-ID: a" + b"@" * 60_000 + b'"@b\r\n\r\n',
    "lines that are no fields": b"From: a@b\n" + (b"j\n" * 900 + b"To: x\n") * 250 + b"\n",
    "charset": b"Content-Type: text/plain; charset=" + b"x" * 500_000 + b"\r\n\r\n\xff",
    "8-bit": b"\r\n" + bytes(range(128, 256)) * 8000,
}


@pytest.mark.parametrize("name", _HOSTILE_MESSAGES)
def test_hostile_messages_are_read_in_linear_time(name: str) -> None:
    raw = _HOSTILE_MESSAGES[name]
    began = time.process_time()
    message = parse_message(raw)
    assert time.process_time() - began < 2.0
    assert sum(1 for _ in message.root.walk()) <= 1002
    parse_header(raw)
    assert time.process_time() - began < 4.0
