"""A sender's colours in the dark scheme: every text legible on every ground, and a dark design left as it is."""

import random
import re
from typing import get_args

import pytest

from webmail.render.cleaner import sanitize
from webmail.render.dark import Role, both_schemes, dark_color
from webmail.render.document import html_document, theme_css
from webmail.render.legacy_colors import legacy_color

#: WCAG 2.2, 1.4.3.
LEGIBLE = 4.5


def luminance(color: str) -> float:
    """WCAG's relative luminance of ``#rrggbb``."""
    parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def dark(color: str, role: Role) -> str:
    return dark_color(color, role) or color


def test_any_text_is_legible_on_any_ground() -> None:
    chance = random.Random(20)
    colors = [f"#{chance.randrange(1 << 24):06x}" for _ in range(4_000)]
    corners = [f"#{r}{g}{b}" for r in ("00", "80", "ff") for g in ("00", "80", "ff") for b in ("00", "80", "ff")]
    texts = {one: dark(one, "text") for one in colors + corners}
    grounds = {one: dark(one, "ground") for one in colors + corners}
    least_light = min(texts.values(), key=luminance)
    lightest = max(grounds.values(), key=luminance)
    # The palest text on the lightest ground is the worst of all pairs.
    assert contrast(least_light, lightest) >= LEGIBLE, (least_light, lightest)


@pytest.mark.parametrize("color", ["#fff", "#f1f3f4", "gold", "#d0d7de"])
def test_light_text_stays(color: str) -> None:
    assert dark_color(color, "text") is None


@pytest.mark.parametrize("color", ["#000", "#1b1b1b", "#0d1117", "navy", "#24292f"])
def test_dark_grounds_stay(color: str) -> None:
    assert dark_color(color, "ground") is None


def test_white_becomes_the_page_around_it() -> None:
    assert dark_color("#fff", "ground") == dark_color("white", "ground") == "#131b26"
    assert "html{background:#131b26;" in theme_css("dark", True)


def test_greys_keep_their_order_and_colours_their_hue() -> None:
    grounds = [luminance(dark(f"#{level:02x}{level:02x}{level:02x}", "ground")) for level in range(0x90, 0x100)]
    assert grounds == sorted(grounds, reverse=True)
    assert dark("#f4f4f4", "ground") != dark("#fff", "ground")
    red = dark("#b00020", "text")
    assert int(red[1:3], 16) > int(red[3:5], 16) + 60, red
    assert int(red[1:3], 16) > int(red[5:7], 16) + 40, red


@pytest.mark.parametrize(
    ("name", "value", "both"),
    [
        ("color", "#333", "light-dark(#333,#d5d9de)"),
        ("color", "inherit", "inherit"),
        ("color", "currentColor", "currentColor"),
        ("color", "var", "var"),
        ("color", "333333", "light-dark(#333333,#d5d9de)"),
        ("background-color", "transparent", "transparent"),
        ("background", "#fff", "light-dark(#fff,#131b26)"),
        ("background", "none", "none"),
        ("border-collapse", "collapse", "collapse"),
        ("border-radius", "4px", "4px"),
        ("border", "0", "0"),
        ("width", "100px", "100px"),
        ("box-shadow", "0 0 2px #000", "0 0 2px #000"),
        ("color", "light-dark(#111,#eee)", "light-dark(#111,#eee)"),
        ("color", "light-dark(blue, green)", "light-dark(blue, light-dark(green,#81e87a))"),
        ("background", "light-dark(#fff,lime)", "light-dark(#fff,light-dark(lime,#003000))"),
        ("color", "color-mix(in srgb, black 50%, white)", "color-mix(in srgb, light-dark(black,#e8eef7) 50%, white)"),
    ],
)
def test_a_declaration(name: str, value: str, both: str) -> None:
    assert both_schemes(name, value) == both


@pytest.mark.parametrize(
    "white",
    [
        "lab(100 0 0)",
        "lch(100% 0 0)",
        "oklab(1 0 0)",
        "oklch(100% 0 none)",
        "color(srgb 1 1 1)",
        "color(srgb-linear 1 1 1)",
        "color(display-p3 1 1 1)",
        "color(a98-rgb 1 1 1)",
        "color(prophoto-rgb 1 1 1)",
        "color(rec2020 1 1 1)",
        "color(xyz 0.95046 1 1.08906)",
        "color(xyz-d50 0.9643 1 0.8251)",
    ],
)
def test_white_is_white_in_any_space(white: str) -> None:
    assert contrast(dark(white, "ground"), "#131b26") < 1.01
    assert dark_color(white, "text") is None


@pytest.mark.parametrize(
    ("color", "same"),
    [
        ("oklch(0.62796 0.25768 29.234)", "#ff0000"),
        ("oklab(0.45201 -0.03246 -0.31153)", "#0000ff"),
        ("lab(54.29 80.80 69.89)", "#ff0000"),
        ("lch(29.57% 131.2 301.36)", "#0000ff"),
        ("color(display-p3 0.9175 0.2003 0.1386)", "#ff0000"),
        ("color(xyz 0.41239 0.21264 0.01933)", "#ff0000"),
    ],
)
def test_other_spaces_name_the_same_colours(color: str, same: str) -> None:
    for role in get_args(Role):
        one, other = dark(color, role), dark(same, role)
        assert max(abs(int(one[at : at + 2], 16) - int(other[at : at + 2], 16)) for at in (1, 3, 5)) <= 4, (role, one)


def test_each_colour_of_a_value_has_its_dark_one() -> None:
    gradient = both_schemes("background", "linear-gradient(90deg, #fff, rgb(200 10 10) 40%) no-repeat #eee")
    assert gradient.count("light-dark(") == 3
    assert gradient.startswith("linear-gradient(90deg, light-dark(#fff,#131b26), light-dark(rgb(200 10 10),#")
    assert re.fullmatch(r"1px solid light-dark\(#ddd,#[0-9a-f]{6}\)", both_schemes("border-top", "1px solid #ddd"))
    assert both_schemes("color", "rgba(0,0,0,.5)").endswith("80)"), "as much of it shows through"


def test_a_message_carries_both() -> None:
    body = sanitize(
        '<body bgcolor="f6f6f6" text=#222 link=navy><style>p{color:#111}</style>'
        '<table bgcolor="#FFFFFF"><tr><td bgcolor=whitesmoke style="border:1px solid #ccc"><font color=black>x</font>'
    )
    # Not by its hash alone is an attribute read, nor as CSS would read it.
    assert ":where(body){background-color:light-dark(#f6f6f6,#" in body.sheet
    assert ":where(a:link){color:light-dark(navy,#" in body.sheet
    assert ':where([bgcolor="#ffffff"]){background-color:light-dark(#ffffff,#131b26)}' in body.sheet
    assert ':where([bgcolor="whitesmoke"]){background-color:light-dark(whitesmoke,#' in body.sheet
    assert ':where([color="black"]){color:light-dark(black,#' in body.sheet
    # What an attribute says weighs less than the sender's sheet.
    assert body.sheet.index("[bgcolor=") < body.sheet.index("p{color:light-dark(#111,#")
    assert 'style="border:1px solid light-dark(#ccc,#' in body.fill()


def test_a_picture_under_text_is_dimmed_in_the_dark() -> None:
    veil = r"light-dark\(transparent,#\w{8}\)"
    for source in (
        "<table><td background=cid:a>x",
        "<p style='background:url(cid:a) no-repeat #fff'>x",
        "<body background=cid:a>",
    ):
        shown = html_document(sanitize(source), picture_url=lambda slot: "/picture")
        assert re.search(rf"linear-gradient\({veil},{veil}\),url\(/picture\)", shown), source


def test_lines_that_are_made_for_the_dark_stay() -> None:
    rule = ".a{border-top-color:#eee;background:#222;color:#111}"
    sheet = sanitize(f"<style>{rule}@media (prefers-color-scheme: dark){{{rule}}}</style><p class=a>x").sheet
    light, dark_one = sheet.split("@media")
    assert "border-top-color:light-dark(#eee,#" in light
    assert "{border-top-color:#eee;background:#222;color:light-dark(#111,#" in dark_one


def test_the_scheme_is_not_the_senders_to_choose() -> None:
    body = sanitize('<style>:root{color-scheme:light only;color:red}</style><p style="color-scheme:light">x')
    assert "color-scheme" not in body.sheet + body.fill()


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("#fff", "#fff"),
        ("FFFFFF", "#ffffff"),
        ("fff", "#0f0f0f"),
        ("Navy", "navy"),
        ("transparent", None),
        ("", None),
        ("red;x", "#0ed000"),
        ("#ffff", "#ffff00"),
        ("chucknorris", "#c00000"),
        ("windowtext", "#0d0e00"),
        ('3D"#0000FF"', "#3d00ff"),
        ("#12345678", "#124578"),
        ("\N{RAINBOW}a", "#00000a"),
    ],
)
def test_attributes_are_read_as_browsers_read_them(written: str, read: str | None) -> None:
    assert legacy_color(written) == read


def test_paper_and_the_light_theme_have_the_senders_colours() -> None:
    assert "color-scheme:dark" not in theme_css("light", True)
    assert "@media screen{:root{color-scheme:dark}" in theme_css("dark", True)
    assert "@media screen and (prefers-color-scheme:dark){:root{color-scheme:dark}" in theme_css("auto", True)
