"""Japanese mail as it is written, not as the standards have it: bytes in, text out, never an exception. Pure.

Python's codecs know JIS X 0208 alone. Seen in practice: characters of Microsoft's code page 932 (①, ㈱, and 髙 in
the names of people) under ISO-2022-JP and EUC-JP, which Outlook and phones send, and readers everywhere understand.
"""

import re
from collections.abc import Iterator

#: What ISO-2022-JP switches by (RFC 1468, and half-width katakana, which it forbids and mail has).
_SWITCH = re.compile(rb"\x1b(\$[@B]|\$\([@BD]|\([BJIH])")
_TWO_BYTES = frozenset({b"$@", b"$B", b"$(@", b"$(B"})
_SUPPLEMENT, _KATAKANA = b"$(D", b"(I"
_NOT_JIS = re.compile(rb"[^\x21-\x7e]+")
#: EUC-JP: JIS X 0212 behind 0x8F, half-width katakana behind 0x8E, else two bytes of JIS X 0208.
_EUC = re.compile(rb"\x8f[\xa1-\xfe]{2}|\x8e[\xa1-\xdf]|[\xa1-\xfe]{2}|[\x00-\x7f]+|.", re.S)


def is_iso_2022_jp(data: bytes) -> bool:
    """Whether bytes switch to Japanese by escape sequences, whatever their label says: no other text holds these."""
    return b"\x1b$B" in data or b"\x1b$@" in data


def decode_iso_2022_jp(data: bytes) -> str:
    r"""
    >>> decode_iso_2022_jp(b"\x1b$B-!\x1b(B 1")
    '① 1'
    """
    return "".join(_pieces(data))


def _pieces(data: bytes) -> Iterator[str]:
    mode = b"(B"
    at = 0
    for switch in _SWITCH.finditer(data):
        yield _run(data[at : switch.start()], mode)
        mode = switch.group(1)
        at = switch.end()
    yield _run(data[at:], mode)


def _run(data: bytes, mode: bytes) -> str:
    if mode == _KATAKANA:
        return bytes(byte | 0x80 if 0x21 <= byte <= 0x5F else byte for byte in data).decode("cp932", "replace")
    if mode not in _TWO_BYTES and mode != _SUPPLEMENT:
        return data.decode("ascii", "replace")
    # Line ends stand as they are between pairs. Seen in practice: no switch back before them.
    out: list[str] = []
    at = 0
    for other in _NOT_JIS.finditer(data):
        out += [_pairs(data[at : other.start()], mode), other.group().decode("ascii", "replace")]
        at = other.end()
    return "".join([*out, _pairs(data[at:], mode)])


def _pairs(data: bytes, mode: bytes) -> str:
    if mode == _SUPPLEMENT:
        high = bytes(byte | 0x80 for byte in data)
        pairs = (high[at : at + 2] for at in range(0, len(high), 2))
        return "".join((b"\x8f" + pair).decode("euc_jp", "replace") for pair in pairs)
    return _shifted(data).decode("cp932", "replace")


def _shifted(data: bytes) -> bytes:
    """Pairs of JIS X 0208 as Shift JIS has them; a byte too many at the end stays what it is."""
    out = bytearray()
    for at in range(0, len(data) - 1, 2):
        first, second = data[at], data[at + 1]
        lead = (first - 0x21) // 2 + 0x81
        out.append(lead if lead <= 0x9F else lead + 0x40)
        out.append(second + 0x7E if first % 2 == 0 else second + (0x1F if second < 0x60 else 0x20))
    return bytes(out) + data[len(data) - len(data) % 2 :]


def decode_euc_jp(data: bytes) -> str:
    r"""
    >>> decode_euc_jp(b"\xad\xa1")
    '①'
    """
    return "".join(map(_euc, _EUC.findall(data)))


def _euc(char: bytes) -> str:
    if len(char) == 2 and char[0] >= 0xA1:
        return _shifted(bytes(byte & 0x7F for byte in char)).decode("cp932", "replace")
    return char.decode("euc_jp", "replace")
