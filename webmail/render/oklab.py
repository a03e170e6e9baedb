"""CSS colours ↔ OKLab, whose lightness is what eyes see. Pure.

Björn Ottosson, "A perceptual color space for image processing" (2020); the other spaces, their curves and matrices are
those of CSS Color 4 §10 and its sample code.
"""

import math
from collections.abc import Callable
from typing import Any

Triple = tuple[float, float, float]
_Matrix = tuple[Triple, Triple, Triple]

_D50_TO_D65: _Matrix = (
    (0.9554734527042182, -0.023098536874261423, 0.0632593086610217),
    (-0.028369706963208136, 1.0099954580058226, 0.021041398966943008),
    (0.012314001688319899, -0.020507696433477912, 1.3303659366080753),
)
_XYZ_TO_LMS: _Matrix = (
    (0.819022437996703, 0.3619062600528904, -0.1288737815209879),
    (0.0329836539323885, 0.9292868615863434, 0.0361446663506424),
    (0.0481771893596242, 0.2642395317527308, 0.6335478284694309),
)
_LINEAR_TO_LMS: _Matrix = (
    (0.4122214708, 0.5363325363, 0.0514459929),
    (0.2119034982, 0.6806995451, 0.1073969566),
    (0.0883024619, 0.2817188376, 0.6299787005),
)


def _linear(gamma: float) -> float:
    return gamma / 12.92 if gamma <= 0.04045 else float(((gamma + 0.055) / 1.055) ** 2.4)


def _rec2020_linear(gamma: float) -> float:
    return (
        gamma / 4.5
        if gamma < 0.08124285829863151
        else float(((gamma + 0.09929682680944) / 1.09929682680944) ** (1 / 0.45))
    )


#: Spaces of red, green and blue beside sRGB: their curve, their matrix to XYZ, and whether that is of D50.
_SPACES: dict[str, tuple[Callable[[float], float], _Matrix, bool]] = {
    "display-p3": (
        _linear,
        (
            (0.4865709486482162, 0.26566769316909306, 0.1982172852343625),
            (0.2289745640697488, 0.6917385218365064, 0.079286914093745),
            (0.0, 0.04511338185890264, 1.043944368900976),
        ),
        False,
    ),
    "a98-rgb": (
        lambda gamma: float(gamma ** (563 / 256)),
        (
            (0.5766690429101305, 0.1855582379065463, 0.1882286462349947),
            (0.29734497525053605, 0.6273635662554661, 0.07529145849399788),
            (0.02703136138641234, 0.07068885253582723, 0.9913375368376388),
        ),
        False,
    ),
    "prophoto-rgb": (
        lambda gamma: gamma / 16 if gamma <= 16 / 512 else float(gamma**1.8),
        (
            (0.7977604896723027, 0.13518583717574031, 0.0313493495815248),
            (0.2880711282292934, 0.7118432178101014, 0.00008565396060525902),
            (0.0, 0.0, 0.8251046025104601),
        ),
        True,
    ),
    "rec2020": (
        _rec2020_linear,
        (
            (0.6369580483012914, 0.14461690358620832, 0.1688809751641721),
            (0.2627002120112671, 0.6779980715188708, 0.05930171646986196),
            (0.0, 0.028072693049087428, 1.060985057710791),
        ),
        False,
    ),
}


def oklab_of(color: Any) -> Triple:
    """Lightness (0…1), a and b of a colour as tinycss2 parses it, in whatever space; what is missing counts as 0."""
    space = color.space
    first, second, third = (one or 0.0 for one in color.coordinates)
    if space == "oklab":
        return first, second, third
    if space == "oklch":
        return first, second * math.cos(math.radians(third)), second * math.sin(math.radians(third))
    if space == "srgb-linear":
        return _of_lms(_times(_LINEAR_TO_LMS, _shown((first, second, third))))
    if space in _SPACES:
        curve, matrix, is_d50 = _SPACES[space]
        red, green, blue = map(curve, _shown((first, second, third)))
        return _of_xyz(_times(matrix, (red, green, blue)), is_d50)
    if space == "xyz-d65":
        return _of_xyz((first, second, third), False)
    if space in ("xyz-d50", "lab", "lch"):
        return _of_xyz(color.to("xyz-d50").coordinates, True)
    return oklab_of_srgb(*_shown(color.to("srgb").coordinates))  # srgb, hsl, hwb


def oklab_of_srgb(red: float, green: float, blue: float) -> Triple:
    """Of sRGB as it is written, each from 0 to 1."""
    return _of_lms(_times(_LINEAR_TO_LMS, (_linear(red), _linear(green), _linear(blue))))


def srgb_of(lightness: float, a: float, b: float) -> Triple:
    """The colour in sRGB, with no more of its chroma than a screen can show at this lightness."""
    kept, step = 1.0, 0.5
    if not _is_shown(_linear_of(lightness, a, b)):
        kept = 0.0
        while step > 1 / 256:
            if _is_shown(_linear_of(lightness, a * (kept + step), b * (kept + step))):
                kept += step
            step /= 2
    red, green, blue = _linear_of(lightness, a * kept, b * kept)
    return _gamma(red), _gamma(green), _gamma(blue)


def _shown(color: Any) -> Triple:
    red, green, blue = (min(1.0, max(0.0, one or 0.0)) for one in color)
    return red, green, blue


def _times(matrix: _Matrix, color: Triple) -> Triple:
    one, two, three = (sum(a * b for a, b in zip(row, color, strict=True)) for row in matrix)
    return one, two, three


def _of_xyz(color: Any, is_d50: bool) -> Triple:
    xyz = _times(_D50_TO_D65, tuple(color)) if is_d50 else tuple(color)
    return _of_lms(_times(_XYZ_TO_LMS, xyz))


def _of_lms(lms: Triple) -> Triple:
    long, middle, short = (math.copysign(abs(one) ** (1 / 3), one) for one in lms)
    return (
        0.2104542553 * long + 0.7936177850 * middle - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * middle + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * middle - 0.8086757660 * short,
    )


def _linear_of(lightness: float, a: float, b: float) -> Triple:
    """Linear sRGB, beyond 0…1 for what no screen shows."""
    long = (lightness + 0.3963377774 * a + 0.2158037573 * b) ** 3
    middle = (lightness - 0.1055613458 * a - 0.0638541728 * b) ** 3
    short = (lightness - 0.0894841775 * a - 1.2914855480 * b) ** 3
    return (
        4.0767416621 * long - 3.3077115913 * middle + 0.2309699292 * short,
        -1.2684380046 * long + 2.6097574011 * middle - 0.3413193965 * short,
        -0.0041960863 * long - 0.7034186147 * middle + 1.7076147010 * short,
    )


def _is_shown(linear: Triple) -> bool:
    return all(-1e-4 <= one <= 1 + 1e-4 for one in linear)


def _gamma(linear: float) -> float:
    linear = min(1.0, max(0.0, linear))
    return 12.92 * linear if linear <= 0.0031308 else float(1.055 * linear ** (1 / 2.4) - 0.055)
