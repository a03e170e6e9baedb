"""What must hold for every byte we send: RFC 5322 §2, RFC 2045, RFC 2047. Used by the tests of composing."""

import re

_FIELD = re.compile(rb"([!-9;-~]+): ?(.*)")
_ENCODED_WORD = re.compile(rb"=\?[\w-]+\?[bqBQ]\?[!->@-~]*\?=")


def problems(raw: bytes) -> list[str]:
    """Each breach in words; [] for a message that is right."""
    found = []
    if not raw.endswith(b"\r\n"):
        found.append("does not end with CRLF")
    if re.search(rb"\r(?!\n)|(?<!\r)\n", raw):
        found.append("a bare CR or LF")
    if b"\0" in raw:
        found.append("a NUL")
    lines = raw.split(b"\r\n")
    if max(map(len, lines)) > 998:
        found.append("a line over 998 octets")
    header, separator, _ = raw.partition(b"\r\n\r\n")
    if not separator:
        found.append("no empty line behind the header")
    return found + _header_problems(header)


def _header_problems(header: bytes) -> list[str]:
    found = []
    names = []
    for line in header.split(b"\r\n"):
        if line.startswith((b" ", b"\t")):
            if not line.strip():
                found.append("a folded line of white space only")
            value = line
        else:
            field = _FIELD.fullmatch(line)
            if field is None:
                found.append(f"no field: {line[:40]!r}")
                continue
            names.append(field.group(1).lower())
            value = field.group(2)
        if len(line) > 78 and len(value.split()) > 1:
            found.append(f"could have been folded: {line[:40]!r}")
        words = [word for word in value.split() if word.startswith(b"=?")]
        broken = [word for word in words if len(word.rstrip(b",")) > 75 or not _ENCODED_WORD.match(word)]
        found += [f"a broken encoded word: {word[:40]!r}" for word in broken]
    found += [f"repeated: {name!r}" for name in {*names} if names.count(name) > 1]
    found += [f"missing: {name!r}" for name in (b"date", b"from", b"message-id", b"mime-version") if name not in names]
    return found
