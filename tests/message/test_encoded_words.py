"""Encoded words of type Q: read in one go where that is the same, byte by byte where it is not."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailsync.message.encoded_words import decode_words

_PIECES = ("=", "==", "=4", "=e4", "_", "a", "4", "\r\n ", ".", "=\r\n", "=3D")


def _by_the_letter(text: str) -> str:
    """RFC 2047 §4.2: "=" and two digits are a byte, "_" is a space; all else stands for itself."""
    raw = text.encode().replace(b"_", b" ")
    return re.sub(rb"=([0-9A-Fa-f]{2})", lambda found: bytes([int(found[1], 16)]), raw).decode("iso-8859-15")


@given(st.lists(st.sampled_from(_PIECES), max_size=12).map("".join))
def test_a_word_is_read_by_the_letter(text: str) -> None:
    shown = re.sub(r"[\x00-\x1f\x7f\x80-\x9f]+", " ", _by_the_letter(text))
    assert decode_words(f"=?iso-8859-15?q?{text}x?=") == shown + "x"


@pytest.mark.parametrize(
    ("word", "text"), [("a=", "a="), ("a==20b", "a= b"), ("a=\r\n b", "a=  b"), ("=5F_=zz", "_ =zz")]
)
def test_what_quoted_printable_would_read_otherwise(word: str, text: str) -> None:
    assert decode_words(f"=?utf-8?q?{word}?=") == text
