"""Labels as they are written, and bytes that do not fit them."""

import pytest

from mailsync.message.charsets import codec_of, decode_bytes


@pytest.mark.parametrize(
    ("label", "codec"),
    [
        ("UTF-8", "utf-8"),
        ('"utf8"', "utf-8"),
        ("charset=utf-8", "utf-8"),
        ("3Dutf-8", "utf-8"),
        ("ISO-8859-1", "cp1252"),
        ("iso-8859-15", "iso8859-15"),
        ("Windows-1251", "cp1251"),
        ("windows1250", "cp1250"),
        ("x-gbk", "gb18030"),
        ("tis-620", "cp874"),
        ("shift_jis", "cp932"),
        ("no-such-charset", ""),
        ("unknown-8bit", ""),
        ("", ""),
        # Python codecs that are no charsets.
        ("base64", ""),
        ("rot13", ""),
        ("idna", ""),
        ("unicode_escape", ""),
        ("zlib", ""),
        ("../../etc/passwd", ""),
        ("x" * 500, ""),
    ],
)
def test_labels(label: str, codec: str) -> None:
    assert codec_of(label) == codec


@pytest.mark.parametrize(
    ("data", "label", "text", "defect"),
    [
        (b"plain", "no-such", "plain", ""),
        ("ä".encode(), "utf-8", "ä", ""),
        ("ä".encode(), "", "ä", "charset_missing"),
        ("ä".encode(), "us-ascii", "ä", "charset_wrong"),
        ("ä".encode(), "nonsense", "ä", "charset_unknown"),
        ("ä".encode(), "iso-8859-1", "ä", "charset_wrong"),
        (b"caf\xe9", "iso-8859-1", "café", ""),
        (b"\x81\x93", "windows-1252", "\x81“", ""),
        ("ein Wörtchen".encode("latin-1"), "utf-8", "ein Wörtchen", "charset_wrong"),
        # A cut or stray byte in an honest charset does not spoil the rest.
        ("日本語日本語".encode() + b"\xe6\x97", "utf-8", "日本語日本語�", "charset_wrong"),
        (b"+2AA-", "utf-7", "�", ""),
    ],
)
def test_decoding(data: bytes, label: str, text: str, defect: str) -> None:
    assert decode_bytes(data, label) == (text, defect)
