"""The sender's colours for the dark scheme beside their own: ``#333`` → ``light-dark(#333,#d5d9de)``. Pure.

Which of the two shows is for ``color-scheme`` of the frame to say (CSS Color 5, light-dark()), so one cleaned body
serves both. Text becomes light and what is under it dark, each by itself and whatever it stands on or under: lightness
is turned round in OKLab, whose lightness is what eyes see (Björn Ottosson, "A perceptual color space for image
processing", 2020), and hue stays. Light text and dark grounds stay as they are, so a message made dark is not made
light, and any text is legible on any ground: ``tests/render/test_dark.py`` holds them to WCAG's 4.5.
"""

import functools
import re
from collections.abc import Iterator
from typing import Any, Literal

import tinycss2
from tinycss2.color4 import parse_color

Role = Literal["text", "ground", "line"]
_RGB = tuple[float, float, float]

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
_MAY_NAME = re.compile(r"#|rgb|hsl|hwb|[a-z]{3}", re.IGNORECASE)
#: Of these the arguments are colours, or lists that hold some; others are colours themselves, or hold none.
_GRADIENT = "gradient"


def both_schemes(name: str, value: str) -> str:
    """The value of an allowed declaration with each colour in it for both schemes, and a picture in it dimmed in the
    dark one, as text stands on it."""
    role = _ROLES.get(name) or ("line" if name.startswith(_LINES) else None)
    if role is None:
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
            if value.lower_name.endswith(_GRADIENT):
                yield from _colors(value.arguments)
            else:
                yield values, index


@functools.lru_cache(maxsize=4_096)
def dark_color(color: str, role: Role) -> str | None:
    """A CSS colour as the dark scheme has it; None where it stays, and for what is no colour of the sRGB kind."""
    parsed: Any = parse_color(color)  # what it has is not in its types
    if parsed is None or parsed == "currentcolor" or parsed.space not in ("srgb", "hsl", "hwb") or parsed.alpha == 0:
        return None
    red, green, blue = (min(1.0, max(0.0, one or 0.0)) for one in parsed.to("srgb").coordinates)
    darkened = _DARKENED[role](*_to_oklab(red, green, blue))
    return None if darkened is None else _written(_to_srgb(*darkened), parsed.alpha)


def _dark_text(lightness: float, a: float, b: float) -> _RGB | None:
    if lightness >= LIGHT_ENOUGH:
        return None
    share = (LIGHT_ENOUGH - lightness) / LIGHT_ENOUGH
    return _tinted(LIGHT_ENOUGH + share * (_OF_TEXT[0] - LIGHT_ENOUGH), a, b, share, _OF_TEXT)


def _dark_ground(lightness: float, a: float, b: float) -> _RGB | None:
    if lightness <= DARK_ENOUGH:
        return None
    share = ((lightness - DARK_ENOUGH) / (1 - DARK_ENOUGH)) ** 1.6  # what is nearly white is told from white
    return _tinted(DARK_ENOUGH - share * (DARK_ENOUGH - _OF_GROUND[0]), a, b, share, _OF_GROUND)


def _dark_line(lightness: float, a: float, b: float) -> _RGB | None:
    """Lines keep how much they stand out: a grey one on white stays faint."""
    darkest = _OF_GROUND[0]
    return _tinted(darkest + (1 - lightness) * (LIGHT_ENOUGH - darkest), a, b, lightness, _OF_GROUND)


def _tinted(lightness: float, a: float, b: float, share: float, ours: _RGB) -> _RGB:
    """Greys take ``share`` of the hue that the page around them has, so that white and black become its own."""
    share *= max(0.0, 1 - (a * a + b * b) ** 0.5 / 0.04)
    return lightness, a + share * ours[1], b + share * ours[2]


_DARKENED = {"text": _dark_text, "ground": _dark_ground, "line": _dark_line}


def _to_oklab(red: float, green: float, blue: float) -> _RGB:
    red, green, blue = _linear(red), _linear(green), _linear(blue)
    long = (0.4122214708 * red + 0.5363325363 * green + 0.0514459929 * blue) ** (1 / 3)
    middle = (0.2119034982 * red + 0.6806995451 * green + 0.1073969566 * blue) ** (1 / 3)
    short = (0.0883024619 * red + 0.2817188376 * green + 0.6299787005 * blue) ** (1 / 3)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _to_srgb(lightness: float, a: float, b: float) -> _RGB:
    """The colour, with no more of its chroma than a screen can show at this lightness."""
    kept, step = 1.0, 0.5
    if not _is_shown(_from_oklab(lightness, a, b)):
        kept = 0.0
        while step > 1 / 256:
            if _is_shown(_from_oklab(lightness, a * (kept + step), b * (kept + step))):
                kept += step
            step /= 2
    red, green, blue = _from_oklab(lightness, a * kept, b * kept)
    return _gamma(red), _gamma(green), _gamma(blue)


def _from_oklab(lightness: float, a: float, b: float) -> _RGB:
    """Linear sRGB, beyond 0…1 for what no screen shows."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _is_shown(linear: _RGB) -> bool:
    return all(-1e-4 <= one <= 1 + 1e-4 for one in linear)


def _linear(gamma: float) -> float:
    return gamma / 12.92 if gamma <= 0.04045 else float(((gamma + 0.055) / 1.055) ** 2.4)


def _gamma(linear: float) -> float:
    linear = min(1.0, max(0.0, linear))
    return 12.92 * linear if linear <= 0.0031308 else float(1.055 * linear ** (1 / 2.4) - 0.055)


def _written(color: _RGB, alpha: float) -> str:
    shown = (*color, alpha) if alpha < 1 else color
    return "#" + "".join(f"{round(one * 255):02x}" for one in shown)


_OF_GROUND, _OF_TEXT = _to_oklab(*GROUND), _to_oklab(*TEXT)
