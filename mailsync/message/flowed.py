"""format=flowed (RFC 3676): joined for reading, wrapped for sending. Pure."""

import re
from collections.abc import Iterator

_QUOTES = re.compile(r">*")
_WIDTH = 72


def unflow(text: str, *, delsp: bool = False) -> str:
    """Lines joined to paragraphs (RFC 3676 §4.1); quote depth is kept as ``> `` prefixes.

    >>> unflow("a \\nb\\n>> c \\n>> d")
    'a b\\n>> c d'
    """
    joined: list[str] = []
    pieces: list[str] = []
    depth = 0
    for line in text.split("\n"):
        here = len(line) - len(line.lstrip(">")) if line.startswith(">") else 0
        # RFC 3676 §4.4: one space after the quotes (or at the line's start) is stuffing.
        content = line[here + 1 :] if line.startswith(" ", here) else line[here:]
        if pieces and (here != depth or content == "-- "):
            joined.append(_quoted(depth, "".join(pieces)))
            pieces.clear()
        depth = here
        # RFC 3676 §4.3: the signature separator ends in a space and is not flowed.
        if content.endswith(" ") and content != "-- ":
            pieces.append(content[:-1] if delsp else content)
            continue
        pieces.append(content)
        joined.append(_quoted(depth, "".join(pieces)))
        pieces.clear()
    if pieces:
        joined.append(_quoted(depth, "".join(pieces)))
    return "\n".join(joined)


def _quoted(depth: int, content: str) -> str:
    return f"{'>' * depth} {content}" if depth else content


def flow(text: str) -> str:
    """Paragraphs wrapped at 72 with a trailing space on soft breaks, and space-stuffed (RFC 3676 §4.2, §4.4).

    Quoted lines keep their depth. ``unflow`` gives back the same text, but for trailing spaces.
    """
    return "\n".join(line for paragraph in text.split("\n") for line in _wrapped(paragraph))


def _wrapped(paragraph: str) -> Iterator[str]:
    if paragraph == "-- ":
        yield paragraph
        return
    paragraph = paragraph.rstrip(" ")
    quotes = _QUOTES.match(paragraph)
    depth = quotes.end() if quotes else 0
    prefix = ">" * depth + " " if depth else ""
    rest = paragraph[depth:]
    if depth and rest.startswith(" "):
        rest = rest[1:]
    width = max(20, _WIDTH - len(prefix))
    while len(rest) > width:
        cut = rest.rfind(" ", 1, width)
        # Spaces after the break would be taken as flowed ones: the break goes behind the last of them.
        cut = cut if cut > 0 else rest.find(" ", width)
        if cut < 0:
            break
        while cut + 1 < len(rest) and rest[cut + 1] == " ":
            cut += 1
        if cut + 1 >= len(rest):
            break
        yield prefix + _stuffed(rest[: cut + 1], depth)
        rest = rest[cut + 1 :]
    yield prefix + _stuffed(rest, depth)


def _stuffed(line: str, depth: int) -> str:
    if depth == 0 and (line.startswith((" ", ">", "From "))):
        return f" {line}"
    return line
