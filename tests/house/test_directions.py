"""Style sheets and scripts say start and end, not left and right, so that every screen can be turned round."""

import re
from pathlib import Path

import pytest

from webmail.icons import ICONS

CSS = Path(__file__).resolve().parents[2] / "static" / "css"
SHEETS = sorted(CSS.glob("*.css"))
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
#: Properties and values that name a side of the screen instead of one of the line.
_SIDES = re.compile(
    r"(?<![-\w.])(?:(?:margin|padding|border|scroll-margin|scroll-padding)-(?:left|right)(?:-\w+)?|left|right)\s*:"
    r"|border-(?:top|bottom)-(?:left|right)-radius"
    r"|(?:text-align|float|clear)\s*:\s*(?:left|right)\b"
)
#: ``top right bottom left``, of which right and left differ.
_FOUR = re.compile(r"(?<![-\w])(?:margin|padding|inset)\s*:\s*([^;}]+)")


def _sides(css: str) -> list[str]:
    css = _COMMENT.sub("", css)
    four = [
        found[0] for found in _FOUR.finditer(css) if len(values := _values(found[1])) == 4 and values[1] != values[3]
    ]
    return [found[0] for found in _SIDES.finditer(css)] + four


def _values(text: str) -> list[str]:
    """The values of a shorthand; spaces within brackets divide nothing."""
    return re.findall(r"(?:[^\s()]|\((?:[^()]|\([^()]*\))*\))+", text)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_no_sheet_names_a_side_of_the_screen(sheet: Path) -> None:
    assert _sides(sheet.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "rule",
    [
        "a { margin-left: 4px; }",
        "a { border-right-width: 0 }",
        "a{left:0}",
        "a { text-align: right; }",
        "a { border-top-left-radius: 3px; }",
        "a { padding: 0 4px 0 calc(2px + 1px); }",
        "a { inset: auto auto 20px 50%; }",
    ],
)
def test_a_side_is_noticed(rule: str) -> None:
    assert _sides(rule)


@pytest.mark.parametrize(
    "rule",
    [
        "a { padding: 0 4px; margin-inline-start: 4px; }",
        "a { inset: 0 4px auto 4px; } /* left: here */",
        ".left:hover {}",
    ],
)
def test_what_names_none_passes(rule: str) -> None:
    assert _sides(rule) == []


def test_every_drawing_that_is_turned_round_is_one_of_ours() -> None:
    turned = re.findall(r'\[href\$="#i-([\w-]+)"\]', (CSS / "base.css").read_text(encoding="utf-8"))
    assert len(turned) > 15
    assert set(turned) <= set(ICONS)
    pointing = [name for name in ICONS if re.search(r"(?:arrow|chevron|move)-(?:left|right)$|^(?:reply|forward)", name)]
    assert set(pointing) <= set(turned)
