"""Text that PostgreSQL, or a header of ours, can keep. Pure; the last door before either."""

from typing import Any

_NUL = dict.fromkeys([0])


def plain(text: str) -> str:
    r"""
    >>> plain("a\x00b\ud800")
    'ab?'
    """
    if "\x00" in text:
        text = text.translate(_NUL)
    try:
        text.encode()
    except UnicodeEncodeError:
        text = text.encode("utf-8", "replace").decode()
    return text


def one_line(text: str) -> str:
    r"""A stranger's words as a line of ours: nothing in it ends the line, or is no sign at all.

    >>> one_line("Lunch\r\nBcc:  x\x7f")
    'Lunch Bcc: x'
    """
    return " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())


def plain_json(value: Any) -> Any:
    """The same for every string of a JSON value."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(str(key)): plain_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(item) for item in value]
    return value
