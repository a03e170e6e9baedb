"""The sender's colours for the dark scheme beside their own: ``#333`` → ``light-dark(#333,#d5d9de)``. Pure.

Which of the two shows is for ``color-scheme`` of the frame to say (CSS Color 5, light-dark()), so one cleaned body
serves both. Text becomes light and what is under it dark, each by itself and whatever it stands on or under: lightness
is turned round in OKLab (``oklab.py``), and hue stays. Light text and dark grounds stay as they are, so a message made
dark is not made light, and any text is legible on any ground: ``tests/render/test_dark.py`` holds them to WCAG's 4.5.
"""

import functools
import re
from collections.abc import Iterator
from typing import Any, Literal

import tinycss2
from tinycss2.color4 import parse_color

from webmail.render.oklab import Triple, oklab_of, oklab_of_srgb, srgb_of

Role = Literal["text", "ground", "line"]

#: What a white ground becomes: that of the page around the frame.
GROUND = (0x13 / 255, 0x1B / 255, 0x26 / 255)
#: What black text becomes.
TEXT = (0xE8 / 255, 0xEE / 255, 0xF7 / 255)
#: In OKLab: text is at least as light as this, a ground at most as light as that.
LIGHT_ENOUGH, DARK_ENOUGH = 0.79, 0.375
#: Laid over a picture that stands under text, which is light in the dark scheme.
_VEIL = "linear-gradient(light-dark(transparent,#0d121ab3),light-dark(transparent,#0d121ab3))"

_ROLES: dict[str, Role] = {
    **dict.fromkeys(("color", "text-decoration", "text-decoration-color", "text-emphasis"), "text"),
    **dict.fromkeys(("background", "background-color", "background-image", "text-shadow"), "ground"),
}
_LINES = ("border", "outline", "column-rule")
#: Of these a colour is read without its # in quirks mode, too (Quirks Mode Standard, "the hashless hex color quirk").
_HASHLESS = frozenset({"color", "background-color"})
_HEX = re.compile(r"(?:[0-9a-f]{3}){1,2}\Z", re.IGNORECASE)
_PICTURED = frozenset({"background", "background-image"})
#: As ``pictures.py`` writes one: a mark (body.py), or the url() of its bytes.
_PICTURE = re.compile(r"\ufdd0|url\(")
#: A value without any of these names no colour: most do not.
_MAY_NAME = re.compile(r"#|[a-z]{3}", re.IGNORECASE)
#: Of these the arguments are colours, or lists that hold some; others are colours themselves, or hold none.
_OF_COLORS = ("gradient", "color-mix")


def both_schemes(name: str, value: str, of_dark: bool = False) -> str:
    """The value of an allowed declaration with each colour in it for both schemes, and a picture in it dimmed in the
    dark one, as text stands on it. ``of_dark`` are those that the sender chose for the dark scheme: of these light
    text and dark grounds stay, as ever, and lines as well."""
    role = _ROLES.get(name) or ("line" if name.startswith(_LINES) else None)
    if role is None or (of_dark and role == "line"):
        return value
    if name in _HASHLESS and _HEX.match(value):
        value = f"#{value}"  # browsers read it so in quirks mode
    if _MAY_NAME.search(value):
        value = _both(role, value)
    return f"{_VEIL},{value}" if name in _PICTURED and _PICTURE.search(value) else value


@functools.lru_cache(maxsize=4_096)
def _both(role: Role, value: str) -> str:
    values = tinycss2.parse_component_value_list(value)
    changed = False
    for holder, index in _colors(values):
        written = tinycss2.serialize([holder[index]])
        dark = dark_color(written, role)
        if dark is not None:
            holder[index] = tinycss2.parse_one_component_value(f"light-dark({written},{dark})")
            changed = True
    return str(tinycss2.serialize(values)) if changed else value


def _colors(values: list[Any]) -> Iterator[tuple[list[Any], int]]:
    """Each place in a value where a colour may stand."""
    for index, value in enumerate(values):
        if value.type in ("hash", "ident"):
            yield values, index
        elif value.type == "function":
            if value.lower_name.endswith(_OF_COLORS):
                yield from _colors(value.arguments)
            elif value.lower_name == "light-dark":
                # The sender's own dark colour may stand with one of ours.
                yield from list(_colors(value.arguments))[1:]
            else:
                yield values, index


@functools.lru_cache(maxsize=4_096)
def dark_color(color: str, role: Role) -> str | None:
    """A CSS colour as the dark scheme has it; None where it stays, and for what is no colour."""
    parsed: Any = parse_color(color)  # what it has is not in its types
    if parsed is None or parsed == "currentcolor" or parsed.alpha == 0:
        return None
    darkened = _DARKENED[role](*oklab_of(parsed))
    return None if darkened is None else _written(srgb_of(*darkened), parsed.alpha)


def _dark_text(lightness: float, a: float, b: float) -> Triple | None:
    if lightness >= LIGHT_ENOUGH:
        return None
    share = (LIGHT_ENOUGH - lightness) / LIGHT_ENOUGH
    return _tinted(LIGHT_ENOUGH + share * (_OF_TEXT[0] - LIGHT_ENOUGH), a, b, share, _OF_TEXT)


def _dark_ground(lightness: float, a: float, b: float) -> Triple | None:
    if lightness <= DARK_ENOUGH:
        return None
    share = ((lightness - DARK_ENOUGH) / (1 - DARK_ENOUGH)) ** 1.6  # what is nearly white is told from white
    return _tinted(DARK_ENOUGH - share * (DARK_ENOUGH - _OF_GROUND[0]), a, b, share, _OF_GROUND)


def _dark_line(lightness: float, a: float, b: float) -> Triple | None:
    """Lines keep how much they stand out: a grey one on white stays faint."""
    darkest = _OF_GROUND[0]
    return _tinted(darkest + (1 - lightness) * (LIGHT_ENOUGH - darkest), a, b, lightness, _OF_GROUND)


def _tinted(lightness: float, a: float, b: float, share: float, ours: Triple) -> Triple:
    """Greys take ``share`` of the hue that the page around them has, so that white and black become its own."""
    share *= max(0.0, 1 - (a * a + b * b) ** 0.5 / 0.04)
    return lightness, a + share * ours[1], b + share * ours[2]


_DARKENED = {"text": _dark_text, "ground": _dark_ground, "line": _dark_line}


def _written(color: Triple, alpha: float) -> str:
    shown = (*color, alpha) if alpha < 1 else color
    return "#" + "".join(f"{round(one * 255):02x}" for one in shown)


_OF_GROUND, _OF_TEXT = oklab_of_srgb(*GROUND), oklab_of_srgb(*TEXT)
