"""Style sheets and scripts agree on what a phone is."""

import re
from pathlib import Path

STATIC = Path(__file__).resolve().parents[2] / "static"
PHONE = "(width < 48em), (width < 60em) and (height < 27em) and (pointer: coarse)"
#: Where there is room for more, a phone on its side being taken out again; and what it alone is given.
OTHERS = (
    "(48em <= width < 60em) and (height < 27em) and (pointer: coarse)",
    "(width >= 48em) and (not ((width < 60em) and (height < 27em) and (pointer: coarse)))",
    "(48em <= width < 73.75em) and (not ((width < 60em) and (height < 27em) and (pointer: coarse)))",
    "(hover: hover) and (width >= 48em)",
)


def test_every_query_for_a_phone_is_the_same() -> None:
    asked = {
        f"{file.name}: {query.strip()}"
        for file in [*STATIC.glob("css/*.css"), *STATIC.glob("js/**/*.js")]
        for query in re.findall(r"""(?:@media|matchMedia\(")([^{"]*\b48em\b[^{"]*)""", file.read_text(encoding="utf-8"))
    }
    assert f"phone.js: {PHONE}" in asked
    assert f"layout.css: {PHONE}" in asked
    assert {one for one in asked if one.partition(": ")[2] not in (PHONE, *OTHERS)} == set()
