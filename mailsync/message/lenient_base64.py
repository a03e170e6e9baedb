"""Base64 as it is found in mail (RFC 2045 §6.8) in, bytes out: never an exception. Pure."""

import binascii
import re

_ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
_LINE = re.compile(rb"[A-Za-z0-9+/]*={0,3}[ \t]*(?:\r?\n|\Z)")
_SAMPLE_BYTES = 4096
_OTHERS = bytes(set(range(256)) - set(_ALPHABET))


def only_base64(data: bytes) -> bytes:
    """``data`` without line ends, spaces and whatever else is not of the alphabet."""
    return data.translate(None, _OTHERS)


def decode_base64(data: bytes) -> bytes:
    """Lenient base64: what is not of the alphabet is skipped, missing padding is forgiven, padded runs are joined.

    >>> decode_base64(b"aGVsbG8=\\r\\naGk")
    b'hellohi'
    """
    if b"=" not in data[:-8] and b"=" not in data[-8:].rstrip(b"= \t\r\n"):
        try:
            return binascii.a2b_base64(data)
        except binascii.Error:
            return _decode_runs(data)
    return _decode_runs(data[: _end_of_base64(data)])


def _end_of_base64(data: bytes) -> int:
    """Seen in practice: padded runs joined line by line, and a plain footer that a list put below the padding."""
    end = data.find(b"=")
    while (line := _LINE.match(data, end)) is not None and line.end() > end:
        end = line.end()
    return end


def _decode_runs(data: bytes) -> bytes:
    return b"".join(map(_decode_run, only_base64(data).split(b"=")))


def _decode_run(run: bytes) -> bytes:
    run = run[: len(run) - 1] if len(run) % 4 == 1 else run
    return binascii.a2b_base64(run + b"=" * (-len(run) % 4))


def looks_like_base64(data: bytes) -> bool:
    """False for text that is only labelled as base64: most of its first lines are words with spaces between them."""
    lines = [line.strip() for line in data[:_SAMPLE_BYTES].split(b"\n") if line.strip()]
    return 2 * sum(1 for line in lines if b" " in line) <= len(lines)
