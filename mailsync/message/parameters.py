"""``text/plain; charset=utf-8; name*0*=…`` in; the value and its parameters out. Pure, linear, lenient.

RFC 2045 §5.1 and RFC 2231, and what is seen in practice: no semicolons, unquoted spaces, encoded words inside
quoted strings, quotes never closed, the same parameter twice.
"""

import re
import unicodedata
from urllib.parse import unquote_to_bytes

from mailsync.message.charsets import decode_bytes
from mailsync.message.encoded_words import decode_words

_MAX_CHARS = 64 * 1024
_MAX_SEGMENTS = 500
_SKIP = re.compile(r"[\s;]*")
_NAME = re.compile(r"[^\s=;\"]*")
_EQUALS = re.compile(r"\s*=\s*")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)("?)', re.S)
_BARE = re.compile(r"[^;]*")
_ESCAPED = re.compile(r"\\(.)", re.S)
_SEGMENT = re.compile(r"(.+?)(?:\*(\d{1,4}))?(\*?)")
_NEXT_PARAMETER = re.compile(r"\s+[\w*-]{2,30}=")
_UNSAFE_IN_NAME = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff]+")
_DRIVE_PATH = re.compile(r"^(?:[A-Za-z]:)?[\\/].*[\\/]|^[A-Za-z]:\\(?:.*\\)?")


def parse_value(text: str) -> tuple[str, dict[str, str]]:
    """The part before the first semicolon in lower case, and the parameters with lower-case names, decoded.

    >>> parse_value("Text/Plain; charset=utf-8; name*=utf-8''%C3%A4.txt")
    ('text/plain', {'charset': 'utf-8', 'name': 'ä.txt'})
    """
    text = _strip_comments(text[:_MAX_CHARS])
    main, _, rest = text.partition(";")
    main = main.strip()
    # Seen in practice: 'text/plain charset=utf-8'.
    if " " in main or "\t" in main:
        main, _, missed = main.replace("\t", " ").partition(" ")
        rest = f"{missed};{rest}"
    return main.lower(), _join_segments(_split_parameters(rest))


def _strip_comments(text: str) -> str:
    """RFC 2045 §5.1 allows comments; they are only looked for where there are no quotes to confuse them with."""
    if "(" not in text or '"' in text or "=" in text.partition("(")[0]:
        return text
    return re.sub(r"\([^()]*\)", "", text)


def _split_parameters(text: str) -> list[tuple[str, str, bool]]:
    """(name, value, quoted) for each ``name=value``."""
    found: list[tuple[str, str, bool]] = []
    at, size = 0, len(text)
    while at < size and len(found) < _MAX_SEGMENTS:
        at = _at(_SKIP, text, at)
        name_end = _at(_NAME, text, at)
        name = text[at:name_end].lower()
        equals = _EQUALS.match(text, name_end)
        if equals is None or not name:
            at = max(name_end, at + 1)
            continue
        at = equals.end()
        quoted = _QUOTED.match(text, at)
        if quoted is not None:
            value = _ESCAPED.sub(r"\1", quoted.group(1)) if "\\" in quoted.group(1) else quoted.group(1)
            # Seen in practice: name="C:\path\file.txt", whose backslashes are not escapes.
            if "\\" in quoted.group(1) and _DRIVE_PATH.match(quoted.group(1)):
                value = quoted.group(1)
            found.append((name, value, True))
            at = quoted.end()
            continue
        end = _at(_BARE, text, at)
        value = text[at:end]
        # Seen in practice: 'charset=utf-8 format=flowed', but also 'name=two words.pdf'.
        following = _NEXT_PARAMETER.search(value)
        if following is not None:
            end = at + following.start()
            value = text[at:end]
        found.append((name, value.strip(), False))
        at = end
    return found


def _at(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at


def _join_segments(found: list[tuple[str, str, bool]]) -> dict[str, str]:
    """RFC 2231 §3 and §4: ``name*0*``, ``name*1`` … joined in order, then percent-decoded as a whole."""
    plain: dict[str, str] = {}
    segments: dict[str, dict[int, tuple[str, bool]]] = {}
    for name, value, _ in found:
        if "*" not in name:
            plain.setdefault(name, decode_words(value))
            continue
        parsed = _SEGMENT.fullmatch(name)
        if parsed is None:
            continue
        order = int(parsed.group(2)) if parsed.group(2) else 0
        segments.setdefault(parsed.group(1), {}).setdefault(order, (value, bool(parsed.group(3))))
    for name, pieces in segments.items():
        # RFC 2231 wins over the plain parameter that stands beside it for old readers.
        plain[name] = _join(pieces)
    return plain


def _join(pieces: dict[int, tuple[str, bool]]) -> str:
    charset = ""
    data = bytearray()
    encoded = any(flag for _, flag in pieces.values())
    for order, (_, (value, flag)) in enumerate(sorted(pieces.items())):
        if order == 0 and flag and value.count("'") >= 2:
            charset, _, value = value.split("'", 2)
        # Seen in practice: percent signs in segments that are not marked as encoded are literal.
        data += unquote_to_bytes(value) if flag else value.encode("utf-8", "replace")
    text = decode_bytes(bytes(data), charset)[0]
    return text if encoded else decode_words(text)


def clean_filename(name: str) -> str:
    """A file name as it may be shown and saved: no path, no controls, no bidi overrides, at most 200 characters.

    >>> clean_filename("C:\\\\Users\\\\me\\\\invoice\\u202efdp.exe")
    'invoicefdp.exe'
    """
    name = _DRIVE_PATH.sub("", name.strip())
    name = unicodedata.normalize("NFC", _UNSAFE_IN_NAME.sub("", name)).replace("/", "_").replace("\\", "_")
    name = " ".join(name.split()).strip(". ") if set(name) <= set(". ") else " ".join(name.split())
    if len(name) > 200:
        stem, dot, suffix = name.rpartition(".")
        name = f"{stem[: 199 - len(suffix)]}.{suffix}" if dot and len(suffix) <= 12 else name[:200]
    return name
