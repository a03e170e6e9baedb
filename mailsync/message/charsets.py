"""Bytes and a charset label in, text out: never an exception. Pure.

Labels lie, so a label is tried strictly first, then UTF-8, and only then a guess. Latin-1 is read as
Windows-1252 and so on, as browsers do (WHATWG Encoding §4.2), because that is what senders mean.
"""

import codecs
import contextlib
import re
from functools import lru_cache

from charset_normalizer import from_bytes

from mailsync.message.japanese import decode_euc_jp, decode_iso_2022_jp, is_iso_2022_jp

#: What senders write → the Python codec that reads what they mean (a superset of it where there is one).
_MEANT = {
    "ansi": "cp1252",
    "ascii": "ascii",
    "ansi_x3.4-1968": "ascii",
    "us-ascii": "ascii",
    "big5": "big5hkscs",
    "x-x-big5": "big5hkscs",
    "cn-gb": "gb18030",
    "cp-850": "cp850",
    "default": "",
    "euc-kr": "cp949",
    "ks_c_5601": "cp949",
    "ks_c_5601-1987": "cp949",
    "ks_c_5601-1989": "cp949",
    "ksc5601": "cp949",
    "x-windows-949": "cp949",
    "windows-949": "cp949",
    "gb2312": "gb18030",
    "gb_2312-80": "gb18030",
    "gbk": "gb18030",
    "x-gbk": "gb18030",
    "iso-8859-1": "cp1252",
    "iso_8859-1": "cp1252",
    "iso8859-1": "cp1252",
    "latin1": "cp1252",
    "latin-1": "cp1252",
    "l1": "cp1252",
    "iso-8859-1-windows-3.1-latin-1": "cp1252",
    "iso-8859-8-i": "iso8859-8",
    "iso-8859-8-e": "iso8859-8",
    "logical": "iso8859-8",
    "iso-8859-9": "cp1254",
    "iso-8859-11": "cp874",
    "tis-620": "cp874",
    "windows-874": "cp874",
    "x-windows-874": "cp874",
    "shift_jis": "cp932",
    "shift-jis": "cp932",
    "sjis": "cp932",
    "x-sjis": "cp932",
    "windows-31j": "cp932",
    "ms_kanji": "cp932",
    "iso-2022-jp": "iso2022_jp_ext",
    "iso-2022-jp-1": "iso2022_jp_ext",
    "iso-2022-jp-ms": "iso2022_jp_ext",
    "cp50220": "iso2022_jp_ext",
    "cp50221": "iso2022_jp_ext",
    "cp50222": "iso2022_jp_ext",
    "x-euc-jp": "euc_jp",
    "eucjp-ms": "euc_jp",
    "cp51932": "euc_jp",
    "macintosh": "mac_roman",
    "x-mac-roman": "mac_roman",
    "x-mac-cyrillic": "mac_cyrillic",
    "unicode": "utf-16",
    "unicode-1-1-utf-7": "utf-7",
    "unicode-1-1-utf-8": "utf-8",
    "unicode-2-0-utf-7": "utf-7",
    "utf8mb4": "utf-8",
    "x-utf-8": "utf-8",
    "x-unknown": "",
    "unknown": "",
    "unknown-8bit": "",
    "x-user-defined": "",
    "binary": "",
}
#: Python codecs that are not charsets of mail, or that can be slow on hostile input.
_REFUSED = frozenset({"idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined", "mbcs", "oem"})
#: Charsets in which ASCII bytes may mean something else.
_SHIFTING = ("iso2022", "utf-7", "utf-16", "utf-32", "hz")
#: Those that senders extend by characters of their own, and what reads them then.
_AS_WRITTEN = {"iso2022_jp_ext": decode_iso_2022_jp, "euc_jp": decode_euc_jp}
_WESTERN = frozenset({"cp1252", "cp1254", "iso8859-15"})
_LABEL = re.compile(r"[A-Za-z0-9_.:+-]+")
_C1 = {byte: bytes((byte,)).decode("cp1252") for byte in range(0x80, 0xA0) if byte not in b"\x81\x8d\x8f\x90\x9d"}
_SURROGATES = re.compile("[\ud800-\udfff]")
#: 8-bit letters that each stand alone among ASCII, as in "Jörg": too few to guess by, and hardly anything but Western.
_SINGLE_LETTERS = re.compile(rb"(?:[\x00-\x7f]++|[\xc0-\xff](?![\x80-\xff]))*")
#: Seen in practice: long lines of 8 bits broken by a gateway in the middle of a character.
_CUT = re.compile(rb"([\xc2-\xdf]|[\xe0-\xef][\x80-\xbf]?|[\xf0-\xf4][\x80-\xbf]{0,2})\r?\n(?=[\x80-\xbf])")
_GUESS_BYTES = 1024
_GUESSES = ["utf_8", "cp1252", "cp1251", "koi8_r", "cp1250", "cp932", "gb18030", "big5", "euc_jp", "cp949", "cp1253"]


@lru_cache(maxsize=512)
def codec_of(label: str) -> str:
    """The name of the Python codec for a label seen in mail, "" when there is none.

    >>> codec_of("ISO-8859-1"), codec_of("charset=utf-8"), codec_of("no-such")
    ('cp1252', 'utf-8', '')
    """
    # Seen in practice: quotes, "charset=" twice, and quoted-printable's "3D" left in the label.
    found = _LABEL.search(label.strip().strip("\"'").lower().removeprefix("charset=").removeprefix("3d"))
    if found is None or len(found.group()) > 60:
        return ""
    name = found.group()
    meant = _MEANT.get(name)
    if meant is not None:
        return meant
    for candidate in (name, name.removeprefix("x-"), re.sub(r"^(?:cp|windows)[-_]?(?=\d)", "cp", name)):
        try:
            info = codecs.lookup(candidate)
        except (LookupError, ValueError):
            continue
        # Python also calls base64 and zlib codecs; they are not charsets.
        if getattr(info, "_is_text_encoding", True) and info.name not in _REFUSED:
            return _MEANT.get(info.name, info.name)
    return ""


def decode_bytes(data: bytes, label: str = "") -> tuple[str, str]:
    """Text of ``data``, and a defect code: "", "charset_unknown", "charset_wrong" or "charset_missing"."""
    codec = codec_of(label) if label else ""
    if not codec.startswith(_SHIFTING) and data.isascii() and is_iso_2022_jp(data):
        # Seen in practice: no label, or that of the program that only passed it on.
        return decode_iso_2022_jp(data), "charset_wrong" if codec else "charset_missing"
    if data.isascii() and not codec.startswith(_SHIFTING):
        return data.decode("ascii"), ""
    defect = "" if codec else ("charset_unknown" if label else "charset_missing")
    if codec in _WESTERN:
        # Seen in practice: UTF-8 under a Latin-1 label. Words of Latin-1 are hardly ever valid UTF-8 by chance.
        try:
            text, read = codecs.utf_8_decode(data, "strict", False)
        except UnicodeDecodeError:
            text = ""
        if not text.isascii():
            return text + data[read:].decode("utf-8", "replace"), "charset_wrong"
    if codec and codec != "ascii":
        try:
            text = data.decode(codec)
            # UTF-7 can spell half a surrogate pair, which is no text (and no database takes it); UTF-8 cannot.
            spells_halves = codec.startswith("utf") and codec != "utf-8"
            return (_SURROGATES.sub("\ufffd", text) if spells_halves else text), ""
        except (UnicodeError, ValueError):
            defect = "charset_wrong"
            as_written = _AS_WRITTEN.get(codec)
            if codec == "utf-8":
                with contextlib.suppress(UnicodeDecodeError):
                    return _CUT.sub(rb"\1", data).decode(codec), defect
            if as_written is not None and (text := as_written(data)).count("\ufffd") * 4 <= len(text):
                return text, ""
    elif codec == "ascii":
        defect = "charset_wrong"
    if codec != "utf-8":
        try:
            return data.decode("utf-8"), defect
        except UnicodeDecodeError:
            pass
    if codec == "cp1252":
        return _windows_1252(data), ""
    if codec and codec != "ascii":
        text = _SURROGATES.sub("\ufffd", data.decode(codec, "replace"))
        # A few broken characters in an honest charset (a cut end, a stray byte) are better than a guess.
        broken = text.count("�")
        if sum(1 for char in text[:20000] if char > "\x7f") >= 4 * broken:
            return text, defect
    return _guess(data), defect


def _guess(data: bytes) -> str:
    """The last resort: detection on a small sample around the first 8-bit bytes."""
    first = next((at for at, byte in enumerate(data) if byte > 127), 0)
    sample = data[max(0, first - 64) : first + _GUESS_BYTES]
    if _SINGLE_LETTERS.fullmatch(sample):
        return _windows_1252(data)
    best = from_bytes(sample, cp_isolation=_GUESSES, steps=2, chunk_size=512).best()
    if best is not None and best.encoding not in ("ascii", "utf_8"):
        try:
            return data.decode(best.encoding)
        except UnicodeDecodeError:
            pass
    return _windows_1252(data)


def _windows_1252(data: bytes) -> str:
    """Never fails: the five bytes without a meaning are control characters (WHATWG Encoding §9)."""
    return data.decode("latin-1").translate(_C1)
