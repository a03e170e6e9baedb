"""Tokens → one canonical spelling of HTML. Pure: tokens in, text (with marks of slots) out.

Every tag is ``<name attr="value" …>`` in lower case, every attribute is quoted, every ``& < > "`` in
text and values is escaped. It is the only spelling ``verify`` accepts.
"""

from collections.abc import Iterable

from webmail.render.body import is_mark
from webmail.render.parse import Token

_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\xa0": "&nbsp;"})
_VALUE = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\xa0": "&nbsp;"})
#: Where an HTML parser drops one newline directly after the start tag (so one more is written).
_DROPS_NEWLINE = frozenset({"pre"})


def serialise(tokens: Iterable[Token]) -> str:
    out: list[str] = []
    newline_drops = False
    for token in tokens:
        kind = token["type"]
        if kind == "Characters":
            text = token["data"].translate(_TEXT)
            if newline_drops and text.startswith("\n"):
                out.append("\n")
            out.append(text)
        elif kind == "EndTag":
            out.append(f"</{token['name']}>")
        else:
            out.append(f"<{token['name']}{attributes_text(token['data'])}>")
            newline_drops = token["name"] in _DROPS_NEWLINE
            continue
        newline_drops = False
    return "".join(out)


def attributes_text(attributes: dict[tuple[None, str], str]) -> str:
    """`` name="value"`` for each attribute, in order; a slot for a src stands for the attribute as a whole."""
    return "".join(
        value if name == "src" and is_mark(value) else f' {name}="{value.translate(_VALUE)}"'
        for (_, name), value in attributes.items()
    )
