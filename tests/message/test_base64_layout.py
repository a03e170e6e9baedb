"""Ranges of base64 parts found by counting: the same bytes as decoding gives, or none promised."""

import base64
import random

import pytest

from mailsync.message.base64_layout import decode_range, read_layout
from mailsync.message.bodies import reader
from mailsync.message.transfer import CHUNK_BYTES, decode_stream


def encoded(data: bytes, characters: int, line_end: bytes) -> bytes:
    text = base64.b64encode(data)
    return b"".join(text[at : at + characters] + line_end for at in range(0, len(text), characters))


@pytest.mark.parametrize("after", [b"", b"\r\n", b"\r\n\r\n \r\n"])
@pytest.mark.parametrize("characters", [76, 60, 4, 10_000_000])
@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
@pytest.mark.parametrize("size", [1, 2, 3, 57, 58, 5000])
def test_a_range_is_what_decoding_gives(size: int, characters: int, line_end: bytes, after: bytes) -> None:
    data = random.Random(size).randbytes(size)
    part = encoded(data, characters, line_end).rstrip() + after
    read = reader(b"Header: x\r\n\r\n" + part + b"--boundary--")
    layout = read_layout(read, 13, 13 + len(part))
    assert layout is not None
    assert layout.size_bytes == size
    for first, last in (
        (0, size),
        (0, 1),
        (size - 1, size),
        (size // 3, size // 2),
        (size // 2, size + 99),
        (size, size),
    ):
        assert b"".join(decode_range(layout, read, 13, first, last)) == data[first:last]


def test_a_large_part_is_read_in_pieces_and_a_range_of_it_where_it_lies() -> None:
    data = random.Random(1).randbytes(3 * CHUNK_BYTES)
    part = encoded(data, 76, b"\r\n")
    asked: list[int] = []

    def read(start: int, end: int) -> bytes:
        asked.append(end - start)
        return part[start:end]

    layout = read_layout(read, 0, len(part))
    assert layout is not None
    assert max(asked) <= CHUNK_BYTES
    asked.clear()
    assert b"".join(decode_range(layout, read, 0, len(data) - 1000, len(data) - 500)) == data[-1000:-500]
    assert sum(asked) < 1000
    asked.clear()
    assert b"".join(decode_range(layout, read, 0, 10, len(data))) == data[10:]
    assert max(asked) <= CHUNK_BYTES


LINES = encoded(bytes(range(200)), 76, b"\r\n")


@pytest.mark.parametrize(
    "part",
    [
        b"",
        b"\r\n",
        b"A" * 74 + b"\r\n" + LINES,  # lines of no whole groups
        LINES[:76] + b"\r\n" + LINES[82:],  # a shorter line among them
        b"A" * 76 + b"\r\n" + b"A" * 72 + b"\r\n" + b"A" * 80 + b"\r\n" + LINES,  # as long on average
        LINES.replace(b"\r\n", b"\n", 1),
        LINES.replace(b"\r\n", b" \r\n"),
        LINES.replace(b"B", b"-", 1),
        LINES.rstrip() + b"\r\n" + LINES,  # two runs, padded each
        LINES + b"-- \r\nA footer of the list\r\n",
        b"words that are no base64",
        LINES.rstrip().rstrip(b"=") + b"\r\n",  # padding left out
    ],
)
def test_what_is_not_regular_is_decoded(part: bytes) -> None:
    assert read_layout(reader(part), 0, len(part)) is None


def test_whatever_the_bytes_a_layout_never_differs_from_decoding() -> None:
    chance = random.Random(7)
    regular = 0
    for _ in range(3000):
        part = bytearray(encoded(chance.randbytes(chance.randint(1, 400)), chance.choice([76, 64, 8]), b"\r\n"))
        for _ in range(chance.randint(0, 2)):
            part[chance.randrange(len(part))] = chance.choice(b"AB=\r\n -")
        read = reader(bytes(part))
        layout = read_layout(read, 0, len(part))
        if layout is not None:
            regular += 1
            whole = b"".join(decode_stream(read, 0, len(part), "base64"))
            assert layout.size_bytes == len(whole)
            assert b"".join(decode_range(layout, read, 0, 3, 999)) == whole[3:999]
    assert regular > 500
