"""The colours of tokens.css, measured: text 4.5:1 and controls 3:1 on every background, in both themes.

WCAG 2.2 SC 1.4.3 and 1.4.11; relative luminance as WCAG defines it, OKLCH as CSS Color 4 §10.
"""

import math
import re
from pathlib import Path

import pytest
from django.conf import settings

TOKENS = Path(settings.BASE_DIR, "static/css/tokens.css").read_text(encoding="utf-8")
PAIR = re.compile(r"--([a-z0-9-]+): light-dark\(((?:[^()]|\([^()]*\))*?), ((?:[^()]|\([^()]*\))*)\);")
ACCENTS = {"lagoon": 205, "fir": 150, "ember": 45, "rose": 350, "iris": 290}
HUES = (15, 45, 75, 115, 150, 175, 205, 235, 260, 290, 325, 350)
BACKGROUNDS = ("surface", "sunken", "raised", "hover", "selected", "canvas")

Linear = tuple[float, float, float]


def _srgb(hexadecimal: str) -> Linear:
    channels = [int(hexadecimal[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return r, g, b


def _oklch(lightness: float, chroma: float, hue: float) -> Linear:
    a, b = chroma * math.cos(math.radians(hue)), chroma * math.sin(math.radians(hue))
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    medium = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    red = 4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short
    green = -1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short
    blue = -0.0041960863 * long - 0.7034186147 * medium + 1.7076147010 * short
    return min(max(red, 0.0), 1.0), min(max(green, 0.0), 1.0), min(max(blue, 0.0), 1.0)


def _colour(text: str, hue: float) -> Linear:
    if text.startswith("#"):
        return _srgb(text)
    lightness, chroma = re.match(r"oklch\(([\d.]+) ([\d.]+) var", text).groups()  # type: ignore[union-attr]
    return _oklch(float(lightness), float(chroma), hue)


def _luminance(colour: Linear) -> float:
    return 0.2126 * colour[0] + 0.7152 * colour[1] + 0.0722 * colour[2]


def contrast(one: Linear, other: Linear) -> float:
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def _tokens(accent: str, theme: int) -> dict[str, Linear]:
    """The tokens of a theme (0 light, 1 dark) by name; an accent's own block comes last and wins."""
    default, _mark, accents = TOKENS.partition("/* Accents")
    found = dict(_read(default, theme, 0))
    if accent != "blue":
        found |= dict(_read(accents, theme, ACCENTS[accent]))
    return found


def _read(text: str, theme: int, hue: float) -> list[tuple[str, Linear]]:
    pairs = [(name, (light, dark)[theme]) for name, light, dark in PAIR.findall(text)]
    opaque = [(name, value) for name, value in pairs if not value.startswith("#") or len(value) == 7]
    return [(name, _colour(value, hue)) for name, value in opaque]


def test_the_measure_itself() -> None:
    assert contrast(_srgb("#000000"), _srgb("#ffffff")) == pytest.approx(21)
    assert contrast(_srgb("#777777"), _srgb("#ffffff")) == pytest.approx(4.48, abs=0.01)
    assert _oklch(1, 0, 0) == pytest.approx((1, 1, 1), abs=1e-3)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("accent", ["blue", *ACCENTS])
def test_text_and_controls_stand_out(accent: str, theme: int) -> None:
    tokens = _tokens(accent, theme)
    wanted = [(ink, ground, 4.5) for ink in ("text", "muted", "faint", "accent-text") for ground in BACKGROUNDS]
    wanted += [("on-accent", ground, 4.5) for ground in ("accent", "accent-hover")]
    wanted += [(ink, f"{ink}-soft", 4.5) for ink in ("danger", "warn", "ok")]
    wanted += [("on-danger", "danger", 4.5), ("on-toast", "toast", 4.5), ("on-toast-link", "toast", 4.5)]
    wanted += [("control", ground, 3.0) for ground in ("surface", "raised")]
    wanted += [("accent", ground, 3.0) for ground in BACKGROUNDS]
    weak = [
        f"{ink} on {ground}: {ratio:.2f} < {floor}"
        for ink, ground, floor in wanted
        if (ratio := contrast(tokens[ink], tokens[ground])) < floor
    ]
    assert weak == []


@pytest.mark.parametrize("hue", HUES)
def test_avatars_and_chips_can_be_read(hue: int) -> None:
    css = Path(settings.BASE_DIR, "static/css/components.css").read_text(encoding="utf-8")
    for block in (".av {", ".chip {"):
        body = css[css.index(block) :].partition("}")[0]
        shades = re.findall(r"oklch\(([\d.]+) ([\d.]+) var", body)
        ground_light, ground_dark, ink_light, ink_dark = (
            _oklch(float(lightness), float(chroma), hue) for lightness, chroma in shades
        )
        assert contrast(ink_light, ground_light) >= 4.5
        assert contrast(ink_dark, ground_dark) >= 4.5
