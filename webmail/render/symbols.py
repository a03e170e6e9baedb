"""Tokens in, the same with the signs that are meant where a sender wrote letters in Wingdings. Pure."""

from collections.abc import Iterable, Iterator

from mailsync.message.wingdings import is_in_wingdings, read_signs
from webmail.render.parse import Token

_STYLE, _FACE = (None, "style"), (None, "face")


def with_signs(tokens: Iterable[Token]) -> Iterator[Token]:
    """Start and end tags are balanced, as ``parse.tokens`` has them; styles are filtered already."""
    fonts = [False]
    for token in tokens:
        kind = token["type"]
        if kind == "StartTag":
            data = token["data"]
            face = f"face={data[_FACE]};" if _FACE in data else ""
            said = is_in_wingdings(face + data.get(_STYLE, ""))
            fonts.append(fonts[-1] if said is None else said)
        elif kind == "EndTag":
            fonts.pop()
        elif kind == "Characters" and fonts[-1]:
            token = {**token, "data": read_signs(token["data"])}
        yield token
