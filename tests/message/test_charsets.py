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
        # A long line broken in the middle of a character, and one that ends where a character does.
        (
            b"in welchem Bild " + b"\xd0\r\n\xb4\xd0\xb5\r\n\xe6\x97\n\xa5",
            "utf-8",
            "in welchem Bild де\r\n日",
            "charset_wrong",
        ),
        (b"\xd6l\n\xe4\n\xb7 Wasser \xfc\xdf", "utf-8", "Öl\nä\n· Wasser üß", "charset_wrong"),
        (b"+2AA-", "utf-7", "�", ""),
        # Too little to guess by.
        (b"J\xf6rg", "x-unknown", "Jörg", "charset_unknown"),
        (b"Se\xf1or Ni\xf1o", "", "Señor Niño", "charset_missing"),
        ("テスト".encode("cp932"), "", "テスト", "charset_missing"),
        # Characters of code page 932 under the labels of the standards.
        (b"\x1b$B-!F|K\\-j|b\x1b(B 1\r\n", "iso-2022-jp", "①日本㈱髙 1\r\n", ""),
        (b"\x1b$B-!F|K\\8l\x1b(B", "CP50221", "①日本語", ""),
        (b"\xad\xa1\xc6\xfc\xcb\xdc\xfc\xe2\x8e\xb1 1", "euc-jp", "①日本髙ｱ 1", ""),
        # Cut in the middle of a pair; no switch back before a line's end.
        (b"\x1b$BF|K\\\n8l|", "iso-2022-jp", "日本\n語|", ""),
        (b"\x1b$B-!\x1b(I12\x1b(J~", "iso-2022-jp", "①ｱｲ~", ""),
        (b"\x1b$BF|K\\\x1b$(D0!\x1b$B-!\x1b(B", "iso-2022-jp", "日本丂①", ""),
        # Escape sequences under another label, or none.
        (b"\x1b$BF|K\\8l\x1b(B", "", "日本語", "charset_missing"),
        (b"\x1b$BF|K\\8l\x1b(B", "us-ascii", "日本語", "charset_wrong"),
        (b"\x1b[31mred\x1b[0m", "", "\x1b[31mred\x1b[0m", ""),
        # What is not Japanese at all is not taken for it.
        ("日本語".encode("cp932"), "euc-jp", "日本語", "charset_wrong"),
    ],
)
def test_decoding(data: bytes, label: str, text: str, defect: str) -> None:
    assert decode_bytes(data, label) == (text, defect)
