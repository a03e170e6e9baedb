"""Colours in attributes (bgcolor, color, bordercolor), as CSS for both schemes. Pure.

An attribute weighs less than any rule of the sender's. So does what is written here: ``:where()``, before them.
"""

import re

from tinycss2.color4 import parse_color

from webmail.render.dark import both_schemes

#: Different colours of one message; no letter has as many.
MAX_COLORS = 300
_NAME = re.compile(r"[A-Za-z]{1,30}\Z")
_SHORT = re.compile(r"#[0-9a-fA-F]{3}\Z")
_NOT_HEX = re.compile(r"[^0-9a-f]")
_BEYOND = re.compile(r"[^\u0000-\uffff]")
_OF_ATTRIBUTE = {
    "bgcolor": ("[bgcolor={}]", ("background-color",)),
    "color": ("[color={}]", ("color", "border-color")),  # of a font, or of a line across
    "bordercolor": ("[bordercolor={}]", ("border-color",)),
}


class AttributeColors:
    """The colours that the attributes of one message name."""

    def __init__(self) -> None:
        self._seen: dict[tuple[str, str], None] = {}

    def add(self, name: str, color: str) -> None:
        """``color`` is as ``legacy_color`` gives it, and as it stands in the attribute."""
        if len(self._seen) < MAX_COLORS:
            self._seen[name, color] = None

    def css(self) -> str:
        """A rule for each: the same colour in the light scheme, another in the dark one."""
        rules = []
        for name, color in self._seen:
            selector, properties = _OF_ATTRIBUTE[name]
            quoted = f'"{color}"'
            told = ";".join(f"{one}:{both_schemes(one, color)}" for one in properties)
            rules.append(f":where({selector.format(quoted)}){{{told}}}")
        return "\n".join(rules)


def legacy_color(text: str) -> str | None:
    """The CSS colour that browsers read in such an attribute, whatever stands there (HTML Standard §2.3.6); None for
    none.

    >>> legacy_color("fff"), legacy_color("#FFF"), legacy_color("Navy")
    ('#0f0f0f', '#fff', 'navy')
    """
    text = text.strip(" \t\n\f\r").lower()
    if not text or text == "transparent":
        return None
    if _SHORT.match(text) or (_NAME.match(text) and _is_named(text)):
        return text
    digits = _NOT_HEX.sub("0", _BEYOND.sub("00", text)[:128].removeprefix("#")) or "0"
    length = -(-len(digits) // 3)
    digits = digits.ljust(length * 3, "0")
    parts = [digits[at : at + length][-8:] for at in range(0, length * 3, length)]
    while len(parts[0]) > 2 and all(part[0] == "0" for part in parts):
        parts = [part[1:] for part in parts]
    return "#" + "".join(part[:2].rjust(2, "0") for part in parts)


def _is_named(text: str) -> bool:
    return text != "currentcolor" and parse_color(text) is not None
