"""Style sheets: which rules are kept, and that the quick cut finds the rules that tinycss2 finds."""

import contextlib
import re
import time
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.corpus import corpus_files
from webmail.render import cleaner, dark, policy, sheet
from webmail.render.css import PictureInCss, Sheet, escape_css
from webmail.render.guard import TooHard
from webmail.render.sheet import Rule, filter_sheet, split_any, split_plain


@pytest.mark.parametrize(
    ("sheet", "kept"),
    [
        ("p{width:9px}", "p{width:9px}"),
        ("#top .x>a:hover{width:9px}", "#m-top .x>a:hover{width:9px}"),
        ("p::before{content:'x';width:9px}", ""),
        ("p:before{width:9px}", ""),
        ("a:has(b){width:9px}", ""),
        ("p:not(#x){width:9px}", "p:not(#m-x){width:9px}"),
        ("@import url(http://evil.test/);p{width:9px}", "p{width:9px}"),
        ("@import 'http://evil.test/';", ""),
        ("@font-face{font-family:x;src:url(http://evil.test/)}", ""),
        ("@media (max-width:600px){p{width:9px}}", "@media (max-width:600px){p{width:9px}}"),
        ("@media (max-width:600px){@media screen{p{width:9px}}}", ""),
        ("@media screen{@import url(x);p{width:9px}}", "@media screen{p{width:9px}}"),
        ("@supports (width:9px){p{width:9px}}", ""),
        ("@charset 'utf-7';p{width:9px}", "p{width:9px}"),
        ("@namespace x url(http://evil.test/);", ""),
        ("@page{margin:0}", ""),
        ("@keyframes x{from{width:9px}}", ""),
        ("p{background:url(http://evil.test/) no-repeat center/cover;width:9px}", "p{width:9px}"),
        (
            "p{background:linear-gradient(#036,#036),url(http://evil.test/)}",
            "p{background:linear-gradient(#036,#036),none}",
        ),
        ("p{background-image:url(http://evil.test/);width:9px}", "p{width:9px}"),
        (
            ".a{width:9px;background:#036 url('http://evil.test/') no-repeat}",
            ".a{width:9px;background:#036 none no-repeat}",
        ),
        ("p{cursor:url(http://evil.test/);border-image:url(x);color:url(x)}", ""),
        ("p{background:u\\rl(http://evil.test/);width:9px}", "p{width:9px}"),
        ("p{width:9px;x:{}}", "p{width:9px}"),
        ("<!-- p{width:9px} -->", "p{width:9px}"),
        ("p[title='</style>']{width:9px}", 'p[title="\\3c /style>"]{width:9px}'),
        ("p[data-heron]{width:9px}", ""),
        ("a[href^='https://bank.test']{width:9px}", 'a[href^="https://bank.test"]{width:9px}'),
        ("p{width:9px", "p{width:9px}"),
        ("{}" * 5000, ""),
        ("(" * 100, ""),
    ],
)
def test_sheets(sheet: str, kept: str) -> None:
    assert filter_sheet(sheet).css == kept


def pictured(sheet: str) -> str:
    return filter_sheet(sheet, lambda url: "here").css.replace(f"{dark._VEIL},", "")


@pytest.mark.parametrize(
    ("sheet", "kept"),
    [
        (".a{background-image:url(http://shop.test/)}", ".a{background-image:here}"),
        (".a{background:#036 url('http://shop.test/') no-repeat}", ".a{background:#036 here no-repeat}"),
        (".a>.b,p{background:u\\rl(http://shop.test/)}", ".a>.b,p{background:here}"),
        ("p{cursor:url(http://evil.test/);border-image:url(x);color:url(x)}", ""),
        # What loads at times would tell of the reader's window, pointer or printer.
        (
            "@media (max-width:600px){.a{background-image:url(http://evil.test/);width:9px}}",
            "@media (max-width:600px){.a{width:9px}}",
        ),
        ("@media print{.a{background:#036 url(http://evil.test/)}}", "@media print{.a{background:#036 none}}"),
        *(
            (f"a:{now}{{background-image:url(http://evil.test/)}}", "")
            for now in ("hover", "ACTIVE", "focus", "visited", "link")
        ),
        ("details[ \\4fpen ] p{background-image:url(http://evil.test/)}", ""),
        ("p[class=open]{background-image:url(http://shop.test/)}", "p[class=open]{background-image:here}"),
        (".a:not(.b:h\\6f ver){background-image:url(http://evil.test/)}", ""),
        ("a:first-child{background-image:url(http://shop.test/)}", "a:first-child{background-image:here}"),
    ],
)
def test_pictures_of_a_sheet(sheet: str, kept: str) -> None:
    assert pictured(sheet) == kept


def test_a_sheet_that_forges_a_mark_is_left_out() -> None:
    assert pictured(".a{background-image:url(x);width:9px} .\\fdd0 1\\fdd1{width:9px}") == ""


@pytest.mark.parametrize(
    "css", ["p{width:%spx}", "p{width:%spx;background:url(x)}", "@media (width:%spx){p{width:1px}}"]
)
def test_a_number_beyond_all_numbers_costs_its_sheet_and_not_the_letter(css: str) -> None:
    body = cleaner.sanitize(
        f"<style>{css % ('1' * 5000)}</style><p style='width:{'1' * 5000}px;background:url(y)'>words"
    )
    assert "1111" not in body.sheet
    assert "words" in "".join(map(str, body.pieces))


def test_an_endless_name_of_a_rule_is_read_once() -> None:
    began = time.process_time()
    assert filter_sheet("@" + "a" * 200_000) == Sheet("", False)
    assert time.process_time() - began < 5.0


def test_a_sheet_has_a_budget() -> None:
    kept = filter_sheet("p{width:9px}" * 6_000).css
    assert kept.count("{") == 4_000
    assert filter_sheet("p{width:9px}" * 60_000).css == ""


def _rules(rules: Iterable[Rule]) -> str:
    return escape_css(sheet._RuleFilter(policy.ID_PREFIX).filter(rules).css)


#: Pieces of sheets, hostile ones among them, that join to plain and to twisted sheets alike.
_PIECES = [
    *re.findall(
        r"\S+",
        r"""p .x #top a:hover *>td h1+h2 , :not(.a) [class~='x'] a[href^="b"] u+a ::before :link 5 | é < & -- -a
        @media @import @font-face @supports(a:b) @media-x screen (max-width:600px) only and { } {} ; :
        /*c*/ /*{*/ /* */ ( ) [ ] ' " 'x' "{" url( url(x) url('x)') url(a'b) url(/*) \ \7d <!-- --> !important
        width:9px color: red; font-family:'A B',c; background:url(x); width:calc(1px+(2px)) position:fixed
        p{width:9px} @media(width){p{color:blue}}""",
    ),
    *(" ", "\n", "\t", "\r\n", "\x0c", "\0"),
]
SHEETS = st.lists(st.one_of(st.sampled_from(_PIECES), st.just(" ")), max_size=30).map("".join)


@settings(max_examples=400)
@given(SHEETS)
def test_a_quick_cut_is_what_tinycss2_would_cut(source: str) -> None:
    rules = split_plain(source)
    if rules is not None:
        assert _rules(rules) == _rules(split_any(source))


@pytest.mark.parametrize(
    "source",
    [
        "p{width:9px",
        "p{width:9px}}",
        "p{a:url(x'y)}",
        "p{a:url(/*)}",
        "p{a:'x\n'}",
        "p\\{width:9px}",
        "p;q{width:9px}",
        "@media screen{p{width:9px}",
        "p{q{width:9px}}",
        "p{width:9px}</",
        "p{a:(((1)))}",
        "p{/*}",
    ],
)
def test_what_is_not_plain_is_left_to_tinycss2(source: str) -> None:
    assert split_plain(source) is None


def test_real_sheets_are_plain_and_cut_alike(monkeypatch: pytest.MonkeyPatch) -> None:
    sources: list[str] = []

    def noted(source: str, picture: PictureInCss) -> Sheet:
        sources.append(source)
        return filter_sheet(source, picture)

    monkeypatch.setattr(cleaner, "filter_sheet", noted)
    for file in corpus_files("html", ".html"):
        with contextlib.suppress(TooHard):
            cleaner.sanitize(file.read_text(errors="replace"))
    plain = 0
    for source in sources:
        source = source.replace("<!--", " ").replace("-->", " ")
        if (rules := split_plain(source)) is not None:
            plain += 1
            assert _rules(rules) == _rules(split_any(source))
    assert plain >= 0.95 * len(sources) > 0
